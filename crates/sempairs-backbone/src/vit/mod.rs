//! Vision transformers under timm's and DINO's names.

mod attention;
mod block;
mod drop_path;
mod layer_norm;
mod patch;
mod position;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

pub use attention::Attention;
pub use block::{Mlp, TransformerBlock};
pub use drop_path::DropPath;
pub use layer_norm::LayerNorm;
pub use patch::{PatchEmbed, PatchProjection};
pub use position::resample_positions;

use crate::Backbone;
use crate::seed::{Rule, seed_by};

/// A vision transformer spelt out (Dosovitskiy et al., arXiv 2010.11929; the small sizes are DeiT's,
/// arXiv 2012.12877).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisionTransformerConfig {
    /// Pixels along a side of a patch.
    pub patch: usize,
    /// Pixels along a side of the pictures that the position embedding is laid out for; others are served
    /// by resampling it.
    pub size: usize,
    /// Values of a token, the features of a picture.
    pub dim: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads of a block; a divisor of `dim`.
    pub heads: usize,
    /// Stochastic depth: see [`VisionTransformer::forward_dropping`](Backbone::forward_dropping).
    #[serde(default)]
    pub drop_path: DropPath,
}

impl VisionTransformerConfig {
    /// ViT-Ti: 192 features, 12 blocks of 3 heads (arXiv 2012.12877, table 1).
    pub fn tiny(patch: usize, size: usize) -> Self {
        Self { patch, size, dim: 192, depth: 12, heads: 3, drop_path: DropPath::default() }
    }

    /// ViT-S: 384 features, 12 blocks of 6 heads (arXiv 2012.12877, table 1).
    pub fn small(patch: usize, size: usize) -> Self {
        Self { dim: 384, heads: 6, ..Self::tiny(patch, size) }
    }

    /// ViT-B: 768 features, 12 blocks of 12 heads (arXiv 2010.11929, table 1).
    pub fn base(patch: usize, size: usize) -> Self {
        Self { dim: 768, heads: 12, ..Self::tiny(patch, size) }
    }

    /// The network with weights that depend on `seed` alone, drawn as in DINO: tokens, positions and linear
    /// weights from N(0, 0.02²), biases zero, the patches' projection as `torch.nn.Conv2d`'s default.
    ///
    /// # Panics
    ///
    /// If a value is zero, the patch does not divide the size or the heads do not divide the features.
    pub fn init_seeded(&self, device: &Device, seed: u64) -> VisionTransformer {
        seed_by(Rule::Transformer, self.init(device), seed)
    }

    /// The network with Burn's lazy initial weights; see [`init_seeded`](Self::init_seeded).
    ///
    /// # Panics
    ///
    /// As [`init_seeded`](Self::init_seeded).
    pub fn init(&self, device: &Device) -> VisionTransformer {
        let Self { patch, size, dim, depth, heads, drop_path } = *self;
        assert!(
            patch > 0 && size >= patch && size.is_multiple_of(patch) && depth > 0,
            "a patch divides the size, and there is a block: {self:?}"
        );
        assert!(
            heads > 0 && dim.is_multiple_of(heads) && dim > 0,
            "heads share the features: {self:?}"
        );
        let zeros = |tokens| {
            let data = TensorData::zeros::<f32, _>([1, tokens, dim]);
            Param::from_tensor(Tensor::from_data(data, device))
        };
        VisionTransformer {
            cls_token: zeros(1),
            pos_embed: zeros(1 + (size / patch).pow(2)),
            patch_embed: PatchEmbed::new(patch, dim, device),
            blocks: (0..depth).map(|_| TransformerBlock::new(dim, heads, device)).collect(),
            norm: LayerNorm::new(dim, device),
            dim,
            drop_path,
        }
    }
}

/// A vision transformer without its classifier; the class token behind the last norm is the picture's
/// features.
///
/// Its parameters bear timm's and DINO's names: `cls_token`, `pos_embed`, `patch_embed.proj.weight`,
/// `blocks.0.attn.qkv.weight`, `blocks.0.mlp.fc1.bias`, `norm.weight`.
#[derive(Module, Debug)]
pub struct VisionTransformer {
    cls_token: Param<Tensor<3>>,
    pos_embed: Param<Tensor<3>>,
    patch_embed: PatchEmbed,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    dim: usize,
    #[module(skip)]
    drop_path: DropPath,
}

impl VisionTransformer {
    /// Blocks.
    pub fn depth(&self) -> usize {
        self.blocks.len()
    }

