//! BYOL loss.

use burn::tensor::Device;
use sempairs_objective::byol_loss;

use super::compare::compare;
use super::oracle::{Rows, descends, dot, fixed, free, hold, tensor, unit};

#[test]
fn reference_loss_and_gradients_of_byol() {
    compare("byol", &["p0", "p1"], &["z0", "z1"], |x| {
        byol_loss([x[0].clone(), x[1].clone()], [x[2].clone(), x[3].clone()])
    });
}

pub fn cosine(p: &Rows, z: &Rows) -> f64 {
    let (p, z) = (unit(p), unit(z));
    p.iter().zip(&z).map(|(p, z)| dot(p, z)).sum::<f64>() / p.len() as f64
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (b, d) in [(1, 2), (3, 5), (7, 16)] {
        hold(
            &format!("{b}x{d}"),
            &[free(b, d), free(b, d), fixed(b, d), fixed(b, d)],
            |x| byol_loss([x[0].clone(), x[1].clone()], [x[2].clone(), x[3].clone()]),
            |x| 2.0 - 2.0 * cosine(&x[0], &x[3]) + 2.0 - 2.0 * cosine(&x[1], &x[2]),
        );
    }
}

#[test]
fn the_loss_is_zero_for_exact_and_eight_for_opposite_predictions() {
    let device = Device::flex();
    let [z, other] = [[3.0, 4.0, 0.0, -1.0], [1.0, 1.0, 2.0, 0.5]].map(|x| tensor(&x, 2, &device));
    let loss = |factor: f64| {
        let predictions = [other.clone() * factor, z.clone() * factor];
        byol_loss(predictions, [z.clone(), other.clone()]).into_scalar::<f32>()
    };
    assert!(loss(2.5).abs() < 1e-6, "{}", loss(2.5));
    assert!((loss(-0.5) - 8.0).abs() < 1e-5, "{}", loss(-0.5));
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(6, 8), free(6, 8), fixed(6, 8), fixed(6, 8)], 0.5, |x| {
        byol_loss([x[0].clone(), x[1].clone()], [x[2].clone(), x[3].clone()])
    });
}
