//! Principal components.

use sempairs_data::{Key, Side};

use crate::linalg::{Matrix, dot, multiply};
use rand::RngExt;

/// Number of additional directions, which speed up convergence, and number of iterations: t-SNE
/// needs the components to about one per cent.
const OVERSAMPLING: usize = 10;
const ITERATIONS: usize = 60;

/// Coordinates of every row along the first principal components, in order of decreasing variance,
/// and the number of components: `[n, count]`, or fewer columns if there are fewer features or
/// rows.
///
/// The components are computed by orthogonal iteration, `Q <- orth(X' X Q)`, from random directions
/// determined by the seed (Golub and Van Loan, *Matrix Computations*, 4th edition 2013, section
/// 8.2.4).
pub(crate) fn project(values: &[f32], dim: usize, count: usize, seed: u64) -> (Vec<f64>, usize) {
    let n = values.len() / dim;
    let mut centred: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
    for j in 0..dim {
        let mean = centred.iter().skip(j).step_by(dim).sum::<f64>() / n as f64;
        centred.iter_mut().skip(j).step_by(dim).for_each(|x| *x -= mean);
    }
    let rank = (count + OVERSAMPLING).min(dim).min(n);
    let rows = Matrix::new(&centred, dim);
    let mut rng = Key { seed, epoch: 0, picture: 0, side: Side::Left }.rng(0);
    let mut directions: Vec<f64> = (0..rank * dim).map(|_| rng.random::<f64>() - 0.5).collect();
    let mut along = vec![0.0; n * rank];
    for _ in 0..ITERATIONS {
        orthonormalise(&mut directions, dim);
        multiply(&mut along, rows, Matrix::new(&directions, dim).t());
        multiply(&mut directions, Matrix::new(&along, rank).t(), rows);
    }
    orthonormalise(&mut directions, dim);
    let kept = count.min(rank);
    let mut projected = vec![0.0; n * kept];
    multiply(&mut projected, rows, Matrix::new(&directions[..kept * dim], dim).t());
    (projected, kept)
}

/// Orthonormalises rows by the Gram-Schmidt process, applied twice. A row in the span of the
/// previous rows becomes zero.
fn orthonormalise(rows: &mut [f64], dim: usize) {
    for i in 0..rows.len() / dim {
        let (before, rest) = rows.split_at_mut(i * dim);
        let row = &mut rest[..dim];
        let length = dot(row, row).sqrt();
        for _ in 0..2 {
            for other in before.chunks_exact(dim) {
                let shared = dot(row, other);
                row.iter_mut().zip(other).for_each(|(x, y)| *x -= shared * y);
            }
        }
        let left = dot(row, row).sqrt();
        let scale = if left > 1e-12 * length { 1.0 / left } else { 0.0 };
        row.iter_mut().for_each(|x| *x *= scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    #[test]
    fn finds_the_directions_of_largest_variance() {
        // Independent coordinates with standard deviations 8, 4, 2 and 0.1 for all others,
        // reflected.
        let (n, dim) = (500, 20);
        let mut values = random(n * dim, 1);
        let mirror: Vec<f32> = (0..dim).map(|j| ((j * 7 % 5) as f32 - 2.0) / 10.0).collect();
        let norm: f32 = mirror.iter().map(|x| x * x).sum();
        for row in values.chunks_exact_mut(dim) {
            for (j, x) in row.iter_mut().enumerate() {
                *x = *x * [8.0, 4.0, 2.0].get(j).copied().unwrap_or(0.1) + 3.0;
            }
            let along: f32 = row.iter().zip(&mirror).map(|(x, m)| x * m).sum::<f32>() * 2.0 / norm;
            row.iter_mut().zip(&mirror).for_each(|(x, m)| *x -= along * m);
        }
        let (projected, kept) = project(&values, dim, 3, 0);
        assert_eq!(kept, 3);
        for (component, width) in [8.0, 4.0, 2.0].into_iter().enumerate() {
            let column = || projected.iter().skip(component).step_by(3);
            assert!((column().sum::<f64>() / n as f64).abs() < 1e-6, "centred");
            let std = (column().map(|x| x * x).sum::<f64>() / n as f64).sqrt();
            assert!((std / width - 1.0).abs() < 0.1, "{component}: {std}");
        }
        let cross: f64 = projected.chunks_exact(3).map(|row| row[0] * row[1]).sum();
        assert!(cross.abs() / (n as f64) < 1e-3, "uncorrelated: {cross}");
    }

    #[test]
    fn few_rows_and_few_features_are_enough() {
        assert_eq!(project(&random(5 * 20, 1), 20, 30, 0).1, 5);
        assert_eq!(project(&random(50 * 2, 1), 2, 30, 0).1, 2);
        let (same, _) = project(&[1.0; 40], 4, 2, 0);
        assert!(same.iter().all(|x| *x == 0.0));
    }
}
