//! SimCLR in a training loop written by hand: augmentation and objective without the trainer,
//! by crates that each stand alone.
//!
//! ```text
//! cargo run --example own_loop
//! ```

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::SliceRandom;
use sempairs_augment::{Augmentation, Pipeline, apply_batch};
use sempairs_backbone::{Architecture, BackboneConfig};
use sempairs_data::{DataError, Key, PairDataset, Pairing, Picture, PictureSource, Side};
use sempairs_objective::{Clock, Method, ProjectorConfig, Reduction, SimClrConfig, Views};
use sempairs_scenes::{SceneSource, SceneSplit};

const BATCH: usize = 32;
const SIZE: usize = 32;
const STEPS: usize = 30;

fn main() -> Result<(), DataError> {
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let scenes = SceneSource::new(SceneSplit::Pretrain, 16, 40, 0);
    let pairs = Pairing::RandomInClass.pairs(&scenes, 0)?;
    let dataset = PairDataset::new(std::sync::Arc::new(scenes), pairs);
    let pipelines = Augmentation::SimclrCifar.pipelines(SIZE);

    let projector = ProjectorConfig { hidden: vec![512], ..ProjectorConfig::simclr() };
    let simclr = SimClrConfig { temperature: 0.2, reduction: Reduction::Mean, projector };
    let backbone = BackboneConfig::new(Architecture::Resnet10Narrow).init_seeded(&plain, 0);
    let mut method = simclr.init(backbone, 0, &plain).train();
    let mut optimizer = AdamWConfig::new().with_epsilon(1e-8).init();

    let mut clock = Clock::new(dataset.len() / BATCH, STEPS);
    let mut order: Vec<usize> = (0..dataset.len()).collect();
    while !clock.is_over() {
        let epoch = clock.epoch() as u64;
        let first = clock.step_in_epoch() * BATCH;
        if first == 0 {
            // The pairs lie class by class, and a batch of one class has no negatives. No picture has this number.
            order.shuffle(&mut Key { seed: 0, epoch, picture: u64::MAX, side: Side::Left }.rng(0));
        }
        let view = |side: Side, pipeline: &Pipeline| -> Result<Tensor<4>, DataError> {
            let (mut plans, mut pictures) = (Vec::new(), Vec::<Picture<'_>>::new());
            for &number in &order[first..first + BATCH] {
                let pair = dataset.pair(number);
                let index = if side == Side::Left { pair.left } else { pair.right };
                let picture = dataset.source().read(index)?;
                let key = Key { seed: 0, epoch, picture: number as u64, side };
                plans.push(pipeline.plan(picture.width(), picture.height(), key));
                pictures.push(picture);
            }
            let mut values = vec![0.0; BATCH * 3 * SIZE * SIZE];
            apply_batch(&plans, &pictures, &mut values);
            Ok(Tensor::from_data(TensorData::new(values, [BATCH, 3, SIZE, SIZE]), &device))
        };
        let left = view(Side::Left, &pipelines[0])?;
        let right = view(Side::Right, &pipelines[1])?;
        let loss = method.loss(Views::pair(left, right), clock).value;
        if clock.step.is_multiple_of(5) {
            println!("step {:>3}  loss {:.4}", clock.step, loss.clone().into_scalar::<f32>());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &method);
        method = optimizer.step(1e-3, method, gradients).after_step(clock);
        clock.step += 1;
    }
    Ok(())
}
