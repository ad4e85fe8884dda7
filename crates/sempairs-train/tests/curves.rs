//! Residual networks that are trained on the device that `SEMPAIRS_DEVICE` names come down as they do on the processor.

#[path = "../../sempairs-objective/tests/reference/mod.rs"]
#[allow(dead_code, reason = "each test binary uses some of it")]
mod reference;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use sempairs_backbone::{Architecture, BackboneConfig};
use sempairs_objective::{Clock, Method, ProjectorConfig, Reduction, SimClrConfig, Views};
use sempairs_train::OptimizerConfig;

const STEPS: usize = 8;
const BATCH: usize = 8;
const SIZE: usize = 32;

/// Values in [-1, 1), the same everywhere (xorshift64*).
fn random(seed: u64) -> TensorData {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let shape = [BATCH, 3, SIZE, SIZE];
    let value = |_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let bits = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        bits as f32 / (1u64 << 23) as f32 - 1.0
    };
    TensorData::new((0..shape.iter().product()).map(value).collect::<Vec<f32>>(), shape)
}

/// The losses of a few steps of SimCLR with SGD, on two batches in turn.
fn losses(architecture: Architecture, plain: &Device) -> Vec<f32> {
    let device = plain.clone().autodiff();
    let simclr = SimClrConfig {
        temperature: 0.5,
        reduction: Reduction::Mean,
        projector: ProjectorConfig::simclr(),
    };
    let backbone = BackboneConfig::new(architecture).init_seeded(plain, 0);
    let mut method = simclr.init(backbone, 0, plain).train();
    let mut optimizer = OptimizerConfig::sgd(1e-4).init();
    let clock = Clock::new(2, STEPS);
    let mut losses = Vec::new();
    for step in 0..STEPS {
        let view = |side: usize| {
            Tensor::<4>::from_data(random((2 * (step % 2) + side + 1) as u64), &device)
        };
        let loss = method.loss(Views::pair(view(0), view(1)), clock.at(step)).value;
        losses.push(loss.clone().detach().into_data().iter::<f32>().next().unwrap());
        let gradients = GradientsParams::from_grads(loss.backward(), &method);
        method = optimizer.step(0.02, method, gradients);
    }
    losses
}

/// Rounding differs, and a network makes a little more of the difference with every step: a loss may be off by 0.2 % in the
/// first step and by as much again in each step after it.
fn assert_same_curve(architecture: Architecture) {
    let (device, _) = reference::device();
    let expected = losses(architecture, &Device::flex());
    let found = losses(architecture, &device);
    println!("{architecture:?}: {expected:?} on flex, {found:?}");
    assert!(expected[STEPS - 1] < expected[0], "it does not come down: {expected:?}");
    for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let tolerance = 2e-3 * (step + 1) as f32 * expected;
        let difference = (found - expected).abs();
        assert!(difference <= tolerance, "step {step}: the loss is {found}, on flex {expected}");
    }
}

#[test]
fn a_resnet18_comes_down_as_on_the_processor() {
    assert_same_curve(Architecture::Resnet18);
}

#[test]
fn a_resnet50_comes_down_as_on_the_processor() {
    assert_same_curve(Architecture::Resnet50);
}
