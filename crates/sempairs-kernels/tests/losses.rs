//! The fused losses against their reference implementations on the device that `SEMPAIRS_DEVICE`
//! names: values and gradients.

#[path = "support/on_device.rs"]
mod on_device;

use burn::tensor::{DType, Tensor};
use on_device::{assert_parity, assert_parity_in, random};
use sempairs_kernels as fused;
use sempairs_kernels::reference;

/// Rows, keys and width: single ones, whole tiles, tiles plus one, and rows wider than one pass of
/// a cube.
const MATRICES: [[usize; 3]; 8] = [
    [2, 1, 1],
    [7, 1, 7],
    [64, 64, 64],
    [64, 257, 16],
    [257, 64, 65],
    [1, 7, 257],
    [65, 1025, 33],
    [130, 700, 300],
];

type Keyed = fn(Tensor<2>, Tensor<2>, f64) -> Tensor<1>;
type Alone = fn(Tensor<2>, f64) -> Tensor<1>;
type Queued = fn(Tensor<2>, Tensor<2>, Tensor<2>, f64) -> Tensor<1>;
type Soft = fn(Tensor<2>, Tensor<2>, Tensor<1>, f64, f64) -> Tensor<1>;

const LOG_SUM_EXP: [Keyed; 2] = [fused::log_sum_exp, reference::log_sum_exp];
const OF_OTHERS: [Alone; 2] = [fused::log_sum_exp_of_others, reference::log_sum_exp_of_others];
const INFO_NCE: [Queued; 2] =
    [fused::info_nce_from_embeddings, reference::info_nce_from_embeddings];
const SOFT: [Soft; 2] = [fused::soft_cross_entropy, reference::soft_cross_entropy];

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn log_sum_exp_equals_its_reference() {
    for [n, k, d] in MATRICES {
        let inputs = [random([n, d], 1), random([k, d], 2)];
        let [actual, expected] = LOG_SUM_EXP.map(|f| move |[q, keys]: [_; 2]| f(q, keys, 0.5));
        assert_parity(&format!("log_sum_exp {n} {k} {d}"), inputs, actual, expected);
    }
}

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn log_sum_exp_of_others_equals_its_reference() {
    for n in [2, 7, 64, 65, 257] {
        for d in [1, 7, 64, 257] {
            let [actual, expected] = OF_OTHERS.map(|f| move |[x]: [_; 1]| f(x, 0.5));
            assert_parity(&format!("of_others {n} {d}"), [random([n, d], 3)], actual, expected);
        }
    }
}

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn info_nce_equals_its_reference() {
    for [n, k, d] in MATRICES {
        let inputs = [random([n, d], 1), random([n, d], 2), random([k, d], 3)];
        let [actual, expected] = INFO_NCE.map(|f| move |[q, p, keys]: [_; 3]| f(q, p, keys, 0.5));
        assert_parity(&format!("info_nce_from_embeddings {n} {k} {d}"), inputs, actual, expected);
    }
}

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn losses_support_any_memory_layout() {
    type View = fn(Tensor<2>) -> Tensor<2>;
    let views: [(&str, View); 4] = [
        ("transposed", |x| x.transpose()),
        ("sliced", |x| x.slice([1..70, 2..71])),
        ("flipped", |x| x.flip([0])),
        ("expanded", |x| x.slice([3..4, 0..72]).expand([72, 72])),
    ];
    for (name, view) in views {
        let inputs = || [random([72, 72], 1), random([72, 72], 2)];
        let [actual, expected] =
            LOG_SUM_EXP.map(|f| move |[q, k]: [_; 2]| f(view(q), view(k).narrow(0, 0, 40), 1.0));
        assert_parity(&format!("log_sum_exp, {name}"), inputs(), actual, expected);
        let [actual, expected] = OF_OTHERS.map(|f| move |[x, _]: [_; 2]| f(view(x), 2.0));
        assert_parity(&format!("of_others, {name}"), inputs(), actual, expected);
        let [actual, expected] = SOFT.map(|f| {
            move |[s, t]: [Tensor<2>; 2]| {
                let centre =
                    t.clone().mean_dim(0).transpose().narrow(0, 0, view(s.clone()).dims()[1]);
                f(view(s), view(t), centre.squeeze_dim(1), 0.1, 0.3)
            }
        });
        assert_parity(&format!("soft_cross_entropy, {name}"), inputs(), actual, expected);
        let energies: [fn(_) -> _; 2] =
            [fused::off_diagonal_energy, reference::off_diagonal_energy];
        let [actual, expected] = energies.map(|f| move |[c, _]: [_; 2]| f(view(c)));
        assert_parity(&format!("off_diagonal_energy, {name}"), inputs(), actual, expected);
    }
}

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn soft_cross_entropy_equals_its_reference() {
    for [n, k] in
        [[1, 1], [7, 7], [64, 257], [257, 64], [3, 1024], [2, 1025], [5, 4096], [2, 65536]]
    {
        let inputs = [random([n, k], 1), random([n, k], 2)];
        // DINO's temperatures; logits of a few units give sharp distributions.
        let [actual, expected] = SOFT.map(|f| {
            move |[s, t]: [Tensor<2>; 2]| {
                let centre = t.clone().detach().mean_dim(0).squeeze_dim(0) * 0.1;
                f(s * 2.0, t * 2.0, centre, 0.1, 0.04)
            }
        });
        assert_parity(&format!("soft_cross_entropy {n} {k}"), inputs, actual, expected);
    }
}

