//! The command `sempairs pretrain`.

use std::path::PathBuf;

use clap::Args;
use sempairs::experiment::limits::MAX_SEED;
use sempairs::run::Runner;
use sempairs::{ConfigError, Error};
use sempairs_internal::say;

use super::flags::{DeviceFlag, DisplayFlag, ExperimentFlags, LoaderFlags};

/// Arguments of `sempairs pretrain`.
#[derive(Args)]
pub struct Pretrain {
    #[command(flatten)]
    experiment: ExperimentFlags,
    /// Name of the arm; the first arm if omitted.
    #[arg(long)]
    arm: Option<String>,
    /// Random seed; the experiment's first seed if omitted.
    #[arg(long, value_parser = clap::value_parser!(u64).range(..=MAX_SEED))]
    seed: Option<u64>,
    /// Folder of all runs.
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// End a run that has collapsed with an error; without this flag it continues, and its summary
    /// reports the collapse.
    #[arg(long)]
    stop_on_collapse: bool,
    #[command(flatten)]
    loader: LoaderFlags,
    #[command(flatten)]
    progress: DisplayFlag,
    #[command(flatten)]
    device: DeviceFlag,
}

impl Pretrain {
    pub fn run(self) -> Result<(), Error> {
        let (experiment, origins) = self.experiment.read_one()?;
        let file = self.experiment.experiment.display().to_string();
        let arm = match &self.arm {
            None => &experiment.arms[0],
            Some(name) => {
                experiment.arms.iter().find(|arm| arm.name == *name).ok_or_else(|| {
                    let names: Vec<&str> =
                        experiment.arms.iter().map(|a| a.name.as_str()).collect();
                    let reason = format!("there is no arm `{name}`, only {}", names.join(", "));
                    let error = ConfigError::new("", reason).with_nearest(name, names);
                    Error::config(file, error)
                })?
            }
        };
        let seed = self.seed.unwrap_or(experiment.seeds[0]);
        let mut runner = Runner::new(self.runs, self.device.open()?, &self.device.device);
        runner.loader = self.loader.config();
        runner.progress = self.progress.progress();
        runner.stop_on_collapse = self.stop_on_collapse;
        runner.stop_on_signals()?;
        runner.warn(&experiment);
        runner.tell_difference(&experiment);
        let attribute = |error| origins.attribute(error);
        // Before the evaluation's pictures are opened, so that settings that do not fit the pairs
        // are refused early.
        let pairs = runner.checked_pairs(&experiment, arm, seed).map_err(attribute)?;
        let downstream = runner.downstream(&experiment)?;
        let run = runner.pretrain(&experiment, arm, seed, &downstream).map_err(attribute)?;
        drop(pairs);
        for point in &run.result.curve {
            for score in &point.scores {
                say!("step {:>6}  {score}", point.step);
            }
        }
        say!("{}", runner.run_folder(&experiment, arm, seed).display());
        Ok(())
    }
}
