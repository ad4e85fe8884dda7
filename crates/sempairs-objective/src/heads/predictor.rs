use burn::module::Module;
use burn::tensor::Device;
use sempairs_backbone::seed_parameters;

use crate::{Projector, ProjectorConfig};

/// A head on top of a projector `width` wide, whose weights follow from the seed and are not those that a
/// projector of the same layers would get: weights are drawn by the names of parameters.
pub(crate) fn seeded_predictor(
    config: &ProjectorConfig,
    width: usize,
    seed: u64,
    device: &Device,
) -> Projector {
    #[derive(Module, Debug)]
    struct Named {
        predictor: Projector,
    }
    seed_parameters(Named { predictor: config.init(width, device) }, seed).predictor
}
