//! Optimiser steps compared with steps computed by hand: weight decay and its exclusions, schedules
//! of weight decay and learning rate, gradient clipping.

use burn::module::{Module, Param, ParamGroup};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use sempairs_objective::Clock;
use sempairs_train::{LarsConfig, LarsVariant, OptimizerConfig, Stepper, TrainConfig};

#[derive(Module, Debug)]
struct Layer {
    w: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

const W: [f32; 2] = [3.0, -4.0];
const B: [f32; 2] = [0.5, -2.0];
const G: [f32; 2] = [0.6, 0.8];

fn layer() -> Layer {
    let device = Device::flex().autodiff();
    Layer {
        w: Param::from_tensor(Tensor::from_floats([W], &device)),
        b: Param::from_tensor(Tensor::from_floats(B, &device)),
    }
}

/// Gradient of the weight and of the bias, `scale * G`.
fn gradients(layer: &Layer, scale: f32) -> GradientsParams {
    let device = Device::flex();
    let g = Tensor::<1>::from_floats(G, &device) * scale;
    let mut gradients = GradientsParams::new();
    gradients.register(layer.w.id, g.clone().reshape([1, 2]));
    gradients.register(layer.b.id, g);
    gradients
}

fn values(layer: &Layer) -> [Vec<f64>; 2] {
    let w = layer.w.val().into_data().iter::<f64>().collect();
    [w, layer.b.val().into_data().iter::<f64>().collect()]
}

#[track_caller]
fn close(found: &[f64], expected: impl IntoIterator<Item = f64>) {
    let expected: Vec<f64> = expected.into_iter().collect();
    let near = found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 5e-6);
    assert!(near && found.len() == expected.len(), "{found:?} is not {expected:?}");
}

/// Constant learning rate of 0.1 in a run of `steps` steps, over which weight decay may change.
fn config(optimizer: OptimizerConfig, steps: usize) -> TrainConfig {
    let mut config = TrainConfig { optimizer, ..TrainConfig::adamw(0, 2, steps, 0.1) };
    config.learning_rate.warmup_steps = None;
    config.learning_rate.end_factor = 1.0;
    config
}

/// The layer after this many steps with the same gradient.
fn after(config: &TrainConfig, steps: usize) -> Layer {
    let mut stepper = Stepper::new(config, 1);
    let clock = Clock::new(1, config.steps);
    (0..steps).fold(layer(), |layer, step| {
        let gradients = gradients(&layer, 1.0);
        stepper.step(layer, gradients, clock.at(step))
    })
}

fn f(x: f32) -> f64 {
    x.into()
}

#[test]
fn sgd_excludes_1d_parameters_if_configured() {
    for exclude_vectors in [false, true] {
        let sgd = OptimizerConfig::Sgd {
            momentum: 0.9,
            weight_decay: 0.5,
            nesterov: false,
            exclude_vectors,
        };
        let [w, b] = values(&after(&config(sgd, 8), 1));
        let step = |x: &[f32; 2], d: f64| [0, 1].map(|i| f(x[i]) - 0.1 * (f(G[i]) + d * f(x[i])));
        close(&w, step(&W, 0.5));
        close(&b, step(&B, if exclude_vectors { 0.0 } else { 0.5 }));
    }
}

#[test]
fn nesterov_momentum_follows_its_formula() {
    let sgd = OptimizerConfig::Sgd {
        momentum: 0.9,
        weight_decay: 0.0,
        nesterov: true,
        exclude_vectors: false,
    };
    let [w, b] = values(&after(&config(sgd, 8), 2));
    // The velocities are 1 and 1.9 times the gradient; a step is the gradient plus 0.9 times the
    // velocity.
    let moved = |x: &[f32; 2]| [0, 1].map(|i| f(x[i]) - 0.1 * f(G[i]) * (1.9 + 1.0 + 0.9 * 1.9));
    close(&w, moved(&W));
    close(&b, moved(&B));
}

/// With a constant gradient Adam's update is the sign of the gradient, so steps differ only in
/// weight decay.
#[test]
fn adamw_s_weight_decay_follows_its_cosine_and_excludes_1d_parameters() {
    let adamw = OptimizerConfig::AdamW {
        betas: [0.9, 0.999],
        weight_decay: 0.04,
        final_weight_decay: Some(0.4),
        exclude_vectors: true,
    };
    let [w, b] = values(&after(&config(adamw.clone(), 3), 3));
    // Half a cosine over three steps: its two ends and the mean of them.
    let kept = [0.04, 0.22, 0.4].map(|d| 1.0 - 0.1 * d);
    close(&w, W.map(|w| kept.iter().fold(f(w), |w, kept| w * kept - 0.1)));
    close(&b, B.map(|b| f(b) - 0.3));
    let all = OptimizerConfig::adamw(0.04);
    let [w, b] = values(&after(&config(all, 3), 2));
    let twice = |x: f32| (f(x) * 0.996 - 0.1) * 0.996 - 0.1;
    close(&w, W.map(twice));
    close(&b, B.map(twice));
}

