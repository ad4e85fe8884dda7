//! The command-line interface of `sempairs`.

mod attention;
mod bench;
mod cache;
mod compare;
mod devices;
mod evaluate;
mod folder;
mod pairs;
mod presets;
mod pretrain;
mod report;
mod scenes;
mod weights;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};
use sempairs::Error;
use sempairs::experiment::limits::MAX_THREADS;
use sempairs::train::{LoaderConfig, Progress};

/// Help text about stopping, for commands that train.
const STOPPING: &str = "Ctrl-C, SIGTERM, a closed terminal, or `q` and then `s` in the dashboard \
                        on a terminal, stop the run after the current step, with a checkpoint. The \
                        same command resumes from the checkpoint. A second Ctrl-C ends the process \
                        immediately. The exit code is 130 after Ctrl-C, 143 after SIGTERM, 129 \
                        after a closed terminal.";

/// Help text about exit codes.
const EXIT_CODES: &str = "The exit code is 0 on success, 1 after an error, 2 for an invalid \
                          command line, and 128 + N after signal N. It is also 1 if results could \
                          not be written to standard output, for instance because the disk is \
                          full. A pipe that its reader has closed, as `head` does, is not an \
                          error: there is no message, and the exit code is 0.";

/// Self-supervised learning from semantic pairs.
#[derive(Parser)]
#[command(name = "sempairs", version, about, after_long_help = EXIT_CODES)]
#[command(arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Render the built-in scenes as PNG files in class folders, or as a contact sheet of pairs.
    Scenes(scenes::Scenes),
    /// Create, check or show a manifest of pairs.
    #[command(subcommand)]
    Pairs(pairs::Pairs),
    /// Decode a folder of pictures into a cache file.
    Cache(cache::CacheArgs),
    /// Pre-train one arm of an experiment with one seed.
    #[command(after_help = STOPPING)]
    Pretrain(pretrain::Pretrain),
    /// Score the weights of a backbone on the downstream data of an experiment.
    Evaluate(evaluate::EvaluateArgs),
    /// Draw the attention maps of a vision transformer over pictures of an experiment or other
    /// pictures.
    Attention(attention::AttentionArgs),
    /// Run all arms of an experiment with all seeds, and report the differences between arms.
    #[command(after_help = STOPPING)]
    Compare(compare::Compare),
    /// Rewrite the table and the report of a study from the stored results of its runs, without
    /// pictures or weights.
    Report(report::Report),
    /// List the presets that an experiment can start from, or print one.
    #[command(subcommand)]
    Presets(presets::Presets),
    /// List the available devices.
    Devices(devices::Devices),
    /// Time a training step, the loader or convolutions; prints JSON.
    #[command(subcommand)]
    Bench(bench::Bench),
}

impl Cli {
    pub fn run(self) -> Result<(), Error> {
        match self.command {
            Command::Scenes(args) => args.run(),
            Command::Pairs(args) => args.run(),
            Command::Cache(args) => args.run(),
            Command::Pretrain(args) => args.run(),
            Command::Evaluate(args) => args.run(),
            Command::Attention(args) => args.run(),
            Command::Compare(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Presets(args) => args.run(),
            Command::Devices(args) => args.run(),
            Command::Bench(args) => args.run(),
        }
    }
}

/// Device for networks.
#[derive(Args)]
pub struct DeviceFlag {
    /// Device: flex, wgpu, vulkan or cuda, the last three optionally with :N for the N-th GPU.
    #[arg(long, env = sempairs::device::VARIABLE, default_value = sempairs::device::default_name())]
    pub device: String,
}

impl DeviceFlag {
    pub fn open(&self) -> Result<burn::tensor::Device, Error> {
        sempairs::device::open(&self.device)
    }
}

/// Experiment file and assignments.
#[derive(Args)]
pub struct ExperimentFlags {
    /// TOML file of the experiment.
    pub experiment: std::path::PathBuf,
    /// Override a value of the file, such as `training.steps=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl ExperimentFlags {
    /// Reads the experiments of the file.
    pub fn read(&self) -> Result<Vec<sempairs::experiment::Experiment>, Error> {
        sempairs::experiment::read(&self.experiment, &self.set)
    }

    /// Reads the file, which must describe exactly one experiment.
    pub fn read_one(&self) -> Result<sempairs::experiment::Experiment, Error> {
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
}

/// A parser of integers from 1 to `most`.
fn up_to(most: usize) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=most as u64)
}

/// A parser of integers from 0 to `most`.
fn zero_or_up_to(most: usize) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(0..=most as u64)
}

impl LoaderFlags {
    pub fn config(&self) -> LoaderConfig {
        LoaderConfig { workers: self.workers, ahead: self.ahead }
    }
}
