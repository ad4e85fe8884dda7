//! SimCLR on augmented and on semantic pairs: are pairs of different pictures better than two
//! augmentations of one picture?
//!
//! Pre-trains a small ResNet on the built-in scenes with augmented pairs (ap) and with semantic
//! pairs (sp), three seeds each from the same initial weights, and scores both on classes and
//! nuisances that pre-training has never shown. Prints the table and writes
//! `runs/simclr_semantic/report.html`.
//!
//! ```text
//! cargo run --example simclr_semantic
//! cargo run --features wgpu --example simclr_semantic -- --device wgpu --set training.steps=20
//! ```

use clap::Parser;
use sempairs::experiment::read_grid;
use sempairs::run::Runner;
use sempairs::signals::exit_code;
use sempairs::train::Progress;
use sempairs::{Error, device};

const EXPERIMENT: &str = include_str!("../crates/sempairs/experiments/simclr_semantic.toml");

#[derive(Parser)]
struct Args {
    /// Device: flex, wgpu, vulkan or cuda:N.
    #[arg(long, env = device::VARIABLE, default_value = device::default_name())]
    device: String,
    /// Override a value of the experiment, such as `training.steps=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder for all runs.
    #[arg(long, default_value = "runs")]
    runs: std::path::PathBuf,
    /// Print a plain line every ten seconds instead of showing a dashboard.
    #[arg(long)]
    plain: bool,
}

fn main() -> std::process::ExitCode {
    exit_code(compare(Args::parse()))
}

fn compare(args: Args) -> Result<(), Error> {
    let mut runner = Runner::new(args.runs, device::open(&args.device)?, &args.device);
    if args.plain {
        runner.progress = Progress::Plain;
    }
    runner.stop_on_signals()?;
    for experiment in read_grid(EXPERIMENT, "simclr_semantic.toml", &args.set)? {
        let comparison = runner.compare(&experiment)?;
        let files = runner.write_comparison(&experiment, &comparison)?;
        println!("\n{comparison}\n\n{}\n{}", files.json.display(), files.report.display());
    }
    Ok(())
}
