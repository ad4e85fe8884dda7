//! Loss curves of residual networks trained on the device named by `SEMPAIRS_DEVICE`, compared with
//! those on the CPU.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use sempairs_backbone::{Architecture, BackboneConfig};
use sempairs_objective::{Clock, Method, ProjectorConfig, Reduction, SimClrConfig, Views};
use sempairs_testing::{backend_name, gpu, gpu_name, loss_tolerance, random_values};
use sempairs_train::OptimizerConfig;

const BATCH: usize = 16;

/// Network and training settings of a case.
#[derive(Clone, Copy)]
struct Training {
    architecture: Architecture,
    size: usize,
    steps: usize,
    rate: f64,
}

/// Losses of a few steps of SimCLR with SGD, on two alternating batches.
fn losses(training: Training, plain: &Device) -> Vec<f32> {
    let Training { architecture, size, steps, rate } = training;
    let device = plain.clone().autodiff();
    let simclr = SimClrConfig {
        temperature: 0.5,
        reduction: Reduction::Mean,
        projector: ProjectorConfig::simclr(),
    };
    let backbone = BackboneConfig::new(architecture).init_seeded(plain, 0);
    let mut method = simclr.init(backbone, 0, plain).train();
    let mut optimizer = OptimizerConfig::sgd(1e-4).init();
    let clock = Clock::new(2, steps);
    let mut losses = Vec::new();
    for step in 0..steps {
        let view = |side: usize| {
            let shape = [BATCH, 3, size, size];
            let seed = (2 * (step % 2) + side + 1) as u64;
            let values = random_values(shape.iter().product(), seed);
            Tensor::<4>::from_data(TensorData::new(values, shape), &device)
        };
        let loss = method.loss(Views::pair(view(0), view(1)), clock.at(step)).value;
        losses.push(loss.clone().detach().into_data().iter::<f32>().next().unwrap());
        let gradients = GradientsParams::from_grads(loss.backward(), &method);
        method = optimizer.step(rate, method, gradients);
    }
    losses
}

/// Asserts that the relative difference of the losses is within the tolerance of each step.
fn assert_same_curve(training: Training, tolerances: &[f32]) {
    // Tolerance factor of the device, relative to a device with 32-bit products.
    let device = gpu!();
    let coarser = (loss_tolerance(backend_name(&gpu_name!())) / 1e-4).max(1.0);
    let expected = losses(training, &Device::flex());
    let found = losses(training, &device);
    println!("{:?}: {expected:?} on flex, {found:?}", training.architecture);
    for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = (found - expected).abs() / expected;
        let tolerance = coarser * tolerances[step];
        assert!(error <= tolerance, "step {step}: the loss is {found}, on flex {expected}");
    }
}

/// The learning rate is small because a larger one amplifies rounding: with 1e-3, an input changed
/// by one unit in the last place moves the sixth loss by 4e-4 on the CPU alone, since a single ReLU
/// near zero decides; with 2e-4, by 5e-6.
#[test]
fn the_loss_curve_of_a_resnet18_matches_the_cpu() {
    let training =
        Training { architecture: Architecture::Resnet18, size: 32, steps: 6, rate: 2e-4 };
    let losses = losses(training, &Device::flex());
    assert!(losses[4] < 0.96 * losses[0], "the loss does not decrease: {losses:?}");
    assert_same_curve(training, &[1e-4; 6]);
}

/// The gradients of a freshly initialised ResNet-50 are so large that rounding dominates the loss
/// from the third step on: there, even the fused and the reference operations of the CPU differ by
/// 0.4 %. In the steps before they agree to five digits.
#[test]
fn the_loss_curve_of_a_resnet50_matches_the_cpu() {
    let training =
        Training { architecture: Architecture::Resnet50, size: 64, steps: 3, rate: 1e-4 };
    assert_same_curve(training, &[1e-4, 3e-4, 1e-2]);
}
