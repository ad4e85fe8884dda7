//! The command `sempairs evaluate`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::eval::{ScoreLine, append_scores, read_scores, weights_identity};
use sempairs::run::Runner;
use sempairs_internal::say;

use super::flags::{DeviceFlag, ExperimentFlags};
use super::weights::WeightsFlags;

/// Arguments of `sempairs evaluate`.
#[derive(Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    experiment: ExperimentFlags,
    #[command(flatten)]
    weights: WeightsFlags,
    /// Folder to cache features in; for the same weights, views and pictures they are not
    /// recomputed.
    #[arg(long, value_name = "FOLDER")]
    features: Option<PathBuf>,
    /// File to append the scores to, one line of JSON each; a run's `scores.jsonl` can be used.
    #[arg(long)]
    scores: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceFlag,
}

impl EvaluateArgs {
    pub fn run(self) -> Result<(), Error> {
        let (experiment, origins) = self.experiment.read_one()?;
        // A file with other contents is rejected before the expensive evaluation.
        if let Some(path) = self.scores.as_ref().filter(|path| path.exists()) {
            read_scores(path)?;
        }
        let device = self.device.open()?;
        let runner = Runner::new("runs", device.clone(), &self.device.device);
        runner.stop_on_signals()?;
        let backbone = self.weights.load(experiment.backbone.init(&device))?;
        runner.warn(&experiment);
        let mut downstream = runner.downstream(&experiment)?;
        let fits = experiment.check_downstream(&downstream);
        fits.map_err(|error| origins.attribute(error))?;
        downstream.progress = true;
        if let Some(folder) = &self.features {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
            downstream.cache = Some(folder.clone());
        }
        let run = downstream.run(&backbone, &device);
        let scores = run.map_err(|error| self.weights.blamed(error.under("evaluation")))?;
        for score in &scores {
            say!("{score}");
        }
        if let Some(path) = &self.scores {
            let weights = weights_identity(&backbone).to_string();
            let line = |score| ScoreLine {
                weights: Some(weights.clone()),
                file: Some(self.weights.weights.display().to_string()),
                ..ScoreLine::from(score)
            };
            append_scores(path, scores.into_iter().map(line).collect())?;
        }
        Ok(())
    }
}
