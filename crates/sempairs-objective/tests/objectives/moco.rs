//! InfoNCE loss and its queue.

use burn::tensor::{Device, Tensor};
use sempairs_objective::{BatchSplit, MoCoConfig, info_nce, normalize};

use super::compare::compare;
use super::oracle::{descends, dot, fixed, free, hold, host, tensor, unit, values};

#[test]
fn reference_loss_and_gradient_of_moco() {
    compare("moco_t0.2", &["q"], &["k", "queue"], |x| {
        info_nce(x[0].clone(), x[1].clone(), normalize(x[2].clone()), 0.2)
    });
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (b, d, k) in [(1, 2, 1), (3, 5, 4), (7, 16, 13)] {
        for t in [0.07, 0.2, 1.0] {
            hold(
                &format!("{b} of {d} in {k} at {t}"),
                &[free(b, d), fixed(b, d), fixed(k, d)],
                |x| info_nce(x[0].clone(), x[1].clone(), normalize(x[2].clone()), t),
                |x| {
                    let [q, key, queue] = [unit(&x[0]), unit(&x[1]), unit(&x[2])];
                    let term = |i: usize| {
                        let positive = (dot(&q[i], &key[i]) / t).exp();
                        let negative: f64 = queue.iter().map(|n| (dot(&q[i], n) / t).exp()).sum();
                        -(positive / (positive + negative)).ln()
                    };
                    (0..b).map(term).sum::<f64>() / b as f64
                },
            );
        }
    }
}

#[test]
fn the_loss_of_constant_embeddings_is_the_log_of_the_number_of_keys() {
    let device = Device::flex();
    let same = |rows| tensor(&[0.6, 0.8].repeat(rows), rows, &device);
    let loss = info_nce(same(5), same(5), same(31), 0.2).into_scalar::<f32>();
    assert!((loss - 32f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn a_small_temperature_stays_finite() {
    let device = Device::flex();
    let [q, k] = [1, 2].map(|seed| tensor(&values(12, seed), 3, &device));
    let queue = normalize(tensor(&values(32, 3), 8, &device));
    assert!(info_nce(q, k, queue, 1e-3).into_scalar::<f32>().is_finite());
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(6, 8), fixed(6, 8), fixed(12, 8)], 0.5, |x| {
        info_nce(x[0].clone(), x[1].clone(), normalize(x[2].clone()), 0.5)
    });
}

#[test]
fn only_queries_get_a_gradient() {
    let device = Device::flex().autodiff();
    let leaf = |seed| tensor(&values(8, seed), 2, &device).require_grad();
    let (q, k) = (leaf(1), leaf(2));
    let queue: Tensor<2> = normalize(leaf(3));
    let gradients = info_nce(q.clone(), k.clone(), queue, 0.2).backward();
    assert!(q.grad(&gradients).is_some() && k.grad(&gradients).is_none());
    assert!(host(q.grad(&gradients).unwrap()).iter().all(|x| x.is_finite()));
}

#[test]
fn a_queue_that_does_not_fit_the_data_is_an_error() {
    let config = MoCoConfig { queue: 64, batch_norm: BatchSplit::Whole, ..MoCoConfig::paper() };
    assert_eq!(config.check_data(16, 100), Ok(()));
    for (config, batch, pairs, key) in [
        (config.clone(), 24, 100, "queue"),
        (config.clone(), 16, 64, "queue"),
        (MoCoConfig { queue: 8, ..config.clone() }, 16, 100, "queue"),
        (
            MoCoConfig { batch_norm: BatchSplit::Split { groups: 3 }, ..config.clone() },
            16,
            100,
            "batch_norm.groups",
        ),
        (
            MoCoConfig { batch_norm: BatchSplit::Shuffled { groups: 16 }, ..config },
            16,
            100,
            "batch_norm.groups",
        ),
    ] {
        assert_eq!(config.check_data(batch, pairs).unwrap_err().key(), key);
    }
}
