//! The command `sempairs bench peak`.

use std::time::Duration;

use clap::Args;
use sempairs::experiment::limits::MAX_THREADS;
use sempairs::kernels::peak::peak;
use sempairs::{ConfigError, Error};
use sempairs_internal::say;
use serde_json::json;

use super::super::flags::{up_to, zero_or_up_to};

/// Maximum milliseconds of a measurement.
const MAX_TIME: usize = 600_000;

#[derive(Args)]
pub struct PeakArgs {
    /// Number of CPU threads; 0 for every power of two up to the number of cores, and that number.
    #[arg(long, default_value = "0", value_parser = zero_or_up_to(MAX_THREADS))]
    threads: usize,
    /// Milliseconds of each measurement.
    #[arg(long, default_value = "500", value_parser = up_to(MAX_TIME))]
    time: usize,
}

impl PeakArgs {
    pub fn run(self) -> Result<(), Error> {
        let counts = match self.threads {
            0 => counts(rayon::current_num_threads()),
            threads => vec![threads],
        };
        for threads in counts {
            let found = peak(threads, Duration::from_millis(self.time as u64))
                .map_err(|e| ConfigError::new("--threads", e))?;
            let line = json!({
                "sempairs": env!("CARGO_PKG_VERSION"),
                "threads": threads,
                "multiply_adds_gflops": found.multiply_adds / 1e9,
                "products_gflops": found.products / 1e9,
                "products_size": found.size,
                "bandwidth_gb_per_s": found.bandwidth / 1e9,
            });
            say!("{line}");
        }
        Ok(())
    }
}

/// The powers of two below `cores`, and `cores`.
fn counts(cores: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(1), |count| Some(2 * count));
    powers.take_while(|&count| count < cores).chain([cores]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_counts_are_the_powers_of_two_and_the_number_of_cores() {
        assert_eq!(counts(1), [1]);
        assert_eq!(counts(2), [1, 2]);
        assert_eq!(counts(12), [1, 2, 4, 8, 12]);
    }
}
