//! A list of the runs of a grid with estimated times, instead of running them.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use sempairs_internal::{counted, note};
use sempairs_train::Progress;

use super::display::human;
use super::open::{GridRuns, PlannedRun};
use crate::Error;
use crate::experiment::{Arm, Experiment};
use crate::run::RunState;

/// All runs of a grid with their state, and the estimated time of what is left.
///
/// The time is that of training, from a few timed steps of each arm with unfinished runs; scoring
/// and checkpoints come on top.
#[derive(Clone, Debug)]
pub struct DryRun {
    name: String,
    device: String,
    gpu_hours: String,
    runs: Vec<(PlannedRun, Option<Duration>)>,
    is_timed: bool,
}

impl DryRun {
    /// Lists the runs; with `is_timed`, some training steps are timed on the device of the runs.
    ///
    /// # Errors
    /// Any error of the timed steps.
    pub fn of(grid: &GridRuns, is_timed: bool) -> Result<Self, Error> {
        let mut known = HashMap::new();
        let mut runs = Vec::new();
        for run in &grid.runs {
            let time = match run.steps_left() {
                0 => Some(Duration::ZERO),
                _ if !is_timed => None,
                left => {
                    let ready = &grid.ready[run.point];
                    let arm = &ready.study.arms[run.arm];
                    let key = timed_settings(&ready.study, arm);
                    let per_step = match known.get(&key) {
                        Some(seconds) => *seconds,
                        None => {
                            if grid.runner.progress != Progress::Quiet {
                                note!("{} {}: timing a few steps", ready.study.name, arm.name);
                            }
                            let origins = &grid.grid.points[run.point].origins;
                            let time = grid.runner.time_step(ready, arm);
                            let seconds = time.map_err(|error| origins.attribute(error))?;
                            known.insert(key, seconds);
                            seconds
                        }
                    };
                    Duration::try_from_secs_f64(per_step * left as f64).ok()
                }
            };
            runs.push((run.clone(), time));
        }
        Ok(Self {
            name: grid.grid.name.clone(),
            device: grid.runner.device_name.clone(),
            gpu_hours: grid.grid.about.gpu_hours.clone(),
            runs,
            is_timed,
        })
    }

    /// The runs, each with the estimated time of what is left of it.
    pub fn runs(&self) -> impl Iterator<Item = (&PlannedRun, Option<Duration>)> {
        self.runs.iter().map(|(run, time)| (run, *time))
    }

    fn count(&self, is_counted: impl Fn(RunState) -> bool) -> usize {
        self.runs.iter().filter(|(run, _)| is_counted(run.state)).count()
    }
}

/// The settings that the time of a step of an arm depends on. Arms that differ only in others, such
/// as their length or their number of pairs, are timed once.
fn timed_settings(experiment: &Experiment, arm: &Arm) -> String {
    let mut timed = experiment.clone();
    timed.name = "timed".into();
    timed.arms = vec![Arm::new("timed", arm.pairing.clone())];
    timed.seeds = vec![0];
    timed.training.steps = Some(1);
    timed.to_toml()
}

/// Number of columns of a state, an estimated time and a number of steps.
const WIDTHS: [usize; 3] = [20, 8, 9];

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [state, time, steps] = WIDTHS;
        writeln!(f, "{}: {}", self.name, counted(self.runs.len(), "run"))?;
        let [a, b, c] = ["state", "steps", "time"];
        writeln!(f, "  {a:state$} {b:>steps$} {c:>time$}  run")?;
        for (run, estimate) in &self.runs {
            let estimate = match (run.state, estimate) {
                (RunState::Finished, _) | (_, None) => "-".to_owned(),
                (_, Some(estimate)) => human(*estimate),
            };
            let (now, all, label) = (run.state.to_string(), run.steps, &run.label);
            writeln!(f, "  {now:state$} {all:>steps$} {estimate:>time$}  {label}")?;
        }
        let finished = self.count(|state| state == RunState::Finished);
        let busy = self.count(|state| state == RunState::Busy);
        let begun = self.count(|state| matches!(state, RunState::Begun(_)));
        let to_do = self.count(|state| state == RunState::ToDo);
        write!(f, "total: {finished} finished, {begun} begun, {busy} in progress, {to_do} to do")?;
        if self.is_timed {
            let total: Duration = self.runs.iter().filter_map(|(_, time)| *time).sum();
            write!(
                f,
                "; about {} of training in one process on {}, without scoring",
                human(total),
                self.device
            )?;
        }
        match self.gpu_hours.as_str() {
            "" => Ok(()),
            hours => write!(f, "\nGPU hours according to the file: {hours}"),
        }
    }
}
