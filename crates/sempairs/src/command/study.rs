//! The command `sempairs study`.

use std::path::PathBuf;

use clap::Args;
use sempairs::Error;
use sempairs::experiment::Grid;
use sempairs::grid::{DryRun, GridRuns, Shard};
use sempairs::run::Runner;
use sempairs_internal::{note, say};

use super::flags::{DeviceFlag, DisplayFlag, ExperimentFlags, LoaderFlags};

/// Arguments of `sempairs study`.
#[derive(Args)]
pub struct StudyArgs {
    #[command(flatten)]
    experiment: ExperimentFlags,
    /// Folder of all runs.
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// List every run with its state and an estimated time, from a few timed training steps,
    /// instead of running it. Data that are not there are listed, too.
    #[arg(long)]
    dry_run: bool,
    /// With `--dry-run`: time no steps.
    #[arg(long, requires = "dry_run")]
    no_timing: bool,
    /// Run only every N-th run, from the K-th; without it, the variables of a SLURM job array
    /// select the runs of each task. Processes without it share all runs.
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
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

impl StudyArgs {
    pub fn run(self) -> Result<(), Error> {
        let file = &self.experiment.experiment;
        let grid = Grid::read(file, &self.experiment.set)?;
        let shard = self.shard()?;
        let mut runner = Runner::new(self.runs, self.device.open()?, &self.device.device);
        runner.loader = self.loader.config();
        runner.progress = self.progress.progress();
        runner.stop_on_collapse = self.stop_on_collapse;
        runner.stop_on_signals()?;
        let runs = GridRuns::open(&runner, grid, &file.display().to_string(), shard)?;
        if self.dry_run {
            say!("{}", DryRun::of(&runs, !self.no_timing)?);
            return Ok(());
        }
        let outcome = runs.execute(self.progress.is_plain())?;
        let failed = outcome.failed.len();
        say!(
            "{} of {} runs are finished, {failed} failed",
            outcome.run + outcome.kept,
            outcome.runs
        );
        say!("{}", outcome.folder.join("report.html").display());
        outcome.check()
    }

    /// The shard that the flag or SLURM selects, or else the whole grid.
    fn shard(&self) -> Result<Shard, Error> {
        if let Some(shard) = self.shard {
            return Ok(shard);
        }
        let Some(shard) = Shard::from_slurm()? else { return Ok(Shard::default()) };
        note!("shard {shard}, according to the variables of the SLURM job array");
        Ok(shard)
    }
}
