//! VICReg loss.

use burn::tensor::Device;
use sempairs_objective::{VarianceTerm, VicRegWeights, vicreg_loss};

use super::compare::compare;
use super::oracle::{Rows, descends, free, hold, tensor};

#[test]
fn reference_loss_and_gradients_of_vicreg() {
    let weights = VicRegWeights::paper(VarianceTerm::Halved);
    compare("vicreg_25_25_1", &["z0", "z1"], &[], |z| {
        vicreg_loss(z[0].clone(), z[1].clone(), &weights)
    });
}

fn covariance(x: &Rows, i: usize, j: usize) -> f64 {
    let n = x.len() as f64;
    let mean = |k: usize| x.iter().map(|row| row[k]).sum::<f64>() / n;
    let (a, b) = (mean(i), mean(j));
    x.iter().map(|row| (row[i] - a) * (row[j] - b)).sum::<f64>() / (n - 1.0)
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (n, d) in [(2, 1), (5, 3), (13, 7)] {
        for (variance_term, factor) in [(VarianceTerm::Halved, 0.5), (VarianceTerm::Whole, 1.0)] {
            let weights =
                VicRegWeights { invariance: 3.0, variance: 2.0, covariance: 0.5, variance_term };
            hold(
                &format!("{n}x{d}, {variance_term:?}"),
                &[free(n, d), free(n, d)],
                |z| vicreg_loss(z[0].clone(), z[1].clone(), &weights),
                |z| {
                    let pairs = z[0].iter().flatten().zip(z[1].iter().flatten());
                    let s = pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / (n * d) as f64;
                    let (mut v, mut c) = (0.0, 0.0);
                    for x in z {
                        for i in 0..d {
                            v += (1.0 - (covariance(x, i, i) + 1e-4).sqrt()).max(0.0) / d as f64;
                            let others = (0..d).filter(|j| *j != i);
                            c +=
                                others.map(|j| covariance(x, i, j).powi(2)).sum::<f64>() / d as f64;
                        }
                    }
                    3.0 * s + 2.0 * factor * v + 0.5 * c
                },
            );
        }
    }
}

#[test]
fn the_loss_of_constant_embeddings_is_the_variance_term() {
    let device = Device::flex();
    let same = || tensor(&[0.3, -1.0, 2.0].repeat(6), 6, &device);
    for (term, expected) in [(VarianceTerm::Halved, 24.75), (VarianceTerm::Whole, 49.5)] {
        let loss = vicreg_loss(same(), same(), &VicRegWeights::paper(term)).into_scalar::<f32>();
        assert!((loss - expected).abs() < 1e-4, "{loss}");
    }
}

#[test]
fn equal_views_with_enough_variance_and_no_covariance_have_no_loss() {
    let hadamard = [1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0];
    let device = Device::flex();
    let z = || tensor(&hadamard, 4, &device) * 3.0;
    let loss = vicreg_loss(z(), z(), &VicRegWeights::paper(VarianceTerm::Whole));
    assert!(loss.into_scalar::<f32>().abs() < 1e-6);
}

#[test]
fn gradient_descent_lowers_the_loss() {
    let weights = VicRegWeights::paper(VarianceTerm::Halved);
    descends(&[free(12, 6), free(12, 6)], 0.02, |z| {
        vicreg_loss(z[0].clone(), z[1].clone(), &weights)
    });
}
