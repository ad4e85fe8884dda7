//! NT-Xent loss.

use burn::tensor::Device;
use sempairs_objective::{Reduction, nt_xent};

use super::compare::compare;
use super::oracle::{descends, dot, free, hold, host, tensor, unit};

#[test]
fn reference_losses_and_gradients_of_simclr() {
    for (file, temperature) in [("simclr_t0.1", 0.1), ("simclr_t0.2", 0.2), ("simclr_t0.5", 0.5)] {
        compare(file, &["z0", "z1"], &[], |z| {
            nt_xent(z[0].clone(), z[1].clone(), temperature, Reduction::Mean)
        });
    }
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (n, d) in [(1, 3), (2, 1), (7, 5), (13, 64)] {
        for t in [0.05, 0.5, 2.0] {
            let mean = |reduction: Reduction, factor: f64| {
                hold(
                    &format!("{n}x{d} at {t}"),
                    &[free(n, d), free(n, d)],
                    |z| nt_xent(z[0].clone(), z[1].clone(), t, reduction) / factor,
                    |z| {
                        let u = unit(&[&z[0][..], &z[1]].concat());
                        let share = |i: usize, k: usize| (dot(&u[i], &u[k]) / t).exp();
                        let term = |i: usize| {
                            let others: f64 =
                                (0..2 * n).filter(|k| *k != i).map(|k| share(i, k)).sum();
                            -(share(i, (i + n) % (2 * n)) / others).ln()
                        };
                        (0..2 * n).map(term).sum::<f64>() / (2 * n) as f64
                    },
                );
            };
            mean(Reduction::Mean, 1.0);
            mean(Reduction::SumOfDirections, 2.0);
        }
    }
}

#[test]
fn the_loss_of_constant_embeddings_is_the_log_of_the_number_of_other_views() {
    let same = [1.0, -2.0, 0.5].repeat(8);
    let device = Device::flex();
    let [a, b] = [(); 2].map(|_| tensor(&same, 8, &device));
    let loss = host(nt_xent(a, b, 0.1, Reduction::Mean))[0];
    assert!((loss - 15f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn a_small_temperature_stays_finite() {
    let device = Device::flex();
    let values: Vec<f32> = (0..32).map(|i| (i as f32 * 0.7).sin()).collect();
    let [a, b] = [&values[..16], &values[16..]].map(|x| tensor(x, 4, &device));
    assert!(host(nt_xent(a, b, 1e-3, Reduction::Mean))[0].is_finite());
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(6, 8), free(6, 8)], 1.0, |z| {
        nt_xent(z[0].clone(), z[1].clone(), 0.5, Reduction::Mean)
    });
}

#[test]
fn a_row_of_zeros_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    let values = [0.0, 0.0, 1.0, 2.0, -1.0, 0.5, 3.0, 1.0];
    let leaf = tensor(&values, 4, &device).require_grad();
    let [a, b] = [leaf.clone().narrow(0, 0, 2), leaf.clone().narrow(0, 2, 2)];
    let loss = nt_xent(a, b, 0.5, Reduction::Mean);
    let gradient = host(leaf.grad(&loss.backward()).unwrap());
    assert!(gradient.iter().all(|x| x.is_finite()), "{gradient:?}");
}
