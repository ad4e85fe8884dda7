//! NNCLR loss and nearest neighbours.

use burn::tensor::Device;
use sempairs_objective::{nearest_neighbours, nnclr_loss, normalize};

use super::oracle::{descends, dot, fixed, free, hold, host, rows, tensor, unit, values};

#[test]
fn equals_the_formula_for_odd_sizes() {
    for (b, d) in [(1, 2), (4, 3), (9, 16)] {
        for t in [0.1, 0.7] {
            hold(
                &format!("{b}x{d} at {t}"),
                &[fixed(b, d), free(b, d)],
                |x| nnclr_loss(x[0].clone(), x[1].clone(), t),
                |x| {
                    let (n, p) = (unit(&x[0]), unit(&x[1]));
                    let term = |i: usize| {
                        let total: f64 = p.iter().map(|p| (dot(&n[i], p) / t).exp()).sum();
                        -((dot(&n[i], &p[i]) / t).exp() / total).ln()
                    };
                    (0..b).map(term).sum::<f64>() / b as f64
                },
            );
        }
    }
}

#[test]
fn nearest_neighbours_have_the_largest_cosine() {
    let device = Device::flex();
    let [z, support] = [(5, 1), (17, 2)].map(|(n, seed)| values(n * 4, seed));
    let unit_support = normalize(tensor(&support, 17, &device));
    let found = nearest_neighbours(tensor(&z, 5, &device) * 7.0, unit_support.clone());
    let found = host(unit_support.select(0, found));
    let wide = |x: &[f32]| rows(&x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>(), 4);
    let (z, support) = (unit(&wide(&z)), unit(&wide(&support)));
    for (z, found) in z.iter().zip(wide(&found)) {
        let best = support.iter().max_by(|a, b| dot(z, a).total_cmp(&dot(z, b))).unwrap();
        assert!(best.iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-6), "{best:?}, {found:?}");
    }
}

#[test]
fn the_loss_of_constant_predictions_is_the_log_of_their_number() {
    let device = Device::flex();
    let same = || tensor(&[1.0, -2.0, 0.5].repeat(8), 8, &device);
    let loss = nnclr_loss(same(), same(), 0.1).into_scalar::<f32>();
    assert!((loss - 8f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn gradient_descent_lowers_the_loss() {
    descends(&[fixed(6, 8), free(6, 8)], 0.5, |x| nnclr_loss(x[0].clone(), x[1].clone(), 0.5));
}
