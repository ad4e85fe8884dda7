use burn::module::Module;
use burn::tensor::Device;
use sempairs_backbone::seed_parameters;

use crate::{Projector, ProjectorConfig};

/// A newly initialised prediction head on top of a projector with output width `width`.
///
/// Weights are drawn by seed and parameter name. The parameters are named `predictor.*`, so they
/// differ from those of a projector with the same layers.
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
