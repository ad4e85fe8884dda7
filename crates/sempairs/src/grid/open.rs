//! A grid whose data are open: its runs, their order and their state.

use std::path::PathBuf;

use sempairs_train::Progress;

use super::needs::{DataErrors, check_files};
use super::record::GridRecord;
use super::shard::Shard;
use crate::Error;
use crate::error::study_origin;
use crate::experiment::{Experiment, Grid, GridPoint};
use crate::run::{Ready, RunState, Runner};

/// A grid that is ready to run: its experiments are checked, their data are open, and the state of
/// every run is known.
pub struct GridRuns {
    pub(super) runner: Runner,
    pub(super) grid: Grid,
    pub(super) record: GridRecord,
    /// Folder of the grid's own files.
    pub(super) folder: PathBuf,
    /// One per point.
    pub(super) ready: Vec<Ready>,
    pub(super) runs: Vec<PlannedRun>,
}

/// One run of a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRun {
    /// Index of the point in the grid.
    pub point: usize,
    /// Index of the arm in the point's experiment.
    pub arm: usize,
    /// Random seed.
    pub seed: u64,
    /// Number of steps.
    pub steps: usize,
    /// Name of the run in messages: experiment, arm and seed.
    pub label: String,
    /// State when the grid was opened.
    pub state: RunState,
}

impl PlannedRun {
    /// Number of steps that are left.
    pub fn steps_left(&self) -> usize {
        match self.state {
            RunState::Finished => 0,
            RunState::Begun(step) => self.steps.saturating_sub(step),
            RunState::Busy | RunState::ToDo => self.steps,
        }
    }
}

/// Point, arm and seed of every run of a grid: all runs of the first seeds, then those of the
/// second ones, and so on.
fn order(experiments: &[&Experiment]) -> Vec<(usize, usize, u64)> {
    let seeds = experiments.iter().map(|experiment| experiment.seeds.len()).max().unwrap_or(0);
    let mut runs = Vec::new();
    for place in 0..seeds {
        for (point, experiment) in experiments.iter().enumerate() {
            let Some(seed) = experiment.seeds.get(place) else { continue };
            runs.extend((0..experiment.arms.len()).map(|arm| (point, arm, *seed)));
        }
    }
    runs
}

impl GridRuns {
    /// Checks all experiments of a grid, opens their data, and finds the state of the runs in a
    /// shard. Nothing is written, except decoded caches of pictures. `file` is the file's name in
    /// error messages. Runs show plain lines instead of a dashboard, since there are many.
    ///
    /// # Errors
    /// [`Error::Config`] that lists all missing files and folders, or all errors of opening the
    /// data, with what the `[study]` table says about where to get them; any error of a setting
    /// that does not fit the data; [`Error::File`] for a result or a checkpoint of a run with other
    /// settings, and for a result that lacks scores which only a checkpoint could give.
    pub fn open(runner: &Runner, grid: Grid, file: &str, shard: Shard) -> Result<Self, Error> {
        if let Some(reason) = grid.about.unsupported() {
            return Err(Error::invalid(file, reason));
        }
        let mut runner = runner.clone();
        if runner.progress == Progress::Auto {
            runner.progress = Progress::Plain;
        }
        for GridPoint { experiment, origins, .. } in &grid.points {
            let attribute = |error| origins.attribute(error);
            experiment.check(&study_origin(&experiment.name)).map_err(attribute)?;
            runner.check_runs(experiment).map_err(attribute)?;
        }
        check_files(&grid, file)?;
        let mut ready = Vec::new();
        let mut errors = DataErrors::default();
        for GridPoint { experiment, origins, .. } in &grid.points {
            runner.warn(experiment);
            match runner.ready(experiment) {
                Ok(point) => ready.push(point),
                Err(error) if DataErrors::has(&error) => {
                    errors.add(error);
                    // The first error hides those of the other pictures of the experiment.
                    runner.data_errors(experiment).into_iter().for_each(|it| errors.add(it));
                }
                Err(error) => return Err(origins.attribute(error)),
            }
        }
        errors.check(&grid, file)?;
        let experiments: Vec<&Experiment> = grid.points.iter().map(|it| &it.experiment).collect();
        let mut runs = Vec::new();
        for (position, (point, arm, seed)) in order(&experiments).into_iter().enumerate() {
            if !shard.contains(position) {
                continue;
            }
            let study: &Ready = &ready[point];
            let its_arm = &study.study.arms[arm];
            let state = runner.state(study, its_arm, seed);
            let attribute = |error| grid.points[point].origins.attribute(error);
            runs.push(PlannedRun {
                point,
                arm,
                seed,
                steps: study.study.training.steps.unwrap_or(0),
                label: format!("{} {} seed {seed}", study.study.name, its_arm.name),
                state: state.map_err(attribute)?,
            });
        }
        let record = GridRecord::new(&grid, &runner);
        let folder = folder_of(&grid, &runner);
        Ok(Self { runner, grid, record, folder, ready, runs })
    }

    /// The runs in the order in which they are run.
    pub fn runs(&self) -> &[PlannedRun] {
        &self.runs
    }

    /// Name of the grid.
    pub fn name(&self) -> &str {
        &self.grid.name
    }
}

/// The folder of a grid's own files: that of an experiment with the name of the grid.
fn folder_of(grid: &Grid, runner: &Runner) -> PathBuf {
    let named = |point: &GridPoint| {
        let experiment = Experiment { name: grid.name.clone(), ..point.experiment.clone() };
        runner.folder(&experiment)
    };
    grid.points.first().map_or_else(|| runner.root.join(&grid.name), named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_of_one_seed_of_every_point_come_first() {
        let text = include_str!("../../experiments/simclr_semantic.toml");
        let experiment = Experiment::parse(text, "simclr_semantic.toml").unwrap();
        let arms = experiment.arms[..2].to_vec();
        let of = |seeds: &[u64]| Experiment {
            seeds: seeds.to_vec(),
            arms: arms.clone(),
            ..experiment.clone()
        };
        let [three, one] = [of(&[5, 6, 7]), of(&[5])];
        assert_eq!(
            order(&[&three, &one]),
            [
                (0, 0, 5),
                (0, 1, 5),
                (1, 0, 5),
                (1, 1, 5),
                (0, 0, 6),
                (0, 1, 6),
                (0, 0, 7),
                (0, 1, 7)
            ]
        );
        assert!(order(&[]).is_empty());
    }
}
