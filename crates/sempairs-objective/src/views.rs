use burn::tensor::Tensor;

/// A batch of pairs, augmented: row `i` of both tensors comes from pair `i`.
///
/// # Shapes
/// - `left`, `right`: `[b, 3, h, w]`, values in `[0, 1]` or normalised, as the pipeline says
#[derive(Clone, Debug)]
pub struct Views {
    /// View one, made of the left picture.
    pub left: Tensor<4>,
    /// View two, made of the right picture, which is the left one again for augmented pairs.
    pub right: Tensor<4>,
}

impl Views {
    /// Pairs in the batch.
    pub fn batch(&self) -> usize {
        self.left.dims()[0]
    }

    /// Both halves in one tensor, the left first, so that a network sees them in one pass and its
    /// BatchNorm in one batch.
    ///
    /// # Shapes
    /// - output: `[2b, 3, h, w]`
    pub fn joined(self) -> Tensor<4> {
        Tensor::cat(vec![self.left, self.right], 0)
    }
}
