use sempairs_augment::{Pipeline, Transform};
use sempairs_data::ConfigError;
use sempairs_train::{Locals, LocalsFrom};
use serde::{Deserialize, Serialize};

use super::limits::MAX_LOCALS;

/// Multi-crop: local crops in addition to the two global views, which SwAV and DINO compare with
/// both views.
///
/// A local crop uses the pipeline of view one, but with a smaller output size, a smaller crop area,
/// and the blur probability `blur`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalViews {
    /// Number of local crops per pair; SwAV uses 6 (arXiv 2006.09882, section 4.1), DINO 8 to 10
    /// (arXiv 2104.14294, table 8).
    pub count: usize,
    /// Side length in pixels; SwAV and DINO use 96 with views of 224.
    pub size: usize,
    /// Minimum and maximum crop area as fractions of the picture's area; 0.05 to 0.14 in SwAV, 0.05
    /// to 0.4 in DINO.
    pub area: [f32; 2],
    /// Picture of the pair that the local crops are cut from.
    #[serde(default)]
    pub from: LocalsFrom,
    /// Probability of the blur; that of view one if omitted. DINO blurs view one always and local
    /// crops with probability 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur: Option<f32>,
}

impl LocalViews {
    /// Builds the pipeline of the local crops from `one`, the pipeline of view one.
    pub(super) fn build(&self, one: &Pipeline) -> Result<Locals, ConfigError> {
        ConfigError::unless_within("views.locals.count", self.count, 1..=MAX_LOCALS)?;
        let mut blurred = false;
        let small = |transform: &Transform| match transform.clone() {
            Transform::RandomResizedCrop { ratio, interpolation, .. } => {
                let Self { size, area, .. } = *self;
                Transform::RandomResizedCrop { size, area, ratio, interpolation }
            }
            Transform::GaussianBlur { p, kernel, sigma } => {
                blurred = true;
                Transform::GaussianBlur { p: self.blur.unwrap_or(p), kernel, sigma }
            }
            other => other,
        };
        let pipeline = Pipeline::new(one.transforms().iter().map(small).collect());
        if !matches!(one.transforms().first(), Some(Transform::RandomResizedCrop { .. })) {
            let reason = "the pipeline of view one must begin with random_resized_crop";
            return Err(ConfigError::new("views.locals", reason));
        }
        if self.blur.is_some() && !blurred {
            return Err(ConfigError::new("views.locals.blur", "view one has no gaussian_blur"));
        }
        // The other values are those of view one, which have been checked.
        for transform in pipeline.transforms() {
            transform.check().map_err(|error| match error.key() {
                "p" => ConfigError::new("views.locals.blur", error.reason()),
                _ => error.under("views.locals"),
            })?;
        }
        pipeline.check().map_err(|error| {
            let reason = format!("the pipeline of view one does not fit: {error}");
            ConfigError::new("views.locals", reason)
        })?;
        Ok(Locals { pipeline, count: self.count, from: self.from })
    }
}
