//! DINO with a vision transformer on augmented and on semantic pairs, with attention maps.
//!
//! Trains a small vision transformer on the built-in scenes with augmented pairs (ap) and with
//! semantic pairs (sp), prints the table, and draws for each the attention of the last block over
//! unseen scenes into `runs/dino_vit/attention-ap.png` and `attention-sp.png`.
//!
//! ```text
//! cargo run --example dino_vit
//! ```

use clap::Parser;
use sempairs::backbone::Backbone;
use sempairs::backbone::weights::{LoadOptions, load};
use sempairs::experiment::read_grid;
use sempairs::method_table::MethodTable;
use sempairs::run::Runner;
use sempairs::signals::exit_code;
use sempairs::{Error, attention, device, png};

const EXPERIMENT: &str = include_str!("../crates/sempairs/experiments/dino_vit.toml");

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
}

fn main() -> std::process::ExitCode {
    exit_code(compare(Args::parse()))
}

fn compare(args: Args) -> Result<(), Error> {
    let runner = Runner::new(args.runs, device::open(&args.device)?, &args.device);
    runner.stop_on_signals()?;
    for experiment in read_grid(EXPERIMENT, "dino_vit.toml", &args.set)? {
        let comparison = runner.compare(&experiment)?;
        let files = runner.write_comparison(&experiment, &comparison)?;
        let mut table = MethodTable::default();
        table.push("dino_vit", &comparison);
        println!("\n{comparison}\n\n{table}\n\n{}", files.report.display());
        let pictures = attention::test_pictures(&runner, &experiment, 6)?;
        // Four times the side length of the training views, for maps with four times the
        // resolution.
        let view = attention::view(&experiment, 4 * experiment.views.size)?;
        for arm in &experiment.arms {
            let run = runner.run_folder(&experiment, arm, experiment.seeds[0]);
            let network = experiment.backbone.init(&runner.device);
            let network =
                load(network, &run.join("backbone.safetensors"), &LoadOptions::default())?;
            let Some(transformer) = network.transformer() else { continue };
            let drawn = attention::figure(transformer, &pictures, &view, &runner.device, 144)?;
            let out = runner.folder(&experiment).join(format!("attention-{}.png", arm.name));
            png::write(&out, &drawn)?;
            println!("{}", out.display());
        }
    }
    Ok(())
}
