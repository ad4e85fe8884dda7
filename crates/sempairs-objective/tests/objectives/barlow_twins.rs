//! Barlow Twins loss.

use burn::tensor::Device;
use sempairs_objective::barlow_twins_loss;

use super::compare::compare;
use super::oracle::{Rows, descends, free, hold, tensor, values};

#[test]
fn reference_loss_and_gradients_of_barlow_twins() {
    compare("barlow_twins_l0.0051", &["z0", "z1"], &[], |z| {
        barlow_twins_loss(z[0].clone(), z[1].clone(), 0.0051)
    });
}

fn standardised(x: &Rows) -> Rows {
    let n = x.len() as f64;
    let mut out = x.clone();
    for j in 0..x[0].len() {
        let mean = x.iter().map(|row| row[j]).sum::<f64>() / n;
        let variance = x.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / n;
        out.iter_mut().for_each(|row| row[j] = (row[j] - mean) / (variance + 1e-5).sqrt());
    }
    out
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (n, d) in [(2, 1), (5, 3), (13, 7)] {
        for lambda in [0.0051, 1.0] {
            hold(
                &format!("{n}x{d} with {lambda}"),
                &[free(n, d), free(n, d)],
                |z| barlow_twins_loss(z[0].clone(), z[1].clone(), lambda),
                |z| {
                    let (a, b) = (standardised(&z[0]), standardised(&z[1]));
                    let mut total = 0.0;
                    for (i, j) in (0..d).flat_map(|i| (0..d).map(move |j| (i, j))) {
                        let c = a.iter().zip(&b).map(|(a, b)| a[i] * b[j]).sum::<f64>() / n as f64;
                        total += if i == j { (1.0 - c).powi(2) } else { lambda * c * c };
                    }
                    total
                },
            );
        }
    }
}

#[test]
fn the_loss_of_constant_embeddings_is_their_dimension() {
    let device = Device::flex();
    let same = || tensor(&[0.3, -1.0, 2.0].repeat(6), 6, &device);
    let loss = barlow_twins_loss(same(), same(), 0.0051).into_scalar::<f32>();
    assert!((loss - 3.0).abs() < 1e-6, "{loss}");
}

#[test]
fn equal_views_with_uncorrelated_components_have_almost_no_loss() {
    // The columns of a Hadamard matrix are uncorrelated.
    let hadamard = [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
    let device = Device::flex();
    let z = || tensor(&hadamard, 4, &device) * 3.0;
    let loss = barlow_twins_loss(z(), z(), 1.0).into_scalar::<f32>();
    assert!(loss.abs() < 1e-6, "{loss}");
}

#[test]
fn the_loss_is_invariant_to_scale_and_offset_of_a_component() {
    let device = Device::flex();
    let [a, b] = [1, 2].map(|seed| tensor(&values(40, seed), 10, &device));
    let loss = |a, b| barlow_twins_loss(a, b, 0.1).into_scalar::<f32>();
    let (plain, moved) = (loss(a.clone(), b.clone()), loss(a * 5.0 + 3.0, b * 0.5 - 1.0));
    assert!((plain - moved).abs() < 1e-3 * plain, "{plain}, {moved}");
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(12, 6), free(12, 6)], 0.2, |z| {
        barlow_twins_loss(z[0].clone(), z[1].clone(), 0.1)
    });
}
