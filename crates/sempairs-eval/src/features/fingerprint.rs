//! Identity of everything that features depend on: weights, views and pictures.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;
use sempairs_augment::Pipeline;
use sempairs_backbone::{Backbone, is_variant};
use sempairs_data::{Fingerprint, Identity, PictureSource};

/// The identity of the features of a source's pictures, given backbone and pipeline.
///
/// It covers every parameter and running statistic with its path in the module, every transform,
/// and the pictures as described at [`Fingerprint::Features`].
pub fn features_identity<B: Backbone>(
    backbone: &B,
    source: &dyn PictureSource,
    pipeline: &Pipeline,
) -> Identity {
    let views = serde_json::to_string(pipeline).expect("a pipeline is plain data");
    let weights = weights_identity(backbone).to_string();
    let pictures = Fingerprint::Features.of(source, Identity::new()).to_string();
    let parts = [weights, views, pictures];
    parts.iter().fold(Identity::new(), |identity, part| identity.and_field(part.as_bytes()))
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
            features_identity(&network(seed, &device), source, pipeline)
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
