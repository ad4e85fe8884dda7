//! Affinities of t-SNE: joint probabilities of neighbours in the input space.

use rayon::prelude::*;

/// `p_ij = (p_j|i + p_i|j) / 2n` with `p_j|i` proportional to `exp(-b_i |x_i - x_j|^2)`. Every
/// `b_i` is chosen such that the perplexity of `p_.|i`, the exponential of its entropy, is
/// `perplexity` (van der Maaten and Hinton, 2008, section 2).
///
/// # Shapes
/// - rows: `[n, dim]`, row-major
/// - output: `[n, width]`, with zeros from column n on
pub(crate) fn affinities(rows: &[f64], dim: usize, perplexity: f64, width: usize) -> Vec<f32> {
    let n = rows.len() / dim;
    let mut conditional = vec![0.0; n * n];
    conditional.par_chunks_exact_mut(n).enumerate().for_each(|(i, p)| {
        let own = &rows[i * dim..][..dim];
        for (p, other) in p.iter_mut().zip(rows.chunks_exact(dim)) {
            *p = own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
        }
        to_probabilities(p, i, perplexity.ln());
    });
    let mut joint = vec![0.0; n * width];
    joint.par_chunks_exact_mut(width).enumerate().for_each(|(i, row)| {
        for (j, p) in row[..n].iter_mut().enumerate() {
            *p = ((conditional[i * n + j] + conditional[j * n + i]) / (2 * n) as f64) as f32;
        }
    });
    joint
}

/// Converts squared distances to row `own` into probabilities of the given entropy, by bisection.
fn to_probabilities(p: &mut [f64], own: usize, entropy: f64) {
    /// Number of bisection steps, for a relative error of 1e-15 in `b`.
    const BISECTIONS: usize = 60;
    let others = |p: &[f64]| -> Vec<f64> {
        p.iter().enumerate().filter(|(j, _)| *j != own).map(|(_, d)| *d).collect()
    };
    let distances = others(p);
    let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = distances.iter().map(|d| d - nearest).sum::<f64>() / distances.len() as f64;
    // If all neighbours are at the same distance, the probabilities do not depend on `b`.
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut b = if mean > 0.0 { 1.0 / mean } else { 0.0 };
    for _ in 0..BISECTIONS {
        let (mut sum, mut moment) = (0.0, 0.0);
        for d in &distances {
            let weight = (-b * (d - nearest)).exp();
            sum += weight;
            moment += weight * (d - nearest);
        }
        let found = f64::ln(sum) + b * moment / sum;
        if (found - entropy).abs() < 1e-6 || mean == 0.0 {
            break;
        }
        if found > entropy {
            low = b
        } else {
            high = b
        }
        b = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * b };
    }
    p.iter_mut().for_each(|d| *d = (-b * (*d - nearest)).exp());
    p[own] = 0.0;
    let sum: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    #[test]
    fn every_row_has_the_given_perplexity() {
        let rows: Vec<f64> = random(50 * 4, 1).into_iter().map(f64::from).collect();
        for own in [0, 17] {
            let x = &rows[own * 4..][..4];
            let mut p: Vec<f64> = rows
                .chunks_exact(4)
                .map(|y| x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum())
                .collect();
            to_probabilities(&mut p, own, 10f64.ln());
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let entropy: f64 = p.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
            assert!((entropy.exp() - 10.0).abs() < 1e-4);
            assert_eq!(p[own], 0.0);
        }
    }

    #[test]
    fn joint_probabilities_are_symmetric_and_sum_to_one() {
        let rows: Vec<f64> = random(20 * 3, 2).into_iter().map(f64::from).collect();
        let joint = affinities(&rows, 3, 6.0, 32);
        assert!((joint.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        for i in 0..20 {
            assert!((0..20).all(|j| joint[i * 32 + j] == joint[j * 32 + i]));
            assert!(joint[i * 32 + 20..][..12].iter().all(|p| *p == 0.0));
        }
        let alike = affinities(&[1.0; 10], 1, 3.0, 10);
        assert!(alike.iter().all(|p| p.is_finite()));
    }
}
