//! SimCLR in a custom training loop: the loader and the objective are used without the trainer,
//! each from its own crate.
//!
//! ```text
//! cargo run --example own_loop
//! ```

use std::sync::Arc;

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Device;
use sempairs_augment::Augmentation;
use sempairs_backbone::{Architecture, BackboneConfig};
use sempairs_data::{PairDataset, Pairing};
use sempairs_objective::{Clock, Method, ProjectorConfig, Reduction, SimClrConfig};
use sempairs_scenes::{SceneSource, SceneSplit};
use sempairs_train::{LoaderConfig, PairLoader};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (batch, seed, device) = (32, 0, Device::flex());
    let scenes = Arc::new(SceneSource::new(SceneSplit::Pretrain, 16, 40, seed));
    let pairs = Pairing::RandomInClass.pairs(&scenes, seed)?;
    let dataset = Arc::new(PairDataset::new(scenes, pairs));

    let projector = ProjectorConfig { hidden: vec![512], ..ProjectorConfig::simclr() };
    let simclr = SimClrConfig { temperature: 0.2, reduction: Reduction::Mean, projector };
    let backbone = BackboneConfig::new(Architecture::Resnet10Narrow).init_seeded(&device, seed);
    let mut method = simclr.init(backbone, seed, &device).train();
    let mut optimizer = AdamWConfig::new().with_epsilon(1e-8).init();

    let mut clock = Clock::new(dataset.len() / batch, 30);
    let views = Augmentation::SimclrCifar.pipelines(32);
    let loader = PairLoader::start(dataset, views, batch, seed, clock, &LoaderConfig::default())?;
    for views in loader {
        let loss = method.loss(views?.views(&device.clone().autodiff()), clock).value;
        if clock.step.is_multiple_of(5) {
            println!("step {:>3}  loss {:.4}", clock.step, loss.clone().into_scalar::<f32>());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &method);
        method = optimizer.step(1e-3, method, gradients).after_step(clock);
        clock.step += 1;
    }
    Ok(())
}
