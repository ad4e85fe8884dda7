//! The time that the runs of an arm take.

use sempairs_eval::stats::Estimate;
use toml::Table;

use super::{ArmResult, Comparison, finite_mean};

impl Comparison {
    /// The settings of the experiment; `None` if its text is not stored.
    pub(crate) fn settings(&self) -> Option<Table> {
        let table: Table = toml::from_str(&self.experiment).ok()?;
        (!table.is_empty()).then_some(table)
    }

    /// The mean time in seconds that the runs of an arm train, without scoring:
    /// `steps · batch / pairs per second` of each run. `None` without a run, or if the text of the
    /// experiment is not stored.
    pub fn training_time(&self, arm: &ArmResult) -> Option<Estimate> {
        let settings = self.settings()?;
        let training = settings.get("training")?;
        let number = |key: &str| Some(training.get(key)?.as_integer()? as f64);
        let pairs = number("steps")? * number("batch")?;
        finite_mean(arm.runs.iter().map(|run| pairs / run.pairs_per_second))
    }
}
