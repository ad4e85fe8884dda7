//! The command `sempairs compare`.

use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::run::Runner;
use sempairs_internal::say;

use super::flags::{DeviceFlag, DisplayFlag, ExperimentFlags, LoaderFlags};

/// Arguments of `sempairs compare`.
#[derive(Args)]
pub struct Compare {
    #[command(flatten)]
    experiment: ExperimentFlags,
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

impl Compare {
    pub fn run(self) -> Result<(), Error> {
        let experiments = self.experiment.read()?;
        let mut runner = Runner::new(self.runs, self.device.open()?, &self.device.device);
        runner.loader = self.loader.config();
        runner.progress = self.progress.progress();
        runner.stop_on_collapse = self.stop_on_collapse;
        runner.stop_on_signals()?;
        for (experiment, origins) in &experiments {
            let comparison =
                runner.compare(experiment).map_err(|error| origins.attribute(error))?;
            let files = runner.write_comparison(experiment, &comparison)?;
            say!("{}\n{comparison}", experiment.name);
            say!("{}\n{}", files.json.display(), files.report.display());
        }
        Ok(())
    }
}
