use sempairs_augment::{Augmentation, Pipeline, Transform};
use sempairs_data::ConfigError;
use sempairs_train::{MadeOn, Pipelines};
use serde::{Deserialize, Serialize};

use super::LocalViews;
use super::limits::MAX_SIDE;
use crate::Error;

/// The augmentation: a preset, optionally without some of its transforms, or two explicit
/// pipelines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewsConfig {
    /// Side length of a view in pixels.
    pub size: usize,
    /// Augmentation of a published method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Augmentation>,
    /// Names of transforms to remove from the preset, such as `gaussian_blur`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Pipeline of view one, instead of a preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Pipeline>,
    /// Pipeline of view two; that of view one if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<Pipeline>,
    /// Image normalisation at the end of both pipelines; an error if they normalise already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalize: Option<Normalization>,
    /// Local crops in addition to the two views; none if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locals: Option<LocalViews>,
    /// Whether views are computed by the loader's threads (`host`) or on the training device.
    #[serde(default, skip_serializing_if = "MadeOn::is_host")]
    pub made_on: MadeOn,
}

/// Image normalisation: `(value - mean) / std` per channel, for values in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalization {
    /// Mean of the red, green and blue channel.
    pub mean: [f32; 3],
    /// Standard deviation of the red, green and blue channel.
    pub std: [f32; 3],
}

impl ViewsConfig {
    /// A published method's augmentation for views of `size` by `size` pixels.
    pub fn new(augmentation: Augmentation, size: usize) -> Self {
        Self {
            size,
            preset: Some(augmentation),
            without: Vec::new(),
            left: None,
            right: None,
            normalize: None,
            locals: None,
            made_on: MadeOn::Host,
        }
    }

    /// The pipelines of view one and view two.
    ///
    /// # Errors
    /// [`Error::Config`] with the key unless exactly one of preset and left pipeline is given,
    /// for a value out of its range (the maximum size is [`MAX_SIDE`]), and for a transform in
    /// `without` that the pipelines do not contain.
    pub fn pipelines(&self) -> Result<[Pipeline; 2], Error> {
        Ok(self.build()?)
    }

    /// The pipelines of both views and of the local crops.
    ///
    /// # Errors
    ///
    /// As [`pipelines`](Self::pipelines), and for values of [`locals`](Self::locals) out of their
    /// ranges.
    pub fn all_pipelines(&self) -> Result<Pipelines, Error> {
        Ok(self.build_all()?)
    }

    pub(super) fn build_all(&self) -> Result<Pipelines, ConfigError> {
        let [left, right] = self.build()?;
        let locals = self.locals.as_ref().map(|locals| locals.build(&left)).transpose()?;
        Ok(Pipelines { left, right, locals, made_on: self.made_on })
    }

    fn build(&self) -> Result<[Pipeline; 2], ConfigError> {
        ConfigError::unless_within("views.size", self.size, 1..=MAX_SIDE)?;
        let (mut pipelines, keys) = match (&self.preset, &self.left, &self.right) {
            (Some(preset), None, None) => (preset.pipelines(self.size), ["preset"; 2]),
            (None, Some(left), None) => ([left.clone(), left.clone()], ["left"; 2]),
            (None, Some(left), Some(right)) => ([left.clone(), right.clone()], ["left", "right"]),
            _ => {
                let reason = "give either `preset`, or `left` and optionally `right`";
                return Err(ConfigError::new("views", reason));
            }
        };
        for (pipeline, key) in pipelines.iter().zip(keys) {
            pipeline.check().map_err(|error| error.under(&format!("views.{key}")))?;
            if pipeline.size() != self.size {
                let other = pipeline.size();
                let reason = format!("is {}, but `{key}` makes views of size {other}", self.size);
                return Err(ConfigError::new("views.size", reason));
            }
        }
        for (i, name) in self.without.iter().enumerate() {
            pipelines = without(pipelines, name)
                .map_err(|error| error.under(&format!("views.without[{i}]")))?;
        }
        if let Some(normalization) = self.normalize {
            for pipeline in &mut pipelines {
                *pipeline = normalization.after(pipeline)?;
            }
        }
        Ok(pipelines)
    }

