//! Vision transformers with the parameter names of timm and DINO.

mod attention;
mod backbone;
mod block;
mod drop_path;
mod layer_norm;
mod linear;
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

use crate::seed::{Rule, seed_by};

/// Full configuration of a vision transformer (Dosovitskiy et al., arXiv 2010.11929; the small
/// sizes are those of DeiT, arXiv 2012.12877).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisionTransformerConfig {
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Side of the images for which the position embedding is created, in pixels. For images of
    /// other sizes it is resampled.
    pub size: usize,
    /// Embedding dimension, which is also the number of features.
    pub dim: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Number of attention heads per block; a divisor of `dim`.
    pub heads: usize,
    /// Rate of stochastic depth; see
    /// [`Backbone::forward_dropping`](crate::Backbone::forward_dropping).
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

    /// Creates the network with initial weights that depend only on `seed`, with the distributions
    /// of DINO: class token, position embedding and linear weights from N(0, 0.02²), biases zero,
    /// and the patch projection with the default of `torch.nn.Conv2d`.
    ///
    /// # Panics
    ///
    /// Panics if a value is zero, the patch size does not divide the image size, or the number of
    /// heads does not divide the embedding dimension.
    pub fn init_seeded(&self, device: &Device, seed: u64) -> VisionTransformer {
        seed_by(Rule::Transformer, self.init(device), seed)
    }

    /// Creates the network with Burn's lazy random initialisation; see
    /// [`init_seeded`](Self::init_seeded).
    ///
    /// # Panics
    ///
    /// As [`init_seeded`](Self::init_seeded).
    pub fn init(&self, device: &Device) -> VisionTransformer {
        let Self { patch, size, dim, depth, heads, drop_path } = *self;
        assert!(
            patch > 0 && size >= patch && size.is_multiple_of(patch) && depth > 0,
            "the patch must divide the size, and there must be a block: {self:?}"
        );
        assert!(
            heads > 0 && dim.is_multiple_of(heads) && dim > 0,
            "the number of heads must divide the embedding dimension: {self:?}"
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

/// Vision transformer without the classifier; the features are the class token after the last
/// normalisation layer.
///
/// The parameters have the names of timm and DINO: `cls_token`, `pos_embed`,
/// `patch_embed.proj.weight`, `blocks.0.attn.qkv.weight`, `blocks.0.mlp.fc1.bias`, `norm.weight`.
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
    /// Number of blocks.
    pub fn depth(&self) -> usize {
        self.blocks.len()
    }

    /// Side of a patch in pixels.
    pub fn patch(&self) -> usize {
        self.patch_embed.proj.patch()
    }

    /// The blocks, from first to last.
    pub fn blocks_mut(&mut self) -> &mut [TransformerBlock] {
        &mut self.blocks
    }

    /// Computes all tokens after the last normalisation layer: the class token, then the patches
    /// row by row.
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, 1 + height / patch * width / patch, features]`
    ///
    /// # Panics
    ///
    /// Panics if the patch size does not divide height and width.
    pub fn tokens(&self, images: Tensor<4>) -> Tensor<3> {
        let dtype = images.dtype();
        let x = self.embed(images);
        self.norm.forward(self.blocks.iter().fold(x, |x, block| block.forward(x, dtype)))
    }

    /// Computes the class tokens of the last `blocks` blocks, each after the last normalisation
    /// layer, concatenated in the order of the blocks. They are the input of DINO's linear probe
    /// (arXiv 2104.14294, appendix F.2; four blocks for ViT-S).
    ///
    /// # Shapes
    /// - images: `[batch, 3, height, width]`
    /// - output: `[batch, blocks * features]`
    ///
    /// # Panics
    ///
    /// Panics if there are fewer blocks, or as [`tokens`](Self::tokens).
    pub fn class_tokens(&self, images: Tensor<4>, blocks: usize) -> Tensor<2> {
        let depth = self.blocks.len();
        assert!((1..=depth).contains(&blocks), "blocks must be from 1 to {depth}, not {blocks}");
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

    /// Computes the attention weights from the class token to each patch in the last block, for
    /// each head. Together with the weight to the class token itself, they sum to one.
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

    /// Computes the tokens that enter the first block.
    fn embed(&self, images: Tensor<4>) -> Tensor<3> {
        let [batch, _, height, width] = images.dims();
        let patch = self.patch_embed.proj.patch();
        // Tokens keep the dtype of the weights, since the blocks' additions to them are small.
        let patches = self.patch_embed.forward(images).cast(self.cls_token.val().dtype());
        let token = self.cls_token.val().expand([batch, 1, self.dim]);
        let grid = [height / patch, width / patch];
        Tensor::cat(vec![token, patches], 1) + resample_positions(self.pos_embed.val(), grid)
    }
}

fn first_token(x: Tensor<3>) -> Tensor<2> {
    let [batch, _, dim] = x.dims();
    x.narrow(1, 0, 1).reshape([batch, dim])
}
