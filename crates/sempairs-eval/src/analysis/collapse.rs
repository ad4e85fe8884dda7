//! Measures of collapse. If all pictures have the same embedding, the standard deviation is zero
//! and the effective rank is one.

use rayon::prelude::*;

use crate::features::unit_rows;
use crate::linalg::eigenvalues;
use crate::linalg::{Matrix, multiply};

/// Standard deviation of the L2-normalised embeddings, averaged over the dimensions and divided by
/// `1 / sqrt(d)`: 1 for isotropic embeddings, 0 for collapsed ones (Chen and He, "Exploring simple
/// Siamese representation learning", 2021, section 4.1).
///
/// # Shapes
/// - embeddings: `[n, dim]`, row-major
///
/// # Panics
///
/// If there is no embedding.
pub fn std_of_l2_normalized(embeddings: &[f32], dim: usize) -> f64 {
    let unit = unit_rows(embeddings, dim);
    let n = (unit.len() / dim) as f64;
    assert!(n > 0.0, "the standard deviation needs at least one embedding");
    let (mut mean, mut total) = (vec![0.0; dim], vec![0.0; dim]);
    for row in unit.chunks_exact(dim) {
        mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) / n);
    }
    for row in unit.chunks_exact(dim) {
        for ((sum, &x), mean) in total.iter_mut().zip(row).zip(&mean) {
            *sum += (f64::from(x) - mean).powi(2) / n;
        }
    }
    total.iter().map(|variance| variance.sqrt()).sum::<f64>() / (dim as f64).sqrt()
}

/// The effective rank `exp(-sum_k p_k ln p_k)`, `p_k = σ_k / sum_j σ_j + 1e-7`, with `σ` the
/// singular values of the matrix of embeddings without centring or normalisation (RankMe: Garrido
/// et al., 2023, equation 1). It is between 1 and `min(n, dim)`, and 0 if all embeddings are zero.
///
/// # Shapes
/// - embeddings: `[n, dim]`, row-major
///
/// # Panics
///
/// If there is no embedding, or a value is infinite or NaN.
pub fn effective_rank(embeddings: &[f32], dim: usize) -> f64 {
    /// The constant of the authors, which avoids the logarithm of zero.
    const EPSILON: f64 = 1e-7;
    assert!(!embeddings.is_empty(), "the effective rank needs at least one embedding");
    assert!(embeddings.iter().all(|x| x.is_finite()), "embeddings must be finite");
    let n = embeddings.len() / dim;
    // In f64, with values scaled to a maximum of one, squares neither overflow nor underflow.
    let largest = embeddings.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let scaled: Vec<f64> = embeddings.iter().map(|&x| f64::from(x) / f64::from(largest)).collect();
    let matrix = Matrix::new(&scaled, dim);
    let gram = match n < dim {
        true => gram(matrix, n),
        false => gram(matrix.t(), dim),
    };
    let side = n.min(dim);
    let singular: Vec<f64> =
        eigenvalues(gram, side).into_iter().map(|value| value.max(0.0).sqrt()).collect();
    let total: f64 = singular.iter().sum();
    let entropy = singular.iter().map(|value| {
        let p = value / total + EPSILON;
        -p * p.ln()
    });
    entropy.sum::<f64>().exp()
}

/// The Gram matrix `m m'`, computed in blocks of rows.
fn gram(m: Matrix<'_, f64>, rows: usize) -> Vec<f64> {
    const BLOCK: usize = 64;
    let mut gram = vec![0.0; rows * rows];
    gram.par_chunks_mut(BLOCK * rows).enumerate().for_each(|(block, out)| {
        let first = block * BLOCK;
        multiply(out, m.rows(first..first + out.len() / rows), m.t());
    });
    gram
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    #[test]
    fn isotropic_embeddings_have_full_rank() {
        let embeddings = random(4000 * 32, 1);
        assert!((std_of_l2_normalized(&embeddings, 32) - 1.0).abs() < 0.01);
        let rank = effective_rank(&embeddings, 32);
        assert!(rank > 31.5 && rank <= 32.0 + 1e-3, "{rank}");
    }

    #[test]
    fn collapsed_embeddings_have_zero_std_and_rank_one() {
        let embeddings = random(16, 1).repeat(100);
        assert!(std_of_l2_normalized(&embeddings, 16) < 1e-6);
        assert!((effective_rank(&embeddings, 16) - 1.0).abs() < 1e-3);
        assert_eq!(std_of_l2_normalized(&[0.0; 12], 3), 0.0);
        assert_eq!(effective_rank(&[0.0; 12], 3), 0.0);
    }

    /// Orthogonal rows with norms 4, 2, 1 and 1 have exactly these singular values.
    #[test]
    fn the_effective_rank_matches_known_singular_values() {
        let lengths = [4.0f32, 2.0, 1.0, 1.0];
        let entropy: f64 = lengths.iter().map(|&s| f64::from(s) / 8.0).map(|p| -p * p.ln()).sum();
        for dim in [4, 9] {
            let mut embeddings = vec![0.0; 4 * dim];
            lengths.iter().enumerate().for_each(|(i, &s)| embeddings[i * dim + dim - 1 - i] = s);
            let found = effective_rank(&embeddings, dim);
            assert!((found - entropy.exp()).abs() < 1e-4, "{found} not {}", entropy.exp());
            embeddings.iter_mut().for_each(|x| *x *= 1e30);
            assert!((effective_rank(&embeddings, dim) - found).abs() < 1e-6, "invariant to scale");
        }
    }

    #[test]
    fn a_matrix_and_its_transpose_have_the_same_effective_rank() {
        let wide = random(20 * 50, 3);
        let tall: Vec<f32> = (0..1000).map(|i| wide[i % 20 * 50 + i / 20]).collect();
        assert!((effective_rank(&wide, 50) - effective_rank(&tall, 20)).abs() < 1e-6);
    }
}
