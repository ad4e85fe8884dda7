//! Flags that several commands share.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use sempairs::Error;
use sempairs::device::VARIABLE;
use sempairs::experiment::limits::MAX_THREADS;
use sempairs::experiment::{Experiment, Origins};
use sempairs::train::{LoaderConfig, Progress};

/// Device for networks.
#[derive(Args)]
pub struct DeviceFlag {
    /// Device: flex, wgpu, vulkan or cuda, the last three optionally with :N for the N-th GPU.
    #[arg(long, env = VARIABLE, default_value = sempairs::device::default_name())]
    pub device: String,
}

impl DeviceFlag {
    pub fn open(&self) -> Result<burn::tensor::Device, Error> {
        sempairs::device::open(&self.device).map_err(|error| self.blamed(error))
    }

    /// Adds the environment variable to an error if it is where the device comes from.
    fn blamed(&self, error: Error) -> Error {
        if std::env::var(VARIABLE).as_ref() != Ok(&self.device) {
            return error;
        }
        match error {
            Error::Config { origin: None, line, error } => {
                Error::Config { origin: Some(VARIABLE.into()), line, error }
            }
            Error::Device(reason) => Error::Device(format!("{VARIABLE}: {reason}")),
            other => other,
        }
    }
}

/// Experiment file and assignments.
#[derive(Args)]
pub struct ExperimentFlags {
    /// TOML file of the experiment.
    pub experiment: std::path::PathBuf,
    /// Override a value of the file, such as `training.steps=100` or `arms[1].per_class=50`; may be
    /// repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl ExperimentFlags {
    /// Reads the experiments of the file, each with the origins of its values.
    pub fn read(&self) -> Result<Vec<(Experiment, Origins)>, Error> {
        sempairs::experiment::read_with_origins(&self.experiment, &self.set)
    }

    /// Reads the file, which must describe exactly one experiment.
    pub fn read_one(&self) -> Result<(Experiment, Origins), Error> {
        let mut all = self.read()?;
        if all.len() != 1 {
            return Err(Error::invalid(
                self.experiment.display().to_string(),
                format!("describes {} experiments, but this command needs exactly one", all.len()),
            ));
        }
        Ok(all.remove(0))
    }
}

/// Resources of the loader. They do not affect results, so they are not part of an experiment file.
#[derive(Args)]
pub struct LoaderFlags {
    /// Number of threads that decode and augment, 0 for one per core; does not affect results.
    #[arg(
        long,
        value_name = "N",
        default_value_t = LoaderConfig::default().workers,
        value_parser = zero_or_up_to(MAX_THREADS)
    )]
    workers: usize,
    /// Maximum number of prefetched batches, which bounds the memory; does not affect results.
    #[arg(
        long,
        value_name = "N",
        default_value_t = LoaderConfig::default().ahead,
        value_parser = up_to(MAX_AHEAD)
    )]
    ahead: usize,
}

impl LoaderFlags {
    pub fn config(&self) -> LoaderConfig {
        LoaderConfig { workers: self.workers, ahead: self.ahead }
    }
}

/// Maximum number of prefetched batches. Their queue is allocated at the start, and a few batches
/// keep any device busy.
const MAX_AHEAD: usize = *sempairs::train::limits::AHEAD.end();

/// Progress display of a run.
#[derive(Args)]
pub struct DisplayFlag {
    /// Print a plain line every ten seconds instead of showing the dashboard on a terminal.
    #[arg(long)]
    plain: bool,
}

impl DisplayFlag {
    pub fn progress(&self) -> Progress {
        if self.plain { Progress::Plain } else { Progress::Auto }
    }

    /// Returns true if only plain lines were asked for.
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

/// A parser of integers from 1 to `most`.
pub fn up_to(most: usize) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=most as u64)
}

/// A parser of integers from 0 to `most`.
pub fn zero_or_up_to(most: usize) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(0..=most as u64)
}
