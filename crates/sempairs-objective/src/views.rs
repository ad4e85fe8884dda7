use burn::tensor::{DType, Tensor};

/// Augmented views of a batch of pairs. Row `i` of every tensor comes from pair `i`.
///
/// # Shapes
/// - `left`, `right`: `[b, 3, h, w]`, values in `[0, 1]`, or normalised if the pipeline does so
/// - each of `locals`: `[b, 3, s, s]`, values as above
/// - `classes`: `b` numbers
#[derive(Clone, Debug)]
pub struct Views {
    /// View one, made from the left picture.
    pub left: Tensor<4>,
    /// View two, made from the right picture. For augmented pairs the right picture is the left
    /// one.
    pub right: Tensor<4>,
    /// Local crops for methods that use them (SwAV, DINO); empty without multi-crop. The loader
    /// decides which picture of the pair each crop is taken from.
    pub locals: Vec<Tensor<4>>,
    /// Class of each pair's left picture, for methods that use labels; `None` for pictures without
    /// classes.
    pub classes: Option<Vec<u32>>,
}

impl Views {
    /// Two views without local crops and without labels.
    pub fn pair(left: Tensor<4>, right: Tensor<4>) -> Self {
        Self { left, right, locals: Vec::new(), classes: None }
    }

    /// The same views with local crops.
    pub fn with_locals(self, locals: Vec<Tensor<4>>) -> Self {
        Self { locals, ..self }
    }

    /// The same views with the class of each pair's left picture.
    pub fn with_classes(self, classes: Vec<u32>) -> Self {
        Self { classes: Some(classes), ..self }
    }

    /// The same views, local crops included, cast to the dtype of the networks' matrix products;
    /// see [`sempairs_backbone::Backbone`].
    pub fn cast(self, dtype: DType) -> Self {
        let Self { left, right, locals, classes } = self;
        let locals = locals.into_iter().map(|crop| crop.cast(dtype)).collect();
        Self { left: left.cast(dtype), right: right.cast(dtype), locals, classes }
    }

    /// Number of pairs in the batch.
    pub fn batch(&self) -> usize {
        self.left.dims()[0]
    }

    /// Both views concatenated, the left ones first, so that a network processes them in one
    /// forward pass and BatchNorm uses the statistics of both.
    ///
    /// # Shapes
    /// - output: `[2b, 3, h, w]`
    pub fn joined(self) -> Tensor<4> {
        Tensor::cat(vec![self.left, self.right], 0)
    }
}
