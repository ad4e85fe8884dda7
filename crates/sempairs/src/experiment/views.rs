use sempairs_augment::{Interpolation, Pipeline, Preset, Transform};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The augmentation: a preset, perhaps without some of its transforms, or two pipelines spelt out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Pixels along a side of a view.
    pub size: usize,
    /// A published method's augmentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Transforms that the preset does without, by their names, such as `gaussian_blur`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// The pipeline of view one, instead of a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Pipeline>,
    /// The pipeline of view two; that of view one if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Pipeline>,
    /// Brings values to mean 0 and deviation 1 at the end, if the preset does not already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalization>,
}

/// What is subtracted from each channel, and what it is then divided by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Of red, green and blue.
    pub mean: [f32; 3],
    /// Of red, green and blue.
    pub std: [f32; 3],
}

impl Views {
    /// The pipelines of view one and view two.
    ///
    /// # Errors
    ///
    /// [`Error::Experiment`] unless there is either a preset or a left pipeline, and for a transform in
    /// `without` that the preset does not have.
    pub fn pipelines(&self) -> Result<[Pipeline; 2], Error> {
        let refuse = |reason: String| Err(Error::experiment("`views`", reason));
        let mut pipelines = match (&self.preset, &self.left) {
            (Some(preset), None) => preset.pipelines(self.size),
            (None, Some(left)) => {
                [left.clone(), self.right.clone().unwrap_or_else(|| left.clone())]
            }
            _ => return refuse("give either `preset` or `left`".into()),
        };
        for name in &self.without {
            let [left, right] = &pipelines;
            let shorter = [left.without(name)?, right.without(name)?];
            if shorter == pipelines {
                return refuse(format!("`without`: there is no `{name}` to leave out"));
            }
            pipelines = shorter;
        }
        if let Some(Normalization { mean, std }) = self.normalize {
            for pipeline in &mut pipelines {
                let mut transforms = pipeline.transforms().to_vec();
                if transforms.iter().any(|t| matches!(t, Transform::Normalize { .. })) {
                    return refuse("`normalize`: the preset normalises already".into());
                }
                transforms.push(Transform::Normalize { mean, std });
                *pipeline = Pipeline::new(transforms);
            }
        }
        if let Some(other) = pipelines.iter().map(Pipeline::size).find(|size| *size != self.size) {
            return refuse(format!("a pipeline makes views of {other} pixels, not {}", self.size));
        }
        Ok(pipelines)
    }

    /// The one view that features are taken from: the shorter side resized to the view's, the centre cut
    /// out, and the training's normalisation.
    ///
    /// # Errors
    ///
    /// As [`pipelines`](Self::pipelines).
    pub fn evaluation(&self) -> Result<Pipeline, Error> {
        let [left, _] = self.pipelines()?;
        let normalize = left
            .transforms()
            .iter()
            .filter(|transform| matches!(transform, Transform::Normalize { .. }));
        let centre = [
            Transform::Resize { size: self.size, interpolation: Interpolation::Bilinear },
            Transform::CenterCrop { size: self.size },
        ];
        Ok(Pipeline::new(centre.iter().chain(normalize).cloned().collect()))
    }
}
