//! Comparison of all methods: how much do they gain from semantic pairs over augmented pairs?
//!
//! Trains every method on the built-in scenes with augmented pairs (ap) and with semantic pairs
//! (sp), and prints the study's Figure 4 as a table. An interrupted call goes on when it is given
//! again.
//!
//! ```text
//! cargo run --example compare_methods -- --quick    # two seeds, fewer steps: half an hour
//! cargo run --example compare_methods
//! ```

use clap::Parser;
use sempairs::experiment::{Objective, read_grid};
use sempairs::method_table::MethodTable;
use sempairs::run::Runner;
use sempairs::signals::exit_code;
use sempairs::{Error, device};

const EXPERIMENT: &str = include_str!("../crates/sempairs/experiments/compare_methods.toml");

#[derive(Parser)]
struct Args {
    /// Device: flex, wgpu, vulkan or cuda:N.
    #[arg(long, env = device::VARIABLE, default_value = device::default_name())]
    device: String,
    /// Use two seeds and two thirds of each method's steps.
    #[arg(long)]
    quick: bool,
    /// Override a value of the experiment, such as `training.steps=100`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder for all runs.
    #[arg(long, default_value = "runs")]
    runs: std::path::PathBuf,
}

fn main() -> std::process::ExitCode {
    exit_code(compare(Args::parse()))
}

fn compare(args: Args) -> Result<(), Error> {
    let runner = Runner::new(args.runs, device::open(&args.device)?, &args.device);
    runner.stop_on_signals()?;
    let quick = ["name=compare_methods_quick", "seeds=[1, 2]"];
    let mut set: Vec<String> = quick.into_iter().filter(|_| args.quick).map(Into::into).collect();
    set.extend(args.set);
    let shorter = args.quick && !set.iter().any(|change| change.starts_with("training.steps"));
    let mut table = MethodTable::default();
    for mut experiment in read_grid(EXPERIMENT, "compare_methods.toml", &set)? {
        // The preset of each method sets its number of steps.
        if shorter {
            experiment.training.steps = experiment.training.steps.map(|steps| steps * 2 / 3);
        }
        let comparison = runner.compare(&experiment)?;
        runner.write_comparison(&experiment, &comparison)?;
        table.push(&experiment.method.name(), &comparison);
        eprintln!("\n{table}\n");
    }
    println!("{table}");
    Ok(())
}