#[test]
fn parameters_without_a_gradient_are_unchanged() {
    let config = config(OptimizerConfig::adamw(0.5), 3);
    let layer = layer();
    let mut gradients = gradients(&layer, 1.0);
    gradients.remove::<2>(layer.w.id);
    let moved = Stepper::new(&config, 1).step(layer, gradients, Clock::new(1, 3));
    let [w, b] = values(&moved);
    close(&w, W.map(f));
    close(&b, B.map(|b| f(b) * 0.95 - 0.1));
}

/// Barlow Twins: learning rate 0.2 for weights, 0.0048 for biases and normalisation parameters,
/// with the same warm-up.
#[test]
fn one_dimensional_parameters_may_have_their_own_learning_rate() {
    let lars = LarsConfig { variant: LarsVariant::Fair, ..LarsConfig::default() };
    let mut config = config(OptimizerConfig::Lars(lars), 4);
    config.learning_rate.base = 0.2;
    config.learning_rate.vectors = Some(0.0048);
    config.learning_rate.warmup_steps = Some(2);
    let [w, b] = values(&after(&config, 1));
    // The first of two warm-up steps has half the peak learning rate; |w| = 5, |g| = 1.
    close(&w, [0, 1].map(|i| f(W[i]) - 0.1 * 0.001 * 5.0 * f(G[i])));
    close(&b, [0, 1].map(|i| f(B[i]) - 0.0024 * f(G[i])));
}

#[test]
fn larc_adapts_and_decays_every_tensor() {
    let length = |x: [f64; 2]| x[0].hypot(x[1]);
    let lars = LarsConfig {
        variant: LarsVariant::Lightly,
        weight_decay: 0.1,
        trust: 0.02,
        exclude_vectors: false,
        ..LarsConfig::default()
    };
    let [w, b] = values(&after(&config(OptimizerConfig::Lars(lars), 4), 1));
    for (found, x) in [(w, W.map(f)), (b, B.map(f))] {
        let trust = 0.02 * length(x) / (1.0 + 0.1 * length(x));
        close(&found, [0, 1].map(|i| x[i] - 0.1 * trust * (f(G[i]) + 0.1 * x[i])));
    }
}

#[test]
fn each_tensor_s_gradient_is_clipped_by_its_own_norm() {
    let mut config = config(OptimizerConfig::sgd(0.0), 4);
    config.clip = Some(3.0);
    for (scale, clipped) in [(10.0, 3.0), (2.0, 2.0)] {
        let layer = layer();
        let mut gradients = gradients(&layer, scale);
        // A gradient below the limit is unchanged although another one is clipped.
        let short = Tensor::<1>::from_floats(G, &Device::flex());
        gradients.register(layer.b.id, short);
        let moved = Stepper::new(&config, 1).step(layer, gradients, Clock::new(1, 4));
        let [w, b] = values(&moved);
        close(&w, [0, 1].map(|i| f(W[i]) - 0.1 * clipped * f(G[i])));
        close(&b, [0, 1].map(|i| f(B[i]) - 0.1 * f(G[i])));
    }
    config.clip = Some(0.0);
    assert!(config.check().unwrap_err().to_string().contains("`clip`"));
}

/// Schedule of MoCo and SimSiam: the learning rate changes once per epoch.
#[test]
fn the_learning_rate_may_be_constant_within_an_epoch() {
    let mut config = config(OptimizerConfig::sgd(0.0), 12);
    config.learning_rate.end_factor = 0.0;
    let clock = Clock::new(4, 12);
    let rates = |config: &TrainConfig| {
        let stepper = Stepper::new(config, 4);
        (0..12).map(|step| stepper.rate(clock.at(step))).collect::<Vec<f64>>()
    };
    let by_step = rates(&config);
    config.learning_rate.by_epoch = true;
    let by_epoch = rates(&config);
    for (epoch, rates) in by_epoch.chunks(4).enumerate() {
        assert_eq!(rates, [by_step[4 * epoch]; 4]);
    }
    assert!(by_epoch[4] < by_epoch[3]);
}

/// SimSiam's predictor: at the end of the cosine only parameters with a constant learning rate
/// change.
#[test]
fn a_parameter_group_may_keep_the_peak_learning_rate() {
    let mut config = config(OptimizerConfig::sgd(0.0), 5);
    config.learning_rate.end_factor = 0.0;
    let layer = layer();
    let mut stepper = Stepper::new(&config, 1);
    stepper.constant = Some(ParamGroup::from_ids(vec![layer.b.id]));
    let gradients = gradients(&layer, 1.0);
    let [w, b] = values(&stepper.step(layer, gradients, Clock::new(1, 5).at(4)));
    close(&w, W.map(f));
    close(&b, [0, 1].map(|i| f(B[i]) - 0.1 * f(G[i])));
}
