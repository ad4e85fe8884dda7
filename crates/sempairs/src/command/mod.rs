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
use sempairs::experiment::bounds::MAX_THREADS;
use sempairs::train::{LoaderConfig, Progress};

/// How to stop, for the help of commands that train.
const STOPPING: &str = "Ctrl-C, SIGTERM, a closed terminal, or `q` and then `s` in the dashboard \
                        that a terminal shows, stop after the current step, with a checkpoint. The \
                        same command goes on from there. A second Ctrl-C ends at once. The exit \
                        code is 130 after Ctrl-C, 143 after SIGTERM, 129 after a closed terminal.";

/// What exit codes say, for the help of all.
const EXIT_CODES: &str = "The exit code is 0 if all went well, 1 after an error, 2 for a call that \
    is not understood, and 128 + N after signal N. It is 1, too, if results could not be written \
    to standard output, for instance because the disk is full. A pipe that its reader has closed, \
    as `head` does, is no error: nothing is said of it, and the exit code is 0.";

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
    /// Draw the built-in scenes: as PNG files in class folders, or as a contact sheet of pairs.
    Scenes(scenes::Scenes),
    /// Make, check or show a manifest of pairs.
    #[command(subcommand)]
    Pairs(pairs::Pairs),
    /// Decode a folder of pictures once, into one file.
    Cache(cache::CacheArgs),
    /// Pre-train one arm of an experiment with one seed.
    #[command(after_help = STOPPING)]
    Pretrain(pretrain::Pretrain),
    /// Score a backbone's weights on the data of an experiment.
    Evaluate(evaluate::Evaluate),
    /// Draw what a vision transformer attends to, over the pictures of an experiment or others.
    Attention(attention::Attention),
    /// Run all arms of an experiment with all seeds, and report their differences.
    #[command(after_help = STOPPING)]
    Compare(compare::Compare),
    /// Write the table and the page of a study again from what its runs have stored, without
    /// pictures or weights.
    Report(report::Report),
    /// Name the recipes that an experiment may start from, or print one.
    #[command(subcommand)]
    Presets(presets::Presets),
    /// List the devices of this build.
    Devices(devices::Devices),
    /// Time a training step or the loader; prints one line of JSON.
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

/// Where networks live.
#[derive(Args)]
pub struct DeviceFlag {
    /// flex, wgpu, vulkan or cuda:N.
    #[arg(long, env = sempairs::device::VARIABLE, default_value = sempairs::device::default_name())]
    pub device: String,
}

impl DeviceFlag {
    pub fn open(&self) -> Result<burn::tensor::Device, Error> {
        sempairs::device::open(&self.device)
    }
}

/// Which experiment.
#[derive(Args)]
pub struct ExperimentFlags {
    /// The experiment's TOML file.
    pub experiment: std::path::PathBuf,
    /// Changes a value of the file, such as `training.steps=100`; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl ExperimentFlags {
    /// The experiments of the file.
    pub fn read(&self) -> Result<Vec<sempairs::experiment::Experiment>, Error> {
        sempairs::experiment::read(&self.experiment, &self.set)
    }

    /// The one experiment of the file.
    pub fn read_one(&self) -> Result<sempairs::experiment::Experiment, Error> {
        let mut all = self.read()?;
        if all.len() != 1 {
            return Err(Error::experiment(
                self.experiment.display().to_string(),
                format!("describes {} experiments, where one is needed", all.len()),
            ));
        }
        Ok(all.remove(0))
    }
}

/// What the loader may use. It changes no result, so no experiment's file says it.
#[derive(Args)]
pub struct LoaderFlags {
    /// Threads that decode and augment, 0 for one a core; the results stay the same.
    #[arg(
        long,
        value_name = "N",
        default_value_t = LoaderConfig::default().workers,
        value_parser = zero_or_up_to(MAX_THREADS)
    )]
    workers: usize,
    /// Batches that may wait, finished, which bounds the memory; the results stay the same.
    #[arg(
        long,
        value_name = "N",
        default_value_t = LoaderConfig::default().ahead,
        value_parser = up_to(MAX_AHEAD)
    )]
    ahead: usize,
}

/// Room for the waiting batches is made at the start, so there has to be a limit; a few keep any
/// device busy.
const MAX_AHEAD: usize = *sempairs::train::limits::AHEAD.end();

/// What a run shows while it trains.
#[derive(Args)]
pub struct DisplayFlag {
    /// Show a plain line every ten seconds on a terminal, too, and no dashboard.
    #[arg(long)]
    plain: bool,
}

impl DisplayFlag {
    pub fn progress(&self) -> Progress {
        if self.plain { Progress::Plain } else { Progress::Auto }
    }
}

/// A number from 1 to `most`.
fn up_to(most: usize) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=most as u64)
}

/// A number from 0 to `most`.
fn zero_or_up_to(most: usize) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(0..=most as u64)
}

impl LoaderFlags {
    pub fn config(&self) -> LoaderConfig {
        LoaderConfig { workers: self.workers, ahead: self.ahead }
    }
}
