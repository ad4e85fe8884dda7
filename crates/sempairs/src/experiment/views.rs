use sempairs_augment::{AugmentError, Augmentation, Pipeline, Transform};
use sempairs_train::{MadeOn, Pipelines};
use serde::{Deserialize, Serialize};

use super::LocalViews;
use super::bounds::MAX_SIDE;
use super::refusal::Refusal;
use crate::Error;
use sempairs_internal::did_you_mean;

/// The augmentation: a preset, perhaps without some of its transforms, or two pipelines spelt out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Pixels along a side of a view.
    pub size: usize,
    /// A published method's augmentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Augmentation>,
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
    /// Small crops besides; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locals: Option<LocalViews>,
    /// Where views are made: by the loader's threads (`host`) or by the device that trains.
    #[serde(default, skip_serializing_if = "MadeOn::is_host")]
    pub made_on: MadeOn,
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
    ///
    /// [`Error::Experiment`] with the key unless there is either a preset or a left pipeline, for a
    /// value out of its range (the size goes up to [`MAX_SIDE`]), and for a transform in `without`
    /// that the pipelines do not have.
    pub fn pipelines(&self) -> Result<[Pipeline; 2], Error> {
        Ok(self.build()?)
    }

    /// The pipelines of both views and of small crops.
    ///
    /// # Errors
    ///
    /// As [`pipelines`](Self::pipelines), and for values of [`locals`](Self::locals) out of their
    /// ranges.
    pub fn all_pipelines(&self) -> Result<Pipelines, Error> {
        Ok(self.build_all()?)
    }

    pub(super) fn build_all(&self) -> Result<Pipelines, Refusal> {
        let [left, right] = self.build()?;
        let locals = self.locals.as_ref().map(|locals| locals.build(&left)).transpose()?;
        Ok(Pipelines { left, right, locals, made_on: self.made_on })
    }

    fn build(&self) -> Result<[Pipeline; 2], Refusal> {
        Refusal::unless_within("views.size", self.size, 1..=MAX_SIDE)?;
        let (mut pipelines, keys) = match (&self.preset, &self.left, &self.right) {
            (Some(preset), None, None) => (preset.pipelines(self.size), ["preset"; 2]),
            (None, Some(left), None) => ([left.clone(), left.clone()], ["left"; 2]),
            (None, Some(left), Some(right)) => ([left.clone(), right.clone()], ["left", "right"]),
            _ => {
                let reason = "give either `preset`, or `left` and perhaps `right`";
                return Err(Refusal::new("views", reason));
            }
        };
        for (pipeline, key) in pipelines.iter().zip(keys) {
            pipeline.check().map_err(|error| refused(&format!("views.{key}"), error))?;
            if pipeline.size() != self.size {
                let other = pipeline.size();
                let reason = format!("is {}, but `{key}` makes views of {other}", self.size);
                return Err(Refusal::new("views.size", reason));
            }
        }
        for (i, name) in self.without.iter().enumerate() {
            pipelines = without(pipelines, name)
                .map_err(|reason| Refusal::new(format!("views.without[{i}]"), reason))?;
        }
        if let Some(normalization) = self.normalize {
            for pipeline in &mut pipelines {
                *pipeline = normalization.after(pipeline)?;
            }
        }
        Ok(pipelines)
    }

    /// What is probably not meant: a sentence each, with the key.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut look = |key: String, mean: &[f32; 3], std: &[f32; 3]| {
            for (field, values) in [("mean", mean), ("std", std)] {
                if values.iter().any(|value| value.abs() > 1.0) {
                    // Rounded to what people write.
                    let round = |value: &f32| (f64::from(*value) / 255.0 * 1e4).round() / 1e4;
                    let divided: Vec<f64> = values.iter().map(round).collect();
                    found.push(format!(
                        "`{key}.{field}`: is {values:?}, but the values of a picture lie between 0 and 1; \
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
    /// The pipeline with this at its end.
    fn after(self, pipeline: &Pipeline) -> Result<Pipeline, Refusal> {
        if pipeline.normalization().next().is_some() {
            return Err(Refusal::new("views.normalize", "the pipeline normalises already"));
        }
        let mut transforms = pipeline.transforms().to_vec();
        transforms.push(Transform::Normalize { mean: self.mean, std: self.std });
        let longer = Pipeline::new(transforms);
        match longer.check() {
            Ok(()) => Ok(longer),
            Err(AugmentError::Value { field, value, wanted, .. }) => {
                let key = format!("views.normalize.{field}");
                Err(Refusal::new(key, format!("is {value}, but {wanted}")))
            }
            Err(other) => Err(Refusal::new("views.normalize", other)),
        }
    }
}

/// Both pipelines without the transforms of one name, or why that cannot be.
fn without([left, right]: [Pipeline; 2], name: &str) -> Result<[Pipeline; 2], String> {
    let unknown = |e: AugmentError| format!("{e}{}", did_you_mean(name, Transform::NAMES));
    let shorter = [left.without(name).map_err(unknown)?, right.without(name).map_err(unknown)?];
    if shorter == [left, right] {
        return Err(format!("there is no `{name}` to leave out"));
    }
    for pipeline in &shorter {
        pipeline.check().map_err(|e| e.to_string())?;
    }
    Ok(shorter)
}

/// What the check of a pipeline says, with the key of what is at fault; keys count from 0.
fn refused(pipeline: &str, error: AugmentError) -> Refusal {
    match error {
        AugmentError::Value { position, name, field, value, wanted } => {
            let key = format!("{pipeline}[{}].{field}", position - 1);
            Refusal::new(key, format!("is {value}, but {wanted} ({name})"))
        }
        AugmentError::SecondFrame { position, .. } => {
            Refusal::new(format!("{pipeline}[{}]", position - 1), error)
        }
        other => Refusal::new(pipeline, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simclr_without(name: &str) -> Views {
        Views { without: vec![name.to_owned()], ..Views::new(Augmentation::Simclr, 32) }
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
    fn what_sets_the_frame_cannot_be_left_out() {
        let message = simclr_without("random_resized_crop").pipelines().unwrap_err().to_string();
        assert!(message.starts_with("`views.without[0]`: "), "{message}");
    }
}
