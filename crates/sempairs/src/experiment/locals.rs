use sempairs_augment::{AugmentError, Pipeline, Transform};
use sempairs_train::{Locals, LocalsFrom};
use serde::{Deserialize, Serialize};

use super::bounds::MAX_LOCALS;
use super::refusal::Refusal;

/// Multi-crop: small crops besides the two views, which SwAV and DINO compare with both of them.
///
/// A small crop is made as view one is, but cut smaller, from a smaller part of the picture, and
/// blurred as often as `blur` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalViews {
    /// Small crops of a pair; SwAV has 6 (arXiv 2006.09882, section 4.1), DINO 8 to 10 (arXiv
    /// 2104.14294, table 8).
    pub count: usize,
    /// Pixels along a side; 96 beside views of 224 in both.
    pub size: usize,
    /// Least and greatest area as shares of the picture's; 0.05 to 0.14 in SwAV, 0.05 to 0.4 in
    /// DINO.
    pub area: [f32; 2],
    /// Which picture of the pair they are cut from.
    #[serde(default)]
    pub from: LocalsFrom,
    /// The probability of the blur; view one's if left out. DINO blurs every view one and half of
    /// the small crops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blur: Option<f32>,
}

impl LocalViews {
    /// The small crops of which `one` is the pipeline of view one.
    pub(super) fn build(&self, one: &Pipeline) -> Result<Locals, Refusal> {
        Refusal::unless_within("views.locals.count", self.count, 1..=MAX_LOCALS)?;
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
            let reason = "view one begins with no random_resized_crop that could be cut smaller";
            return Err(Refusal::new("views.locals", reason));
        }
        if self.blur.is_some() && !blurred {
            return Err(Refusal::new("views.locals.blur", "view one has no gaussian_blur"));
        }
        pipeline.check().map_err(|error| match error {
            AugmentError::Value { field: field @ ("size" | "area"), value, wanted, .. } => {
                Refusal::new(format!("views.locals.{field}"), format!("is {value}, but {wanted}"))
            }
            AugmentError::Value { name: "gaussian_blur", field: "p", value, wanted, .. } => {
                Refusal::new("views.locals.blur", format!("is {value}, but {wanted}"))
            }
            other => Refusal::new("views.locals", other),
        })?;
        Ok(Locals { pipeline, count: self.count, from: self.from })
    }
}