    /// Warnings about values that are valid but probably a mistake: one sentence each, with the
    /// key.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut look = |key: String, mean: &[f32; 3], std: &[f32; 3]| {
            for (field, values) in [("mean", mean), ("std", std)] {
                if values.iter().any(|value| value.abs() > 1.0) {
                    // Four decimals, as is usual for published means and standard deviations.
                    let round = |value: &f32| (f64::from(*value) / 255.0 * 1e4).round() / 1e4;
                    let divided: Vec<f64> = values.iter().map(round).collect();
                    found.push(format!(
                        "`{key}.{field}`: is {values:?}, but pixel values are between 0 and 1; \
                         divided by 255 it would be {divided:?}"
                    ));
                }
            }
        };
        if let Some(Normalization { mean, std }) = &self.normalize {
            look("views.normalize".into(), mean, std);
        }
        for (name, pipeline) in [("left", &self.left), ("right", &self.right)] {
            let transforms = pipeline.iter().flat_map(|pipeline| pipeline.transforms());
            for (index, transform) in transforms.enumerate() {
                if let Transform::Normalize { mean, std } = transform {
                    look(format!("views.{name}[{index}]"), mean, std);
                }
            }
        }
        found
    }

    /// The [evaluation view](Pipeline::evaluation) with the normalisation of the training views.
    ///
    /// # Errors
    ///
    /// As [`pipelines`](Self::pipelines).
    pub fn evaluation(&self) -> Result<Pipeline, Error> {
        let [left, _] = self.pipelines()?;
        Ok(left.to_evaluation())
    }
}

impl Normalization {
    /// Returns the pipeline with this normalisation appended.
    fn after(self, pipeline: &Pipeline) -> Result<Pipeline, ConfigError> {
        if pipeline.normalization().next().is_some() {
            return Err(ConfigError::new(
                "views.normalize",
                "the pipeline already has a normalisation",
            ));
        }
        let last = Transform::Normalize { mean: self.mean, std: self.std };
        last.check().map_err(|error| error.under("views.normalize"))?;
        let mut transforms = pipeline.transforms().to_vec();
        transforms.push(last);
        Ok(Pipeline::new(transforms))
    }
}

/// Removes the transforms of one name from both pipelines, or returns an error without a key if
/// that is impossible.
fn without([left, right]: [Pipeline; 2], name: &str) -> Result<[Pipeline; 2], ConfigError> {
    let shorter = [left.without(name)?, right.without(name)?];
    if shorter == [left, right] {
        let reason = format!("the pipelines have no `{name}` to remove");
        return Err(ConfigError::new("", reason));
    }
    for pipeline in &shorter {
        // The only possible error has no key: nothing determines the size of the views any more.
        pipeline.check()?;
    }
    Ok(shorter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simclr_without(name: &str) -> ViewsConfig {
        ViewsConfig { without: vec![name.to_owned()], ..ViewsConfig::new(Augmentation::Simclr, 32) }
    }

    #[test]
    fn a_misspelt_transform_to_leave_out_gets_the_right_name() {
        let message = simclr_without("gaussian_blurr").pipelines().unwrap_err().to_string();
        assert!(message.starts_with("`views.without[0]`: "), "{message}");
        assert!(message.ends_with("; did you mean `gaussian_blur`?"), "{message}");
        let [left, _] = simclr_without("gaussian_blur").pipelines().unwrap();
        assert!(left.transforms().iter().all(|transform| transform.name() != "gaussian_blur"));
    }

    #[test]
    fn the_transform_that_sets_the_view_size_cannot_be_removed() {
        let message = simclr_without("random_resized_crop").pipelines().unwrap_err().to_string();
        assert!(message.starts_with("`views.without[0]`: "), "{message}");
    }

    #[test]
    fn the_evaluation_view_is_that_of_the_library() {
        let views = ViewsConfig {
            preset: Some(Augmentation::MocoV2),
            without: Vec::new(),
            ..simclr_without("")
        };
        let evaluation = views.evaluation().unwrap();
        assert_eq!(evaluation, Augmentation::MocoV2.evaluation(32));
        let names: Vec<&str> = evaluation.transforms().iter().map(|it| it.name()).collect();
        assert_eq!(names, ["resize", "center_crop", "normalize"]);
        assert_eq!(evaluation.size(), 32);
    }
}
