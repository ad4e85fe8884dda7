//! Steps over lists of parameters against their reference implementations on the device that
//! `SEMPAIRS_DEVICE` names.

#[path = "support/on_device.rs"]
#[allow(dead_code, reason = "each test binary uses some of it")]
mod on_device;

use burn::tensor::{Device, Tensor};
use sempairs_kernels as fused;
use sempairs_kernels::{AdamW, Ratio, Sgd, reference};

/// Lengths of parameters: single values, within the share of one cube, exactly one share, and
/// several shares.
const LENGTHS: [usize; 9] = [1, 7, 64, 257, 4096, 4097, 3, 9411, 40_000];

/// Enough parameters for several launches.
fn list(device: &Device, seed: usize) -> Vec<Tensor<1>> {
    (0..70)
        .map(|index| {
            let length = LENGTHS[index % LENGTHS.len()];
            let value = |i: usize| (((i + 1) * (index + 3) * (seed + 5)) % 97) as f32 / 48.0 - 1.0;
            let values: Vec<f32> = (0..length).map(value).collect();
            Tensor::from_floats(values.as_slice(), device)
        })
        .collect()
}

fn assert_close(actual: Vec<Tensor<1>>, expected: Vec<Tensor<1>>, name: &str) {
    assert_eq!(actual.len(), expected.len(), "{name}");
    for (index, (actual, expected)) in actual.into_iter().zip(expected).enumerate() {
        let [actual, expected] =
            [actual, expected].map(|x| x.into_data().try_to_vec::<f32>().unwrap());
        assert_eq!(actual.len(), expected.len(), "{name}: tensor {index}");
        for (place, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
            assert!(
                (actual - expected).abs() <= 1e-5 * expected.abs().max(1.0),
                "{name}: tensor {index}: element {place} is {actual}, the reference is {expected}"
            );
        }
    }
}

fn rules() -> Vec<(&'static str, Sgd)> {
    let plain = Sgd {
        rate: 0.3,
        momentum: 0.9,
        decay: 1e-2,
        nesterov: false,
        rate_inside: false,
        ratio: None,
    };
    let of_decayed = Some(Ratio::OfDecayed { trust: 1e-3 });
    let of_parts = |limited| Some(Ratio::OfParts { trust: 0.02, limited });
    vec![
        ("sgd", plain),
        ("sgd with momentum", Sgd { nesterov: true, ..plain }),
        ("lars of SimCLR", Sgd { rate_inside: true, ratio: of_decayed, ..plain }),
        ("lars of Barlow Twins", Sgd { ratio: of_decayed, ..plain }),
        ("lars of lightly", Sgd { ratio: of_parts(false), ..plain }),
        ("lars of solo-learn", Sgd { ratio: of_parts(true), rate: 1e-3, ..plain }),
    ]
}

#[test]
fn steps_equal_their_reference() {
    type Step = fn(
        Vec<Tensor<1>>,
        Vec<Tensor<1>>,
        Vec<Tensor<1>>,
        &Sgd,
    ) -> (Vec<Tensor<1>>, Vec<Tensor<1>>);
    for (name, rule) in rules() {
        let of: [(Step, Device); 2] =
            [(fused::sgd, on_device::device()), (reference::sgd, Device::flex())];
        let [actual, expected] = of.map(|(step, device)| {
            let (mut weights, mut velocities) = (list(&device, 1), list(&device, 3));
            // Zero weights have a trust ratio of 1; the second step starts from tensors that share
            // a buffer.
            weights[4] = weights[4].zeros_like();
            for seed in [2, 4] {
                (weights, velocities) = step(weights, list(&device, seed), velocities, &rule);
            }
            [weights, velocities]
        });
        for ((actual, expected), what) in
            actual.into_iter().zip(expected).zip(["weights", "velocities"])
        {
            assert_close(actual, expected, &format!("{name}: {what}"));
        }
    }
}

#[test]
fn adamw_equals_its_reference() {
    type Step = fn(
        Vec<Tensor<1>>,
        Vec<Tensor<1>>,
        [Vec<Tensor<1>>; 2],
        &AdamW,
    ) -> (Vec<Tensor<1>>, [Vec<Tensor<1>>; 2]);
    for decay in [0.0, 0.3] {
        let of: [(Step, Device); 2] =
            [(fused::adamw, on_device::device()), (reference::adamw, Device::flex())];
        let [actual, expected] = of.map(|(step, device)| {
            let mut weights = list(&device, 1);
            let zeros = || weights.iter().map(Tensor::zeros_like).collect();
            let mut moments = [zeros(), zeros()];
            // Zero gradients and moments: the denominator is epsilon.
            let mut of_step = [list(&device, 2), list(&device, 4), list(&device, 6)];
            for gradients in &mut of_step {
                gradients[4] = gradients[4].zeros_like();
            }
            for (index, gradients) in of_step.into_iter().enumerate() {
                let time = index + 1;
                let rule = AdamW { rate: 0.02, betas: [0.9, 0.99], epsilon: 1e-8, decay, time };
                (weights, moments) = step(weights, gradients, moments, &rule);
            }
            let [first, second] = moments;
            [weights, first, second]
        });
        let names = ["weights", "first moments", "second moments"];
        for ((actual, expected), what) in actual.into_iter().zip(expected).zip(names) {
            assert_close(actual, expected, &format!("adamw, decay {decay}: {what}"));
        }
    }
}

