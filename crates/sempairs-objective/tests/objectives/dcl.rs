//! Decoupled contrastive loss.

use burn::tensor::Device;
use sempairs_objective::decoupled_loss;

use super::compare::compare;
use super::oracle::{descends, dot, free, hold, tensor, unit};

#[test]
fn reference_loss_and_gradients_of_decoupled() {
    compare("decoupled_t0.1", &["z0", "z1"], &[], |z| {
        decoupled_loss(z[0].clone(), z[1].clone(), 0.1)
    });
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (n, d) in [(2, 3), (5, 4), (9, 16)] {
        for t in [0.1, 0.5] {
            hold(
                &format!("{n}x{d} at {t}"),
                &[free(n, d), free(n, d)],
                |z| decoupled_loss(z[0].clone(), z[1].clone(), t),
                |z| {
                    let u = unit(&[&z[0][..], &z[1]].concat());
                    let term = |i: usize| {
                        let partner = (i + n) % (2 * n);
                        let others = (0..2 * n).filter(|k| *k != i && *k != partner);
                        let total: f64 = others.map(|k| (dot(&u[i], &u[k]) / t).exp()).sum();
                        total.ln() - dot(&u[i], &u[partner]) / t
                    };
                    (0..2 * n).map(term).sum::<f64>() / (2 * n) as f64
                },
            );
        }
    }
}

#[test]
fn the_loss_of_constant_embeddings_is_the_log_of_the_number_of_negatives() {
    let device = Device::flex();
    let same = || tensor(&[1.0, -2.0, 0.5].repeat(8), 8, &device);
    let loss = decoupled_loss(same(), same(), 0.1).into_scalar::<f32>();
    assert!((loss - 14f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(6, 8), free(6, 8)], 0.5, |z| decoupled_loss(z[0].clone(), z[1].clone(), 0.5));
}
