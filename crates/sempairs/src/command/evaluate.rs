//! The command `sempairs evaluate`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use sempairs::eval::{ScoreLine, append_scores, read_scores, weights_identity};
use sempairs::experiment::Evaluations;
use sempairs::run::Runner;
use sempairs::{ConfigError, Error};
use sempairs_internal::{join_limited, say};

use super::flags::{DeviceFlag, ExperimentFlags};
use super::weights::WeightsFlags;

/// Arguments of `sempairs evaluate`.
#[derive(Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    experiment: ExperimentFlags,
    #[command(flatten)]
    weights: WeightsFlags,
    /// Name of the data set to score on, if the experiment has several; all if omitted.
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Folder to cache features in; for the same weights, views and pictures they are not
    /// recomputed. If the experiment has several data sets, each has a subfolder of its name.
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
        let chosen = self.chosen(&experiment.evaluation)?;
        // A file with other contents is rejected before the expensive evaluation.
        if let Some(path) = self.scores.as_ref().filter(|path| path.exists()) {
            read_scores(path)?;
        }
        let device = self.device.open()?;
        let runner = Runner::new("runs", device.clone(), &self.device.device);
        runner.stop_on_signals()?;
        let backbone = self.weights.load(experiment.backbone.init(&device))?;
        runner.warn(&experiment);
        // All data are opened and checked before any features are extracted.
        let mut opened = Vec::new();
        for index in chosen {
            let mut downstream = runner.downstream_of(&experiment, index)?;
            let fits = experiment.check_downstream_of(index, &downstream);
            fits.map_err(|error| origins.attribute(error))?;
            downstream.progress = true;
            if let Some(folder) = self.cache(&experiment.evaluation, index) {
                fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
                downstream.cache = Some(folder);
            }
            opened.push((index, downstream));
        }
        let file = self.scores.as_ref().map(|path| (path, weights_identity(&backbone).to_string()));
        for (index, downstream) in opened {
            let key = experiment.evaluation.key(index);
            let run = downstream.run(&backbone, &device);
            let scores = run.map_err(|error| self.weights.blamed(error.under(&key)))?;
            for score in &scores {
                say!("{score}");
            }
            // Appended data set by data set, so that an interruption loses as little as possible.
            if let Some((path, weights)) = &file {
                let line = |score| ScoreLine {
                    weights: Some(weights.clone()),
                    file: Some(self.weights.weights.display().to_string()),
                    ..ScoreLine::from(score)
                };
                append_scores(path, scores.into_iter().map(line).collect())?;
            }
        }
        Ok(())
    }

    /// The indices of the evaluations to score under.
    fn chosen(&self, evaluations: &Evaluations) -> Result<Vec<usize>, Error> {
        let Some(name) = &self.dataset else { return Ok((0..evaluations.len()).collect()) };
        let names: Vec<&str> = evaluations.iter().map(|it| it.dataset.as_str()).collect();
        match names.iter().position(|it| it == name) {
            Some(index) => Ok(vec![index]),
            None => {
                let listed = join_limited(names.iter().map(|it| format!("`{it}`")), ", ", NAMED);
                let reason = format!("the experiment has no data set `{name}`, only {listed}");
                let error = ConfigError::new("", reason).with_nearest(name, names);
                Err(Error::config("--dataset", error))
            }
        }
    }

    /// The folder to cache the features of a data set in.
    fn cache(&self, evaluations: &Evaluations, index: usize) -> Option<PathBuf> {
        let folder = self.features.clone()?;
        Some(match evaluations.len() {
            1 => folder,
            _ => folder.join(file_name(&evaluations[index].dataset)),
        })
    }
}

/// Maximum number of data sets in a message; the others are only counted.
const NAMED: usize = 10;

/// The name of a data set with characters replaced that cannot be part of the name of a folder.
fn file_name(dataset: &str) -> String {
    let name = dataset.replace(['/', '\\', ':'], "-");
    match name.strip_prefix('.') {
        Some(rest) => format!("-{rest}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_is_cached_in_a_folder_within_that_of_the_flag() {
        let names = ["cifar10", "unseen scenes", "a/b", "..", ".", "/etc", "c:\\d"];
        let expected = ["cifar10", "unseen scenes", "a-b", "-.", "-", "-etc", "c--d"];
        assert_eq!(names.map(file_name), expected);
    }
}
