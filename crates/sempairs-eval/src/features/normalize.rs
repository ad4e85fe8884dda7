//! Scaling of features: L2 normalisation of rows and standardisation of columns.

/// L2-normalised rows. A row of zeros stays zero.
///
/// # Shapes
/// - rows and output: `[n, dim]`, row-major
pub fn unit_rows(rows: &[f32], dim: usize) -> Vec<f32> {
    assert!(dim > 0 && rows.len().is_multiple_of(dim), "rows must have {dim} values");
    let mut unit = rows.to_vec();
    for row in unit.chunks_exact_mut(dim) {
        let length = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
        }
    }
    unit
}

/// Standardisation of features with the mean and the standard deviation over a set of pictures:
/// `(x - mean) / std`.
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl StandardScaler {
    /// Computes mean and standard deviation (with divisor n) of the columns of rows with `dim`
    /// values. A feature that is constant in these rows becomes zero.
    pub fn fit<'a>(rows: impl Iterator<Item = &'a [f32]> + Clone, dim: usize) -> Self {
        let count = rows.clone().count().max(1) as f64;
        let mut mean = vec![0.0; dim];
        for row in rows.clone() {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        let mut scale = vec![0.0; dim];
        for row in rows {
            for ((sum, &x), mean) in scale.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(x) - mean).powi(2);
            }
        }
        for (sum, mean) in scale.iter_mut().zip(&mean) {
            let std = (*sum / count).sqrt();
            // A standard deviation that rounding errors in f32 explain counts as zero.
            let varies = std > 1e-6 * mean.abs() && std > f64::from(f32::MIN_POSITIVE);
            *sum = if varies { std.recip() } else { 0.0 };
        }
        Self { mean, scale }
    }

    /// Standardised rows, row-major.
    pub fn transform<'a>(&self, rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
        let mut out = Vec::new();
        for row in rows {
            let scaled = row.iter().zip(&self.mean).zip(&self.scale);
            out.extend(scaled.map(|((&x, mean), scale)| ((f64::from(x) - mean) * scale) as f32));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_get_unit_norm() {
        assert_eq!(unit_rows(&[3.0, 4.0, 0.0, 0.0, -2.0, 0.0], 2), [0.6, 0.8, 0.0, 0.0, -1.0, 0.0]);
    }

    #[test]
    fn standardised_features_match_values_computed_by_hand() {
        let rows = [1.0, 7.1, 3.0, 7.1, 5.0, 7.1, 7.0, 7.1];
        let standard = StandardScaler::fit(rows.chunks_exact(2), 2);
        let found = standard.transform(rows.chunks_exact(2));
        let std = 5f32.sqrt();
        for (i, expected) in [-3.0, -1.0, 1.0, 3.0].into_iter().enumerate() {
            assert!((found[2 * i] - expected / std).abs() < 1e-6);
            assert_eq!(found[2 * i + 1], 0.0, "a constant feature is zero");
        }
    }
}
