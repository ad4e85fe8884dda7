//! Features of pictures: extraction, baselines, cache and scaling.

mod baseline;
mod cache;
mod class_tokens;
mod embed;
mod fingerprint;
mod normalize;

pub use baseline::{colour_histogram, raw_pixels};
pub(crate) use baseline::{colour_histogram_with, raw_pixels_with};
pub(crate) use class_tokens::ClassTokens;
pub use embed::embed;
pub(crate) use embed::embed_with;
pub use fingerprint::{features_identity, weights_identity};
pub use normalize::{StandardScaler, unit_rows};

use burn::tensor::Device;
use sempairs_augment::Pipeline;
use sempairs_backbone::Backbone;
use sempairs_data::PictureSource;
use sempairs_internal::ProgressBar;

use crate::EvalError;

/// Features and class of every picture of a source, in the source's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// `[n, dim]`, row-major.
    pub values: Vec<f32>,
    /// Number of features per picture.
    pub dim: usize,
    /// Class of each picture, as an index into `classes`.
    pub labels: Vec<usize>,
    /// Names of the classes.
    pub classes: Vec<String>,
}

impl Features {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns true if there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The features of one picture.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dim..][..self.dim]
    }

    /// The features of some pictures.
    pub(crate) fn rows<'a>(
        &'a self,
        indices: &'a [usize],
    ) -> impl Iterator<Item = &'a [f32]> + Clone {
        indices.iter().map(|&index| self.row(index))
    }

    /// The features of all pictures.
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = &[f32]> + Clone {
        self.values.chunks_exact(self.dim)
    }

    /// The classes of some pictures.
    pub(crate) fn labels_of(&self, indices: &[usize]) -> Vec<usize> {
        indices.iter().map(|&index| self.labels[index]).collect()
    }
}

/// Computes the features of every picture of a source with a frozen backbone; see [`embed`].
///
/// # Errors
///
/// [`EvalError::Unlabelled`] with the first picture without a class; [`EvalError::NotFinite`] for
/// features that are infinite or NaN; [`EvalError::Data`] for a picture that cannot be read;
/// [`EvalError::Config`] for an invalid pipeline, with its key under `pipeline`.
///
/// # Panics
///
/// If `batch` is zero.
pub fn extract<B: Backbone>(
    backbone: &B,
    source: &dyn PictureSource,
    pipeline: &Pipeline,
    device: &Device,
    batch: usize,
) -> Result<Features, EvalError> {
    extract_with(backbone, source, pipeline, device, batch, &ProgressBar::hidden())
}

/// [`extract`] with a progress bar that counts pictures.
pub(crate) fn extract_with<B: Backbone>(
    backbone: &B,
    source: &dyn PictureSource,
    pipeline: &Pipeline,
    device: &Device,
    batch: usize,
    progress: &ProgressBar,
) -> Result<Features, EvalError> {
    pipeline.check().map_err(|error| error.under("pipeline"))?;
    let labels = labels(source)?;
    let read = |index| source.read(index);
    let values = embed_with(backbone, source.len(), &read, pipeline, device, batch, progress)?;
    let dim = backbone.features();
    check_finite(&values)?;
    Ok(Features { values, dim, labels, classes: source.classes().to_vec() })
}

/// Returns an error if a feature is infinite or NaN.
pub(crate) fn check_finite(values: &[f32]) -> Result<(), EvalError> {
    match values.iter().all(|x| x.is_finite()) {
        true => Ok(()),
        false => Err(EvalError::NotFinite),
    }
}

/// The classes of all pictures of a source.
pub(crate) fn labels(source: &dyn PictureSource) -> Result<Vec<usize>, EvalError> {
    let label = |index| {
        source.class(index).ok_or_else(|| EvalError::Unlabelled { picture: source.name(index) })
    };
    (0..source.len()).map(label).collect()
}
