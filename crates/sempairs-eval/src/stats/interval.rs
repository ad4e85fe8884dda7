//! Student-t confidence intervals of means and of paired differences.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::student_t;

/// Confidence level of all intervals.
pub const CONFIDENCE: f64 = 0.95;

/// A mean with its 95 % Student-t confidence interval.
///
/// A single sample has no interval and no p-value. No field is ever NaN.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean of the samples, or of the paired differences.
    pub mean: f64,
    /// Lower end of the interval; `None` for a single sample.
    pub low: Option<f64>,
    /// Upper end of the interval; `None` for a single sample.
    pub high: Option<f64>,
    /// Number of samples, or of pairs.
    pub n: usize,
    /// Two-sided p-value of the null hypothesis that the mean is zero; `None` for a single sample.
    pub p_value: Option<f64>,
}

impl Estimate {
    /// Width of the interval, `high - low`.
    pub fn width(&self) -> Option<f64> {
        Some(self.high? - self.low?)
    }

    /// Returns true if the interval does not contain zero.
    pub fn excludes_zero(&self) -> bool {
        matches!((self.low, self.high), (Some(low), Some(high)) if low > 0.0 || high < 0.0)
    }
}

impl fmt::Display for Estimate {
    /// `+1.20 [+0.40, +2.00] (n = 3)`, with the number of decimals given by the format's precision
    /// (default 2).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:+.digits$}", self.mean)?;
        if let (Some(low), Some(high)) = (self.low, self.high) {
            write!(f, " [{low:+.digits$}, {high:+.digits$}]")?;
        }
        write!(f, " (n = {})", self.n)
    }
}

/// Mean of `samples` with its interval `x ± t(0.975, n - 1) s / sqrt(n)`, with `s` the standard
/// deviation with divisor n - 1 (Student, "The probable error of a mean", 1908).
///
/// # Panics
///
/// If there is no sample, or a sample is not finite.
pub fn mean(samples: &[f64]) -> Estimate {
    assert!(!samples.is_empty(), "the mean needs at least one sample");
    assert!(samples.iter().all(|x| x.is_finite()), "samples must be finite");
    let n = samples.len();
    let mean = samples.iter().sum::<f64>() / n as f64;
    if n == 1 {
        return Estimate { mean, low: None, high: None, n, p_value: None };
    }
    let freedom = (n - 1) as f64;
    let squares: f64 = samples.iter().map(|x| (x - mean) * (x - mean)).sum();
    let error = (squares / freedom / n as f64).sqrt();
    let half = student_t::quantile(0.5 + CONFIDENCE / 2.0, freedom) * error;
    // With a variance of zero the statistic is infinite, or undefined for a mean of zero.
    let p_value = match (error > 0.0, mean == 0.0) {
        (true, _) => 2.0 * student_t::upper_tail((mean / error).abs(), freedom),
        (false, true) => 1.0,
        (false, false) => 0.0,
    };
    Estimate { mean, low: Some(mean - half), high: Some(mean + half), n, p_value: Some(p_value) }
}

/// Mean of the paired differences `a[i] - b[i]` with its interval. Samples of the same seed share
/// initial weights and the order of pairs, so pairing removes that part of the variance.
///
/// # Panics
///
/// If the numbers of samples differ, there are none, or a sample is not finite.
pub fn difference(a: &[f64], b: &[f64]) -> Estimate {
    assert_eq!(a.len(), b.len(), "samples must be paired");
    mean(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_pairs_match_values_computed_by_hand() {
        // Differences 1, 2, 3: mean 2, s = 1, half width 4.302652729911275 / sqrt 3.
        let found = difference(&[11.0, 22.0, 33.0], &[10.0, 20.0, 30.0]);
        let half = 4.302_652_729_749_46 / 3f64.sqrt();
        assert_eq!((found.mean, found.n), (2.0, 3));
        assert!((found.low.unwrap() - (2.0 - half)).abs() < 1e-10);
        assert!((found.high.unwrap() - (2.0 + half)).abs() < 1e-10);
        assert!(!found.excludes_zero());
        // With two degrees of freedom P(T > t) = (1 - t / sqrt(2 + t^2)) / 2, and t = 2 sqrt 3
        // here.
        let t = 2.0 * 3f64.sqrt();
        assert!((found.p_value.unwrap() - (1.0 - t / (2.0 + t * t).sqrt())).abs() < 1e-12);
    }

    #[test]
    fn the_p_value_and_the_interval_agree() {
        for shift in [0.0, 0.5, 1.2, 2.48, 2.49, 4.0] {
            let found = mean(&[shift - 1.0, shift, shift + 1.0]);
            assert_eq!(found.excludes_zero(), found.p_value.unwrap() < 0.05, "{shift}");
        }
    }

    #[test]
    fn one_pair_has_no_interval_and_nothing_is_nan() {
        let found = difference(&[3.0], &[1.0]);
        assert_eq!(found, Estimate { mean: 2.0, low: None, high: None, n: 1, p_value: None });
        assert_eq!(found.width(), None);
        assert!(!found.excludes_zero());
        let alike = mean(&[0.25; 4]);
        assert_eq!((alike.low, alike.high, alike.p_value), (Some(0.25), Some(0.25), Some(0.0)));
        assert_eq!(mean(&[0.0; 2]).p_value, Some(1.0));
    }

    #[test]
    fn displays_mean_and_interval() {
        assert_eq!(format!("{}", mean(&[1.0])), "+1.00 (n = 1)");
        assert_eq!(format!("{:.1}", mean(&[1.0, 3.0])), "+2.0 [-10.7, +14.7] (n = 2)");
    }
}