/// Inputs need not be contiguous.
#[test]
fn adamw_takes_strided_inputs() {
    let rule = AdamW { rate: 0.02, betas: [0.9, 0.99], epsilon: 1e-8, decay: 0.1, time: 1 };
    // The second column of each matrix.
    let columns = |device: &Device, seed: usize| -> Vec<Tensor<1>> {
        let column = |length: usize| {
            let value = |i: usize| ((i + 1) * (seed + 5) % 97) as f32 / 48.0 - 1.0;
            let values: Vec<f32> = (0..3 * length).map(value).collect();
            let matrix = Tensor::<1>::from_floats(values.as_slice(), device).reshape([length, 3]);
            matrix.narrow(1, 1, 1).squeeze_dim::<1>(1)
        };
        [1, 7, 257, 4097].map(column).to_vec()
    };
    let (actual, cpu) = (on_device::device(), Device::flex());
    let lists = |device| [1, 2, 3].map(|seed| columns(device, seed));
    let squares = |list: Vec<Tensor<1>>| list.into_iter().map(|x| x.square()).collect();
    let [weights, gradients, moments] = lists(&actual);
    let (actual, _) = fused::adamw(weights, gradients, [moments.clone(), squares(moments)], &rule);
    let [weights, gradients, moments] = lists(&cpu);
    let (expected, _) =
        reference::adamw(weights, gradients, [moments.clone(), squares(moments)], &rule);
    assert_close(actual, expected, "adamw of columns");
}

/// Two steps of one weight computed by hand: after the first step `m̂ / √v̂` is the sign of the
/// gradient.
#[test]
fn adamw_takes_the_steps_of_the_formula() {
    let device = on_device::device();
    let one = |value: f32| vec![Tensor::<1>::from_floats([value], &device)];
    let rule = AdamW { rate: 0.1, betas: [0.9, 0.5], epsilon: 0.0, decay: 0.5, time: 1 };
    let (weights, moments) = fused::adamw(one(2.0), one(-4.0), [one(0.0), one(0.0)], &rule);
    // w = 0.95 · 2 + 0.1, m = -0.4, v = 8.
    assert_close(weights.clone(), one(2.0), "weight after a step");
    let rule = AdamW { time: 2, ..rule };
    let (weights, [first, second]) = fused::adamw(weights, one(2.0), moments, &rule);
    // m = -0.36 + 0.2, v = 4 + 2; m̂ = -0.16 / 0.19, v̂ = 6 / 0.75.
    assert_close(first, one(-0.16), "first moment");
    assert_close(second, one(6.0), "second moment");
    assert_close(weights, one(1.9 + 0.1 * (0.16 / 0.19) / 8f32.sqrt()), "weight");
}

#[test]
fn moving_averages_equal_their_reference() {
    type Average = fn(Vec<Tensor<1>>, Vec<Tensor<1>>, f64) -> Vec<Tensor<1>>;
    let of: [(Average, Device); 2] = [
        (fused::moving_averages, on_device::device()),
        (reference::moving_averages, Device::flex()),
    ];
    let [actual, expected] = of.map(|(average, device)| {
        let once = average(list(&device, 1), list(&device, 2), 0.996);
        average(once, list(&device, 3), 0.5)
    });
    assert_close(actual, expected, "moving averages");
}

/// In-place Burn operations on one result must not change the others.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn results_that_share_a_buffer_are_independent() {
    let device = on_device::device();
    let averages = fused::moving_averages(list(&device, 1), list(&device, 1), 0.5);
    let mut averages = averages.into_iter();
    let kept: Vec<_> = averages.by_ref().take(4).collect();
    let changed: Vec<_> = averages.map(|x| x * 2.0 + 1.0).collect();
    let expected = list(&device, 1);
    assert_close(kept, expected[..4].to_vec(), "kept");
    let doubled = expected[4..].iter().map(|x| x.clone() * 2.0 + 1.0).collect();
    assert_close(changed, doubled, "changed");
}

#[test]
#[should_panic = "must have equal lengths"]
fn tensors_of_different_lengths_panic() {
    let device = on_device::device();
    let one = |length| vec![Tensor::<1>::zeros([length], &device)];
    fused::moving_averages(one(3), one(4), 0.5);
}

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn running_statistics_equal_their_reference() {
    for channels in [1, 7, 256, 2048] {
        let of = |device: &Device| {
            [1, 2, 3, 4].map(|seed| {
                let value = |i: usize| ((i + 3) * (seed + 5) % 97) as f32 / 48.0;
                let values: Vec<f32> = (0..channels).map(value).collect();
                Tensor::<1>::from_floats(values.as_slice(), device)
            })
        };
        let [a, b, c, d] = of(&on_device::device());
        let actual = fused::running_statistics([a, b], [c, d], 0.1, 7);
        let [a, b, c, d] = of(&Device::flex());
        let expected = reference::running_statistics([a, b], [c, d], 0.1, 7);
        assert_close(actual.into(), expected.into(), &format!("running statistics of {channels}"));
    }
}

/// Tensors of a device with autodiff have no fused step, whether they are tracked or not.
#[test]
fn untracked_tensors_of_an_autodiff_device_take_the_step_of_the_reference() {
    for (name, rule) in rules() {
        let step = |device: &Device| {
            let [weights, gradients, velocities] = [1, 2, 3].map(|seed| list(device, seed));
            fused::sgd(weights, gradients, velocities, &rule).0
        };
        let (plain, tracked) = (step(&Device::flex()), step(&Device::flex().autodiff()));
        for (plain, tracked) in plain.into_iter().zip(tracked) {
            // The norms of LARS are summed in another order.
            if rule.ratio.is_some() {
                assert_close(vec![plain], vec![tracked.inner()], name);
            } else {
                assert_eq!(plain.into_data(), tracked.into_data(), "{name}");
            }
        }
    }
}
