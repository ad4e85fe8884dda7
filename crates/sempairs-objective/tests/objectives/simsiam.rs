//! SimSiam loss.

use burn::tensor::Device;
use sempairs_objective::simsiam_loss;

use super::byol::cosine;
use super::compare::compare;
use super::oracle::{descends, fixed, free, hold, tensor};

#[test]
fn reference_loss_and_gradients_of_simsiam() {
    compare("simsiam", &["p0", "p1"], &["z0", "z1"], |x| {
        simsiam_loss([x[0].clone(), x[1].clone()], [x[2].clone(), x[3].clone()])
    });
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (b, d) in [(1, 2), (3, 5), (7, 16)] {
        hold(
            &format!("{b}x{d}"),
            &[free(b, d), free(b, d), fixed(b, d), fixed(b, d)],
            |x| simsiam_loss([x[0].clone(), x[1].clone()], [x[2].clone(), x[3].clone()]),
            |x| -(cosine(&x[0], &x[3]) + cosine(&x[1], &x[2])) / 2.0,
        );
    }
}

#[test]
fn the_loss_is_minus_one_for_exact_and_zero_for_orthogonal_predictions() {
    let device = Device::flex();
    let x = tensor(&[2.0, 0.0, 0.0, 3.0], 2, &device);
    let y = tensor(&[0.0, 5.0, 1.0, 0.0], 2, &device);
    let loss = |p: [_; 2], z: [_; 2]| simsiam_loss(p, z).into_scalar::<f32>();
    assert!((loss([y.clone(), x.clone()], [x.clone(), y.clone()]) + 1.0).abs() < 1e-6);
    assert!(loss([x.clone(), y.clone()], [x, y]).abs() < 1e-6);
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(6, 8), free(6, 8), fixed(6, 8), fixed(6, 8)], 0.5, |x| {
        simsiam_loss([x[0].clone(), x[1].clone()], [x[2].clone(), x[3].clone()])
    });
}
