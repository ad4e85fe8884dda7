use burn::tensor::Tensor;

use super::{VisionTransformer, first_token};
use crate::Backbone;

impl Backbone for VisionTransformer {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let dtype = images.dtype();
        let x = self.embed(images);
        self.class_token(self.blocks.iter().fold(x, |x, block| block.forward(x, dtype)))
    }

    /// Applies stochastic depth; see [`DropPath`](super::DropPath).
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
    /// The class token after the last normalisation layer, which is applied to this token only.
    fn class_token(&self, x: Tensor<3>) -> Tensor<2> {
        let [batch, _, dim] = x.dims();
        first_token(self.norm.forward(x.narrow(1, 0, 1))).reshape([batch, dim])
    }
}
