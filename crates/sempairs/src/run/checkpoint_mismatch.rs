//! Error messages for a checkpoint or a result that was written by a run with other settings.

use std::fs;
use std::path::{Path, PathBuf};

use sempairs_backbone::BackboneFactory;
use sempairs_data::PairDataset;
use sempairs_internal::join_limited;
use sempairs_train::TrainError;
use toml::Table;

use crate::Error;
use crate::experiment::Objective;
use crate::experiment::Study;
use crate::experiment::differences::{Difference, differences};
use crate::experiment::source_text::plain;

/// Maximum number of keys in a message; further ones are only counted.
const NAMED: usize = 10;

/// Extends the error of loading a checkpoint of another run by the keys in which this run differs
/// from `beside`, the experiment file in the run's folder. `only` is the experiment of this run,
/// with a single arm and seed.
pub(super) fn explained<M: Objective, B: BackboneFactory>(
    error: TrainError,
    beside: &Path,
    only: &Study<M, B>,
    pairs: &PairDataset,
) -> Error {
    match error {
        TrainError::OtherRun { path, .. } => {
            of_another_run("checkpoint", path, beside, only, pairs)
        }
        other => other.into(),
    }
}

/// The error of a file of another run, `what`, as [`explained`].
pub(super) fn of_another_run<M: Objective, B: BackboneFactory>(
    what: &str,
    path: PathBuf,
    beside: &Path,
    only: &Study<M, B>,
    pairs: &PairDataset,
) -> Error {
    let file = beside.display();
    let before = match fs::read_to_string(beside) {
        Ok(text) => toml::from_str::<Table>(&text).map_err(|error| plain(error.message())),
        Err(error) => Err(error.to_string()),
    };
    let before = match before {
        Ok(before) => before,
        Err(reason) => {
            let reason = format!(
                "this {what} was written by a run with other settings; {file}, which would \
                 show them, cannot be read: {reason}; restore the settings, or use another name or \
                 --runs folder"
            );
            return Error::file(path, reason);
        }
    };
    // Numbers are compared after a round trip through TOML, so that they are rounded as in the
    // file.
    let now = match toml::from_str(&only.to_toml()) {
        Ok(now) => now,
        Err(error) => return Error::file(path, plain(error.message())),
    };
    let changed = differences(&of_the_weights(before), &of_the_weights(now));
    let reason = match changed.is_empty() {
        false => {
            let lines = changed.iter().map(described);
            format!(
                "this {what} was written by a run with other settings: {}; restore the \
                 settings of {file}, or use another name or --runs folder",
                join_limited(lines, "; ", NAMED)
            )
        }
        true => {
            let source = pairs.source();
            let place =
                source.location().map_or(String::new(), |it| format!(" in {}", it.display()));
            format!(
                "this {what} was written by a run with the same settings ({file}), but with \
                 other pictures or pairs: now there are {} pairs of {} pictures{place}; files were \
                 added, removed or renamed, or the manifest changed; restore the old files, or use \
                 another name or --runs folder",
                pairs.len(),
                source.len()
            )
        }
    };
    Error::file(path, reason)
}

/// The settings that a run's weights depend on, as in [`Study::run_identity`].
fn of_the_weights(mut experiment: Table) -> Table {
    for key in ["name", "preset", "extends", "seeds", "evaluation"] {
        experiment.remove(key);
    }
    if let Some(training) = experiment.get_mut("training").and_then(|it| it.as_table_mut()) {
        training.remove("log_every");
        training.remove("checkpoint_every");
    }
    let arms = experiment.get_mut("arms").and_then(|it| it.as_array_mut());
    for arm in arms.into_iter().flatten().filter_map(|arm| arm.as_table_mut()) {
        arm.remove("name");
    }
    experiment
}

fn described(Difference { key, before, now }: &Difference) -> String {
    match (before, now) {
        (Some(before), Some(now)) => format!("`{key}` was {before} and is {now}"),
        (None, Some(now)) => format!("`{key}` was not set and is {now}"),
        (before, _) => {
            format!("`{key}` was {} and is not set", before.as_deref().unwrap_or_default())
        }
    }
}
