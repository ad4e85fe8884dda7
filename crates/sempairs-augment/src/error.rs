use sempairs_data::ConfigError;

/// Error in a pipeline, or an unknown name of a transform or preset.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AugmentError {
    /// No transform determines the size of the views.
    #[error(
        "the pipeline has no fixed output size: begin it with random_resized_crop, with resize and \
         center_crop, or with center_crop"
    )]
    NoFixedSize,
    /// A transform after the beginning would determine the crop window again.
    #[error(
        "transform {position} ({name}) would crop or resize the view again: only the beginning of \
         a pipeline may do so, with random_resized_crop, resize and center_crop, or center_crop"
    )]
    SecondFrame {
        /// Position of the transform in the pipeline, from 1.
        position: usize,
        /// Name of the transform.
        name: &'static str,
    },
    /// A value of a transform is out of range.
    #[error("transform {position} ({name}): {} {}", error.key(), error.reason())]
    Value {
        /// Position of the transform in the pipeline, from 1.
        position: usize,
        /// Name of the transform.
        name: &'static str,
        /// Name of the field, the given value and the requirement.
        error: ConfigError,
    },
    /// There is no transform of this name.
    #[error("there is no transform named \"{name}\"; the transforms are {known}")]
    UnknownTransform {
        /// The given name.
        name: String,
        /// All known names.
        known: String,
    },
    /// There is no preset of this name.
    #[error("there is no augmentation preset named \"{name}\"; the presets are {known}")]
    UnknownPreset {
        /// The given name.
        name: String,
        /// All known names.
        known: String,
    },
}
