//! The fused losses against their plain twins on the device that `SEMPAIRS_DEVICE` names: values and gradients.

#[path = "support/on_device.rs"]
mod on_device;

use burn::tensor::Tensor;
use on_device::{assert_parity, random};
use sempairs_kernels as fused;
use sempairs_kernels::reference;

/// Rows, keys, width: single ones, whole tiles, tiles and one more, and rows wider than a cube sums at once.
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
const INFO_NCE: [Queued; 2] = [fused::info_nce, reference::info_nce];
const SOFT: [Soft; 2] = [fused::soft_cross_entropy, reference::soft_cross_entropy];

#[test]
fn log_sum_exp_equals_its_twin() {
    for [n, k, d] in MATRICES {
        let inputs = [random([n, d], 1), random([k, d], 2)];
        let [ours, twin] = LOG_SUM_EXP.map(|f| move |[q, keys]: [_; 2]| f(q, keys, 0.5));
        assert_parity(&format!("log_sum_exp {n} {k} {d}"), inputs, ours, twin);
    }
}

#[test]
fn log_sum_exp_of_others_equals_its_twin() {
    for n in [2, 7, 64, 65, 257] {
        for d in [1, 7, 64, 257] {
            let [ours, twin] = OF_OTHERS.map(|f| move |[x]: [_; 1]| f(x, 0.5));
            assert_parity(&format!("of_others {n} {d}"), [random([n, d], 3)], ours, twin);
        }
    }
}

#[test]
fn info_nce_equals_its_twin() {
    for [n, k, d] in MATRICES {
        let inputs = [random([n, d], 1), random([n, d], 2), random([k, d], 3)];
        let [ours, twin] = INFO_NCE.map(|f| move |[q, p, keys]: [_; 3]| f(q, p, keys, 0.5));
        assert_parity(&format!("info_nce {n} {k} {d}"), inputs, ours, twin);
    }
}

#[test]
fn losses_take_any_strides_of_memory() {
    type View = fn(Tensor<2>) -> Tensor<2>;
    let views: [(&str, View); 4] = [
        ("transposed", |x| x.transpose()),
        ("sliced", |x| x.slice([1..70, 2..71])),
        ("flipped", |x| x.flip([0])),
        ("expanded", |x| x.slice([3..4, 0..72]).expand([72, 72])),
    ];
    for (name, view) in views {
        let inputs = || [random([72, 72], 1), random([72, 72], 2)];
        let [ours, twin] =
            LOG_SUM_EXP.map(|f| move |[q, k]: [_; 2]| f(view(q), view(k).narrow(0, 0, 40), 1.0));
        assert_parity(&format!("log_sum_exp, {name}"), inputs(), ours, twin);
        let [ours, twin] = OF_OTHERS.map(|f| move |[x, _]: [_; 2]| f(view(x), 2.0));
        assert_parity(&format!("of_others, {name}"), inputs(), ours, twin);
        let [ours, twin] = SOFT.map(|f| {
            move |[s, t]: [Tensor<2>; 2]| {
                let centre =
                    t.clone().mean_dim(0).transpose().narrow(0, 0, view(s.clone()).dims()[1]);
                f(view(s), view(t), centre.squeeze_dim(1), 0.1, 0.3)
            }
        });
        assert_parity(&format!("soft_cross_entropy, {name}"), inputs(), ours, twin);
        let energies: [fn(_) -> _; 2] =
            [fused::off_diagonal_energy, reference::off_diagonal_energy];
        let [ours, twin] = energies.map(|f| move |[c, _]: [_; 2]| f(view(c)));
        assert_parity(&format!("off_diagonal_energy, {name}"), inputs(), ours, twin);
    }
}

#[test]
fn soft_cross_entropy_equals_its_twin() {
    for [n, k] in
        [[1, 1], [7, 7], [64, 257], [257, 64], [3, 1024], [2, 1025], [5, 4096], [2, 65536]]
    {
        let inputs = [random([n, k], 1), random([n, k], 2)];
        // The temperatures of DINO; logits of a few units make sharp distributions of them.
        let [ours, twin] = SOFT.map(|f| {
            move |[s, t]: [Tensor<2>; 2]| {
                let centre = t.clone().detach().mean_dim(0).squeeze_dim(0) * 0.1;
                f(s * 2.0, t * 2.0, centre, 0.1, 0.04)
            }
        });
        assert_parity(&format!("soft_cross_entropy {n} {k}"), inputs, ours, twin);
    }
}

#[test]
fn energies_equal_their_twins() {
    for d in [1, 2, 7, 64, 257, 1030] {
        let energies: [fn(_) -> _; 2] =
            [fused::off_diagonal_energy, reference::off_diagonal_energy];
        let [ours, twin] = energies.map(|f| move |[c]: [_; 1]| f(c));
        assert_parity(&format!("off_diagonal_energy {d}"), [random([d, d], 1)], ours, twin);
        let energies: [fn(_, _) -> _; 2] = [fused::redundancy, reference::redundancy];
        let [ours, twin] = energies.map(|f| move |[c]: [_; 1]| f(c, 5e-3));
        assert_parity(&format!("redundancy {d}"), [random([d, d], 2)], ours, twin);
    }
}

/// What is known without a twin: `n` equal rows have each `log(n − 1) + 1 / t`.
#[test]
fn equal_rows_have_the_closed_form() {
    let x = Tensor::<2>::ones([33, 4], &on_device::device()) / 2.0;
    let sums = fused::log_sum_exp_of_others(x, 0.5).into_data().try_to_vec::<f32>().unwrap();
    assert!(sums.iter().all(|sum| (sum - (32.0f32.ln() + 2.0)).abs() < 1e-5), "{sums:?}");
}

/// Logits that overflow an exponential are no trouble.
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
