use burn::tensor::{DType, Tensor};

/// A batch of pairs, augmented: row `i` of every tensor comes from pair `i`.
///
/// # Shapes
/// - `left`, `right`: `[b, 3, h, w]`, values in `[0, 1]` or normalised, as the pipeline says
/// - each of `locals`: `[b, 3, s, s]`, values likewise
/// - `classes`: `b` numbers
#[derive(Clone, Debug)]
pub struct Views {
    /// View one, made of the left picture.
    pub left: Tensor<4>,
    /// View two, made of the right picture, which is the left one again for augmented pairs.
    pub right: Tensor<4>,
    /// Small crops for the methods that take them (SwAV, DINO); empty without multi-crop. Which picture of
    /// the pair each is cut from is the loader's choice, and no concern of a method.
    pub locals: Vec<Tensor<4>>,
    /// The class of each pair's left picture, for the methods that use labels; `None` where pictures have
    /// none.
    pub classes: Option<Vec<u32>>,
}

impl Views {
    /// Two views without small crops and without labels.
    pub fn pair(left: Tensor<4>, right: Tensor<4>) -> Self {
        Self { left, right, locals: Vec::new(), classes: None }
    }

    /// The same views with small crops.
    pub fn with_locals(self, locals: Vec<Tensor<4>>) -> Self {
        Self { locals, ..self }
    }

    /// The same views with the class of each pair's left picture.
    pub fn with_classes(self, classes: Vec<u32>) -> Self {
        Self { classes: Some(classes), ..self }
    }

    /// The same views, small crops included, in another type, which is that of the networks' products; see
    /// [`sempairs_backbone::Backbone`].
    pub fn cast(self, dtype: DType) -> Self {
        let Self { left, right, locals, classes } = self;
        let locals = locals.into_iter().map(|crop| crop.cast(dtype)).collect();
        Self { left: left.cast(dtype), right: right.cast(dtype), locals, classes }
    }

    /// Pairs in the batch.
    pub fn batch(&self) -> usize {
        self.left.dims()[0]
    }

    /// Both views in one tensor, the left first, so that a network sees them in one pass and its
    /// BatchNorm in one batch.
    ///
    /// # Shapes
    /// - output: `[2b, 3, h, w]`
    pub fn joined(self) -> Tensor<4> {
        Tensor::cat(vec![self.left, self.right], 0)
    }
}
