//! Confidence intervals of means and of paired differences.

mod interval;
mod student_t;

pub use interval::{CONFIDENCE, Estimate, difference, mean};
