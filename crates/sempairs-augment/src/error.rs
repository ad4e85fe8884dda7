/// What can be wrong with a pipeline that a person wrote.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AugmentError {
    /// Nothing in the pipeline sets the size of its views.
    #[error(
        "the pipeline has no fixed output size: begin it with random_resized_crop, or with resize and \
         center_crop, or with center_crop"
    )]
    NoFixedSize,
    /// A transform that sets the frame stands where the frame is settled already.
    #[error(
        "transform {position} ({name}) would set the frame of the view again: only the beginning of a \
         pipeline does, by random_resized_crop, or resize and center_crop, or center_crop"
    )]
    SecondFrame {
        /// The transform's place in the pipeline, from 1.
        position: usize,
        /// Its name.
        name: &'static str,
    },
    /// A number of a transform is out of its range.
    #[error("transform {position} ({name}): {field} is {value}, but {wanted}")]
    Value {
        /// The transform's place in the pipeline, from 1.
        position: usize,
        /// Its name.
        name: &'static str,
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        wanted: String,
    },
    /// There is no transform of this name.
    #[error("there is no transform named \"{name}\"; there are {known}")]
    UnknownTransform {
        /// The name.
        name: String,
        /// All the names there are.
        known: String,
    },
    /// There is no preset of this name.
    #[error("there is no augmentation preset named \"{name}\"; there are {known}")]
    UnknownPreset {
        /// The name.
        name: String,
        /// All the names there are.
        known: String,
    },
}