/// WebGPU launches at most 65,535 cubes along an axis: here there are more rows, and more values of
/// a gradient than 256 units of so many cubes.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn more_work_than_cubes_along_one_axis() {
    let inputs = [random([70_001, 3], 1), random([70_001, 3], 2)];
    let [actual, expected] = SOFT.map(|f| {
        move |[s, t]: [Tensor<2>; 2]| {
            let centre = Tensor::from_floats([0.1, -0.2, 0.3], &t.device());
            f(s, t, centre, 0.5, 0.5)
        }
    });
    assert_parity_in(&[DType::F32], "soft_cross_entropy", inputs, actual, expected);
    let inputs = [random([3, 257], 3), random([66_001, 257], 4)];
    let [actual, expected] = LOG_SUM_EXP.map(|f| move |[q, keys]: [_; 2]| f(q, keys, 0.1));
    // In 16 bits even the gradient of a single chunk is rounded by a launch of its own.
    let types = on_device::types();
    assert_parity_in(&types, "log_sum_exp", inputs, actual, expected);
}

#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn energies_equal_their_reference() {
    for d in [1, 2, 7, 64, 257, 1030] {
        let energies: [fn(_) -> _; 2] =
            [fused::off_diagonal_energy, reference::off_diagonal_energy];
        let [actual, expected] = energies.map(|f| move |[c]: [_; 1]| f(c));
        assert_parity(&format!("off_diagonal_energy {d}"), [random([d, d], 1)], actual, expected);
        let energies: [fn(_, _) -> _; 2] = [fused::redundancy, reference::redundancy];
        let [actual, expected] = energies.map(|f| move |[c]: [_; 1]| f(c, 5e-3));
        assert_parity(&format!("redundancy {d}"), [random([d, d], 2)], actual, expected);
    }
}

/// Closed form for `n` equal unit vectors: `log(n − 1) + 1 / t` for each row.
#[test]
fn equal_rows_have_the_closed_form() {
    let x = Tensor::<2>::ones([33, 4], &on_device::device()) / 2.0;
    let sums = fused::log_sum_exp_of_others(x, 0.5).into_data().try_to_vec::<f32>().unwrap();
    assert!(sums.iter().all(|sum| (sum - (32.0f32.ln() + 2.0)).abs() < 1e-5), "{sums:?}");
}

/// The exponentials of these logits overflow.
#[test]
fn large_similarities_stay_finite() {
    let x = Tensor::<2>::from_data([[1e3, 0.0], [1e3, 1.0], [-1e3, 0.0]], &on_device::device());
    let sums = fused::log_sum_exp_of_others(x, 1.0).into_data().try_to_vec::<f32>().unwrap();
    let expected = [1e6, 1e6, -1e6];
    assert!(sums.iter().zip(expected).all(|(sum, x)| (sum - x).abs() <= 1.0), "{sums:?}");
}

#[test]
fn a_teacher_has_no_gradient() {
    let device = on_device::device().autodiff();
    let [s, t] = [1, 2].map(|seed| Tensor::<2>::from_data(random([3, 9], seed), &device));
    let (s, t) = (s.require_grad(), t.require_grad());
    let centre = Tensor::<1>::zeros([9], &device).require_grad();
    let loss = fused::soft_cross_entropy(s.clone(), t.clone(), centre.clone(), 0.1, 0.1);
    let grads = loss.sum().backward();
    assert!(s.grad(&grads).is_some());
    assert!(t.grad(&grads).is_none() && centre.grad(&grads).is_none());
}
