//! LARS and the schedules compared with reference values, and all LARS variants with their
//! formulas.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use sempairs_objective::{Clock, Schedule};
use sempairs_testing::{Reference, assert_close, backend_name, device_name, loss_tolerance};
use sempairs_train::{LarsConfig, LarsVariant, OptimizerConfig};

#[derive(Module, Debug)]
struct Pair {
    w: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Difference of the weight updates from PyTorch's, relative to the largest update of PyTorch. The
/// updates are compared instead of the weights because a LARS step changes these weights by only
/// about a thousandth of the largest, so a tolerance on the weights would hide a wrong step.
fn assert_same_step(ours: [&[f32]; 2], theirs: [&[f32]; 2], tolerance: f64, what: &str) {
    let step = |[before, after]: [&[f32]; 2]| -> Vec<f64> {
        before.iter().zip(after).map(|(a, b)| f64::from(*b) - f64::from(*a)).collect()
    };
    let (ours, theirs) = (step(ours), step(theirs));
    let largest = theirs.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    assert!(largest > 0.0, "{what}: PyTorch moved");
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        let apart = (a - b).abs() / largest;
        assert!(apart <= tolerance, "{what}[{i}]: a step of {a} is not PyTorch's {b}: {apart:.1e}");
    }
}

#[test]
fn reference_steps_of_lars() {
    let plain = sempairs_testing::device!();
    let tolerance = loss_tolerance(backend_name(&device_name("flex")));
    // The rounding error of the weights is 1.2e-7, a ten-thousandth of a step. Divisions and square
    // roots on a GPU may be off by a few more units in the last place, and errors accumulate.
    let step_tolerance = if plain == Device::flex() { 1e-3 } else { 4e-3 };
    let device = plain.clone().autodiff();
    let numbers = Reference::read("optim/lars_lr0.3_m0.9_wd1e-4.safetensors");
    let vector = |name: &str, device: &Device| numbers.tensor::<1>(name, device);
    let mut module = Pair {
        w: Param::from_tensor(numbers.tensor("w.initial", &device)),
        b: Param::from_tensor(vector("b.initial", &device)),
    };
    let lars = LarsConfig {
        variant: LarsVariant::Lightly,
        momentum: 0.9,
        weight_decay: 1e-4,
        trust: 1e-3,
        ..LarsConfig::default()
    };
    let mut optimizer = OptimizerConfig::Lars(lars).init();
    let mut before =
        ["w", "b"].map(|name| [(); 2].map(|_| numbers.floats(&format!("{name}.initial")).to_vec()));
    for step in 0..5 {
        let mut gradients = GradientsParams::new();
        gradients.register(module.w.id, numbers.tensor::<2>(&format!("step{step}.grad_w"), &plain));
        gradients.register(module.b.id, vector(&format!("step{step}.grad_b"), &plain));
        module = optimizer.step(0.3, module, gradients);
        let after = [(host(module.w.val()), "w"), (host(module.b.val()), "b")];
        for ((ours, name), before) in after.into_iter().zip(&mut before) {
            let (theirs, what) = (
                numbers.floats(&format!("step{step}.{name}")).to_vec(),
                format!("step {step}, {name}"),
            );
            assert_close(&ours, &theirs, tolerance, &what);
            let [our_start, their_start] = &*before;
            let (ours_moved, theirs_moved) = ([&our_start[..], &ours], [&their_start[..], &theirs]);
            assert_same_step(ours_moved, theirs_moved, step_tolerance, &what);
            *before = [ours, theirs];
        }
    }
}

