//! Confidence intervals of means and of paired differences, and corrected p-values.
//!
//! - [`mean`] and [`difference`]: Student-t intervals over the seeds, which answer whether a result
//!   would hold for other seeds;
//! - [`bootstrap_mean`] and [`bootstrap_difference`]: percentile intervals over the test pictures
//!   of given runs, which answer whether it would hold for other test pictures;
//! - [`holm()`]: p-values of all comparisons of a table, corrected for their number.
//!
//! There is no permutation test of the paired differences. It flips the signs of the `n`
//! differences in all `2^n` ways, so its two-sided p-value is never below `2 / 2^n`: 0.25 for three
//! seeds, and below 0.05 only from six seeds on.

mod binomial;
mod bootstrap;
mod holm;
mod interval;
mod student_t;

pub use bootstrap::{Interval, REPLICATES, bootstrap_difference, bootstrap_mean};
pub use holm::holm;
pub use interval::{CONFIDENCE, Estimate, difference, mean};
