//! Eigenvalues of a symmetric matrix.

use crate::linalg::dot;

/// All eigenvalues of the symmetric row-major `n` by `n` `matrix`, in no particular order.
///
/// The matrix is reduced to a tridiagonal one by Householder reflections; QL iterations with
/// implicit shifts follow (Golub and Van Loan, *Matrix Computations*, 4th edition 2013, sections
/// 8.3.1 and 8.3.5). The errors are of the order of the machine precision times the largest
/// eigenvalue.
pub(crate) fn eigenvalues(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    assert_eq!(matrix.len(), n * n, "the matrix must be square");
    let (mut diagonal, mut off_diagonal) = (vec![0.0; n], vec![0.0; n]);
    for k in 0..n {
        diagonal[k] = matrix[k * n + k];
        if k + 1 < n {
            off_diagonal[k] = reduce(&mut matrix, n, k);
        }
    }
    iterate(&mut diagonal, &mut off_diagonal);
    diagonal
}

/// Applies the Householder reflection that zeroes row `k` beyond its first off-diagonal element,
/// and returns this element.
fn reduce(matrix: &mut [f64], n: usize, k: usize) -> f64 {
    let first = k + 1;
    let mut v = matrix[k * n + first..(k + 1) * n].to_vec();
    let length = dot(&v, &v).sqrt();
    if length == 0.0 {
        return 0.0;
    }
    // v = x + sign(x_0) |x| e_0 avoids cancellation.
    let kept = -length.copysign(v[0]);
    v[0] -= kept;
    let scale = 2.0 / dot(&v, &v);
    let row = |i: usize| (first + i) * n + first..(first + i + 1) * n;
    let mut w: Vec<f64> = (0..v.len()).map(|i| scale * dot(&matrix[row(i)], &v)).collect();
    let half = 0.5 * scale * dot(&w, &v);
    w.iter_mut().zip(&v).for_each(|(w, v)| *w -= half * v);
    for i in 0..v.len() {
        let (vi, wi) = (v[i], w[i]);
        let others = v.iter().zip(&w);
        matrix[row(i)].iter_mut().zip(others).for_each(|(a, (v, w))| *a -= vi * w + wi * v);
    }
    kept
}

/// QL iterations on a tridiagonal matrix. `diagonal` becomes its eigenvalues.
fn iterate(diagonal: &mut [f64], off_diagonal: &mut [f64]) {
    let n = diagonal.len();
    for l in 0..n {
        // Usually two or three iterations per eigenvalue suffice. The bound ends the loop for NaN.
        for _ in 0..60 {
            let negligible = |m: &usize| {
                let around = diagonal[*m].abs() + diagonal[m + 1].abs();
                off_diagonal[*m].abs() <= f64::EPSILON * around
            };
            let m = (l..n - 1).find(negligible).unwrap_or(n - 1);
            if m == l {
                break;
            }
            // Wilkinson's shift: the eigenvalue of the leading 2x2 block that is closer to its
            // first entry.
            let g = (diagonal[l + 1] - diagonal[l]) / (2.0 * off_diagonal[l]);
            let mut g =
                diagonal[m] - diagonal[l] + off_diagonal[l] / (g + g.hypot(1.0).copysign(g));
            let (mut sine, mut cosine, mut carried) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let f = sine * off_diagonal[i];
                let b = cosine * off_diagonal[i];
                let r = f.hypot(g);
                off_diagonal[i + 1] = r;
                if r == 0.0 {
                    diagonal[i + 1] -= carried;
                    off_diagonal[m] = 0.0;
                    split = true;
                    break;
                }
                (sine, cosine) = (f / r, g / r);
                g = diagonal[i + 1] - carried;
                let t = (diagonal[i] - g) * sine + 2.0 * cosine * b;
                carried = sine * t;
                diagonal[i + 1] = g + carried;
                g = cosine * t - b;
            }
            if !split {
                diagonal[l] -= carried;
                off_diagonal[l] = g;
                off_diagonal[m] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::random;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn the_second_difference_matrix_matches_its_closed_form() {
        // With 2 on the diagonal and -1 next to it the eigenvalues are 2 - 2 cos(k π / (n + 1)).
        let n = 40;
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            matrix[i * n + i] = 2.0;
            if i > 0 {
                matrix[i * n + i - 1] = -1.0;
                matrix[(i - 1) * n + i] = -1.0;
            }
        }
        for (k, found) in sorted(eigenvalues(matrix, n)).into_iter().enumerate() {
            let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
            assert!((found - (2.0 - 2.0 * angle.cos())).abs() < 1e-13, "{k}: {found}");
        }
    }

    #[test]
    fn eigenvalues_of_a_dense_matrix_match_its_trace_and_squared_norm() {
        let n = 60;
        let numbers = random(n * n, 5);
        let at = |i: usize, j: usize| f64::from(numbers[i.min(j) * n + i.max(j)]);
        let matrix: Vec<f64> = (0..n * n).map(|i| at(i / n, i % n)).collect();
        let values = eigenvalues(matrix.clone(), n);
        let trace: f64 = (0..n).map(|i| at(i, i)).sum();
        assert!((values.iter().sum::<f64>() - trace).abs() < 1e-11);
        let squares: f64 = values.iter().map(|x| x * x).sum();
        assert!((squares / dot(&matrix, &matrix) - 1.0).abs() < 1e-13);
        // Adding a multiple of the identity shifts every eigenvalue.
        let shifted = (0..n * n).map(|i| matrix[i] + f64::from(u8::from(i % (n + 1) == 0)) * 3.0);
        let shifted = sorted(eigenvalues(shifted.collect(), n));
        for (a, b) in sorted(values).into_iter().zip(shifted) {
            assert!((a + 3.0 - b).abs() < 1e-12);
        }
    }

    #[test]
    fn small_and_diagonal_matrices_are_solved() {
        assert_eq!(eigenvalues(vec![7.0], 1), [7.0]);
        assert_eq!(eigenvalues(vec![], 0), [0.0; 0]);
        assert_eq!(sorted(eigenvalues(vec![2.0, 0.0, 0.0, -1.0], 2)), [-1.0, 2.0]);
        assert_eq!(eigenvalues(vec![0.0; 9], 3), [0.0; 3]);
        let two = sorted(eigenvalues(vec![2.0, 1.0, 1.0, 2.0], 2));
        assert!((two[0] - 1.0).abs() < 1e-15 && (two[1] - 3.0).abs() < 1e-15);
    }
}
