//! Supervised contrastive loss.

use burn::tensor::Device;
use sempairs_objective::{Reduction, nt_xent, sup_con_loss};

use super::oracle::{descends, dot, free, hold, tensor, unit, values};

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (n, d, classes) in
        [(1, 3, vec![4]), (4, 2, vec![0, 1, 1, 0]), (7, 5, vec![2, 2, 2, 5, 9, 5, 2])]
    {
        for t in [0.1, 0.5] {
            let class = |i: usize| classes[i % n];
            hold(
                &format!("{n}x{d} at {t}"),
                &[free(n, d), free(n, d)],
                |z| sup_con_loss(z[0].clone(), z[1].clone(), &classes, t),
                |z| {
                    let u = unit(&[&z[0][..], &z[1]].concat());
                    let share = |i: usize, k: usize| (dot(&u[i], &u[k]) / t).exp();
                    let term = |i: usize| {
                        let others = || (0..2 * n).filter(move |k| *k != i);
                        let total: f64 = others().map(|k| share(i, k)).sum();
                        let positives: Vec<usize> =
                            others().filter(|k| class(*k) == class(i)).collect();
                        let logs = positives.iter().map(|p| (share(i, *p) / total).ln());
                        -logs.sum::<f64>() / positives.len() as f64
                    };
                    (0..2 * n).map(term).sum::<f64>() / (2 * n) as f64
                },
            );
        }
    }
}

#[test]
fn without_shared_classes_it_is_nt_xent() {
    let device = Device::flex();
    let [a, b] = [1, 2].map(|seed| tensor(&values(30, seed), 6, &device));
    let ours = sup_con_loss(a.clone(), b.clone(), &[3, 1, 4, 0, 5, 9], 0.2).into_scalar::<f32>();
    let other = nt_xent(a, b, 0.2, Reduction::Mean).into_scalar::<f32>();
    assert!((ours - other).abs() < 1e-5 * other, "{ours}, {other}");
}

#[test]
fn the_loss_of_constant_embeddings_is_the_log_of_the_number_of_other_views() {
    let device = Device::flex();
    let same = || tensor(&[1.0, -2.0, 0.5].repeat(8), 8, &device);
    let loss = sup_con_loss(same(), same(), &[0, 0, 1, 1, 2, 2, 2, 3], 0.1).into_scalar::<f32>();
    assert!((loss - 15f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[free(6, 8), free(6, 8)], 0.5, |z| {
        sup_con_loss(z[0].clone(), z[1].clone(), &[0, 0, 1, 1, 2, 3], 0.5)
    });
}
