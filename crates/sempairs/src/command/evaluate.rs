use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::backbone::weights::{LoadOptions, load};
use sempairs::eval::{Evaluate as _, append_scores};
use sempairs::run::Runner;

use super::{DeviceFlag, ExperimentFlags};

/// Arguments of `sempairs evaluate`.
#[derive(Args)]
pub struct Evaluate {
    #[command(flatten)]
    experiment: ExperimentFlags,
    /// The backbone's weights: `.safetensors` or PyTorch's `.pth`, under torchvision's names.
    #[arg(long)]
    weights: PathBuf,
    /// A file to add the scores to, a line of JSON each.
    #[arg(long)]
    scores: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceFlag,
}

impl Evaluate {
    pub fn run(self) -> Result<(), Error> {
        let experiment = self.experiment.read_one()?;
        let device = self.device.open()?;
        let runner = Runner::new("runs", device.clone(), &self.device.device);
        let backbone = experiment.backbone.init(&device);
        let backbone = load(backbone, &self.weights, &LoadOptions::default())?;
        let mut downstream = runner.downstream(&experiment)?;
        downstream.progress = true;
        let scores = downstream.run(&backbone, &device)?;
        for score in &scores {
            println!("{score}");
        }
        if let Some(path) = &self.scores {
            append_scores(path, &scores)?;
        }
        Ok(())
    }
}
