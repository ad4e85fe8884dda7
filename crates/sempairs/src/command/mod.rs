//! The command-line interface of `sempairs`.

mod attention;
mod bench;
mod cache;
mod compare;
mod devices;
mod evaluate;
mod flags;
mod folder;
mod pairs;
mod presets;
mod pretrain;
mod report;
mod scenes;
mod study;
mod weights;

use clap::{Parser, Subcommand};
use sempairs::Error;

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
    /// Score the weights of a backbone on the downstream data of an experiment, on all data sets or
    /// on one of them.
    Evaluate(evaluate::EvaluateArgs),
    /// Draw the attention maps of a vision transformer over pictures of an experiment or other
    /// pictures.
    Attention(attention::AttentionArgs),
    /// Run all arms of an experiment with all seeds, and report the differences between arms.
    #[command(after_help = STOPPING)]
    Compare(compare::Compare),
    /// Run all experiments of a file with `[[vary]]` tables, or list their runs, and report on all
    /// of them.
    #[command(after_help = STOPPING)]
    Study(study::StudyArgs),
    /// Rewrite the table and the report of a study or of a grid of studies from the stored results
    /// of its runs, without pictures or weights.
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
            Command::Study(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Presets(args) => args.run(),
            Command::Devices(args) => args.run(),
            Command::Bench(args) => args.run(),
        }
    }
}