#[test]
fn reference_schedules() {
    let numbers = Reference::read("optim/schedules_50_warmup10.safetensors");
    let clock = Clock::new(1, 50);
    for (name, schedule) in [
        ("lr_factor", Schedule::WarmupCosine { peak: 1.0, end: 0.001, warmup: 10 }),
        ("ema_momentum_0.996_to_1", Schedule::Cosine { start: 0.996, end: 1.0 }),
    ] {
        let ours: Vec<f32> = (0..50).map(|step| schedule.at(clock.at(step)) as f32).collect();
        assert_close(&ours, numbers.floats(name), 1e-6, name);
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Two steps of a matrix with a constant gradient, computed with the formula of each variant.
fn oracle(variant: LarsVariant, w: &mut [f64], g: &[f64], lr: f64) {
    let (m, d, e) = (0.9, 0.1, 0.02);
    let mut buffer = vec![0.0; w.len()];
    for _ in 0..2 {
        let h: Vec<f64> = g.iter().zip(&*w).map(|(g, w)| g + d * w).collect();
        let ratio = match variant {
            LarsVariant::Google | LarsVariant::Fair => e * norm(w) / norm(&h),
            LarsVariant::Lightly => e * norm(w) / (norm(g) + d * norm(w)),
            LarsVariant::Clipped => (e * norm(w) / (norm(g) + d * norm(w)) / lr).min(1.0),
        };
        for ((b, h), w) in buffer.iter_mut().zip(&h).zip(w.iter_mut()) {
            if variant == LarsVariant::Google {
                *b = m * *b + lr * ratio * h;
                *w -= *b;
            } else {
                *b = m * *b + ratio * h;
                *w -= lr * *b;
            }
        }
    }
}

/// The matrix `w` after this many steps with learning rate `lr` and gradient `g`, and the vector
/// `w` after the same steps.
fn moved<const N: usize>(
    config: &LarsConfig,
    lr: f64,
    [w, g]: [[f32; N]; 2],
    steps: usize,
) -> [Vec<f32>; 2] {
    let device = Device::flex();
    let matrix = |x| Tensor::<1>::from_floats(x, &device).reshape([2, N / 2]);
    let tracked = |x| Tensor::<1>::from_floats(x, &device.clone().autodiff());
    let mut pair = Pair {
        w: Param::from_tensor(tracked(w).reshape([2, N / 2])),
        b: Param::from_tensor(tracked(w)),
    };
    let mut optimizer = OptimizerConfig::Lars(config.clone()).init();
    for _ in 0..steps {
        let mut gradients = GradientsParams::new();
        gradients.register(pair.w.id, matrix(g));
        gradients.register(pair.b.id, Tensor::<1>::from_floats(g, &device));
        pair = optimizer.step(lr, pair, gradients);
    }
    [host(pair.w.val()), host(pair.b.val())]
}

#[test]
fn every_variant_follows_its_formula_and_excludes_biases() {
    let (w, g): ([f32; 6], [f32; 6]) =
        ([0.5, -1.5, 2.0, 0.25, 1.0, -0.75], [0.1, 0.3, -0.2, 0.05, 0.4, 0.2]);
    let [wide_w, wide_g] = [w, g].map(|x| x.map(f64::from));
    for variant in
        [LarsVariant::Google, LarsVariant::Fair, LarsVariant::Lightly, LarsVariant::Clipped]
    {
        let config = LarsConfig {
            variant,
            momentum: 0.9,
            weight_decay: 0.1,
            trust: 0.02,
            ..LarsConfig::default()
        };
        for lr in [0.3, 0.01] {
            let mut expected = wide_w;
            oracle(variant, &mut expected, &wide_g, lr);
            let [matrix, bias] = moved(&config, lr, [w, g], 2);
            let expected: Vec<f32> = expected.iter().map(|x| *x as f32).collect();
            assert_close(&matrix, &expected, 1e-6, &format!("{variant:?} {lr}"));
            // 1-D parameters: momentum only, no weight decay, no trust ratio. Two steps with
            // gradient g add up to (1 + 1.9) g.
            let expected: Vec<f32> =
                w.iter().zip(g).map(|(w, g)| w - lr as f32 * 2.9 * g).collect();
            assert_close(&bias, &expected, 1e-6, &format!("{variant:?} {lr}, bias"));
        }
        // Without weight decay lightly's variant has no trust ratio, and the others keep theirs.
        // One step is g times the ratio.
        let undecayed = LarsConfig { weight_decay: 0.0, ..config.clone() };
        let [matrix, _] = moved(&undecayed, 0.1, [w, g], 1);
        let ratio = match variant {
            LarsVariant::Lightly => 1.0,
            LarsVariant::Google | LarsVariant::Fair => 0.02 * norm(&wide_w) / norm(&wide_g),
            LarsVariant::Clipped => (0.02 * norm(&wide_w) / norm(&wide_g) / 0.1).min(1.0),
        };
        let expected: Vec<f32> =
            wide_w.iter().zip(wide_g).map(|(w, g)| (w - 0.1 * ratio * g) as f32).collect();
        assert_close(&matrix, &expected, 1e-6, &format!("{variant:?}, no decay"));
    }
}

#[test]
fn a_zero_weight_is_updated_and_nothing_becomes_nan() {
    for variant in [LarsVariant::Google, LarsVariant::Lightly] {
        let config = LarsConfig { variant, ..LarsConfig::default() };
        let [zero, _] = moved(&config, 0.1, [[0.0; 4], [1.0; 4]], 1);
        assert_close(&zero, &[-0.1; 4], 1e-6, "zero weight");
        let [still, _] = moved(&config, 0.1, [[1.0; 4], [0.0; 4]], 1);
        assert_close(&still, &[1.0; 4], 1e-6, "zero gradient");
    }
}
