use burn::module::Module;
use burn::tensor::Device;
use sempairs_backbone::seed_parameters;

use crate::{Projector, ProjectorConfig};

/// A newly initialised prediction head on top of a projector with output width `width`, as of BYOL,
/// SimSiam and NNCLR.
///
/// The weights are those of [`seed_parameters`], drawn from the seed and the names of the
/// parameters. The names start with `predictor`, so that the head differs from a projector with the
/// same layers and the same seed.
///
/// # Shapes
/// - input of the head: `[n, width]`
/// - output of the head: `[n, config.output]`
pub fn seeded_predictor(
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
