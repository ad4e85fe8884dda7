//! Identity of everything that features depend on: weights, views and pictures.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;
use sempairs_augment::Pipeline;
use sempairs_backbone::{Backbone, is_variant};
use sempairs_data::PictureSource;

use crate::{EvalError, Identity};

/// Number of pictures whose pixels are hashed. Hashing all would cost as much as the cache saves.
const SAMPLES: usize = 64;

/// The identity of the features of a source's pictures, given backbone and pipeline.
///
/// It covers every parameter and running statistic with its path in the module, every transform,
/// the name and class of every picture, size and modification time of its file if it has one, and
/// the pixels of up to 64 pictures that are spread evenly over the source.
///
/// # Errors
///
/// [`EvalError::Data`] if one of these pictures cannot be read.
pub fn features_identity<B: Backbone>(
    backbone: &B,
    source: &dyn PictureSource,
    pipeline: &Pipeline,
) -> Result<Identity, EvalError> {
    let views = serde_json::to_string(pipeline).expect("a pipeline is plain data");
    let weights = weights_identity(backbone).to_string();
    let pictures = source_identity(source)?.to_string();
    let parts = [weights, views, pictures];
    Ok(parts.iter().fold(Identity::new(), |identity, part| identity.and_field(part.as_bytes())))
}

/// The identity of a backbone's parameters and running statistics.
pub fn weights_identity<B: Backbone>(backbone: &B) -> Identity {
    let mut weights = Weights(Identity::new());
    backbone.visit(&mut weights);
    weights.0
}

struct Weights(Identity);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        for side in value.dims() {
            self.0 = self.0.and(&(side as u64).to_le_bytes());
        }
        self.0 = self.0.and_field(value.into_data().as_bytes());
    }

    fn enter_module(&mut self, name: &str, container_type: &str) {
        if is_variant(container_type) {
            return;
        }
        self.0 = self.0.and_field(name.as_bytes()).and_field(container_type.as_bytes());
    }
}

fn source_identity(source: &dyn PictureSource) -> Result<Identity, EvalError> {
    let mut identity = Identity::new();
    for class in source.classes() {
        identity = identity.and_field(class.as_bytes());
    }
    for index in 0..source.len() {
        let class = source.class(index).map_or(u64::MAX, |class| class as u64);
        identity = identity.and_field(source.name(index).as_bytes()).and(&class.to_le_bytes());
        if let Some(stamp) = source.stamp(index) {
            identity = identity.and(&stamp.to_le_bytes());
        }
    }
    let samples = SAMPLES.min(source.len());
    for sample in 0..samples {
        let picture = source.read(sample * source.len() / samples)?;
        let sides = [picture.width() as u64, picture.height() as u64].map(u64::to_le_bytes);
        identity = identity.and(&sides.concat()).and_field(picture.pixels());
    }
    Ok(identity)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use sempairs_augment::Pipeline;

    use super::*;
    use crate::testing::{Plain, network};

    #[test]
    fn weights_views_and_pictures_change_the_identity() {
        let device = Device::flex();
        let colours = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
        let (source, pipeline) = (Plain::new(&colours), Pipeline::evaluation(16));
        let of = |seed, source: &Plain, pipeline: &Pipeline| {
            features_identity(&network(seed, &device), source, pipeline).unwrap()
        };
        let first = of(0, &source, &pipeline);
        assert_eq!(first, of(0, &source, &pipeline));
        assert_ne!(first, of(1, &source, &pipeline), "weights");
        assert_ne!(first, of(0, &source, &Pipeline::evaluation(24)), "views");
        let other = Plain::new(&[[1, 2, 3], [4, 5, 6], [7, 8, 10]]);
        assert_ne!(first, of(0, &other, &pipeline), "pixels");
        let other = Plain { labelled: false, ..Plain::new(&colours) };
        assert_ne!(first, of(0, &other, &pipeline), "classes");
    }
}