    /// Pixels along a side of a patch.
    pub fn patch(&self) -> usize {
        self.patch_embed.proj.patch()
    }

    /// The blocks, first to last.
    pub fn blocks_mut(&mut self) -> &mut [TransformerBlock] {
        &mut self.blocks
    }

    /// All tokens behind the last norm: the class token, then the patches row by row.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, 1 + height / patch * width / patch, features]`
    ///
    /// # Panics
    ///
    /// If the patch does not divide height and width.
    pub fn tokens(&self, images: Tensor<4>) -> Tensor<3> {
        let dtype = images.dtype();
        let x = self.embed(images);
        self.norm.forward(self.blocks.iter().fold(x, |x, block| block.forward(x, dtype)))
    }

    /// The class tokens of the last blocks, each behind the last norm, side by side, the last block's at the
    /// end: what DINO's linear probe sees (arXiv 2104.14294, appendix F.2; four blocks for ViT-S).
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, blocks * features]`
    ///
    /// # Panics
    ///
    /// If there are fewer blocks, or as [`tokens`](Self::tokens).
    pub fn class_tokens(&self, images: Tensor<4>, blocks: usize) -> Tensor<2> {
        let depth = self.blocks.len();
        assert!((1..=depth).contains(&blocks), "1 to {depth} blocks, not {blocks}");
        let dtype = images.dtype();
        let mut x = self.embed(images);
        let mut found = Vec::with_capacity(blocks);
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, dtype);
            if index + blocks >= depth {
                found.push(first_token(self.norm.forward(x.clone())));
            }
        }
        Tensor::cat(found, 1)
    }

    /// How much each head of the last block's class token attends to each patch, row by row; with what it
    /// attends to itself, these sum to one.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, heads, height / patch, width / patch]`
    ///
    /// # Panics
    ///
    /// As [`tokens`](Self::tokens).
    pub fn last_attention(&self, images: Tensor<4>) -> Tensor<4> {
        let [batch, _, height, width] = images.dims();
        let patch = self.patch_embed.proj.patch();
        let (last, before) = self.blocks.split_last().expect("a network has a block");
        let dtype = images.dtype();
        let x = before.iter().fold(self.embed(images), |x, block| block.forward(x, dtype));
        let weights = last.attention(x, dtype); // [batch, heads, tokens, tokens]
        let [_, heads, tokens, _] = weights.dims();
        weights.narrow(2, 0, 1).narrow(3, 1, tokens - 1).reshape([
            batch,
            heads,
            height / patch,
            width / patch,
        ])
    }

    /// The tokens that enter the first block.
    fn embed(&self, images: Tensor<4>) -> Tensor<3> {
        let [batch, _, height, width] = images.dims();
        let patch = self.patch_embed.proj.patch();
        // Tokens keep the weights' type: what is added to them block by block is small.
        let patches = self.patch_embed.forward(images).cast(self.cls_token.val().dtype());
        let token = self.cls_token.val().expand([batch, 1, self.dim]);
        let grid = [height / patch, width / patch];
        Tensor::cat(vec![token, patches], 1) + resample_positions(self.pos_embed.val(), grid)
    }
}

impl Backbone for VisionTransformer {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let dtype = images.dtype();
        let x = self.embed(images);
        self.class_token(self.blocks.iter().fold(x, |x, block| block.forward(x, dtype)))
    }

    /// Stochastic depth, see [`DropPath`].
    fn forward_dropping(&self, images: Tensor<4>, draw: u64) -> Tensor<2> {
        if self.drop_path.is_off() {
            return self.forward(images);
        }
        let dtype = images.dtype();
        let mut x = self.embed(images);
        for (index, block) in self.blocks.iter().enumerate() {
            let mut kept = self.drop_path.of_block(index, self.blocks.len(), draw);
            x = block.forward_scaled(x, dtype, |branch| kept.scale(branch));
        }
        self.class_token(x)
    }

    fn features(&self) -> usize {
        self.dim
    }

    fn transformer(&self) -> Option<&VisionTransformer> {
        Some(self)
    }
}

impl VisionTransformer {
    /// The class token of the last block's tokens behind the last norm, which acts on each token alone.
    fn class_token(&self, x: Tensor<3>) -> Tensor<2> {
        let [batch, _, dim] = x.dims();
        first_token(self.norm.forward(x.narrow(1, 0, 1))).reshape([batch, dim])
    }
}

fn first_token(x: Tensor<3>) -> Tensor<2> {
    let [batch, _, dim] = x.dims();
    x.narrow(1, 0, 1).reshape([batch, dim])
}
