//! Execution of the runs of a grid.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sempairs_data::{DataError, interrupt};
use sempairs_internal::{caught, note};
use sempairs_train::{Progress, RunDirectory};

use super::display::{Display, Ended, human};
use super::open::GridRuns;
use super::report;
use crate::Error;
use crate::run::{Attempt, RunState};

/// First and longest pause between two looks at the runs of other processes.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(5)];

/// Interval at which a pause looks whether the process was asked to stop.
const LOOK: Duration = Duration::from_millis(50);

/// What a process has done for a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridOutcome {
    /// Number of runs of the grid, or of the shard.
    pub runs: usize,
    /// Runs that this process has run.
    pub run: usize,
    /// Runs whose result was there, or was made by another process.
    pub kept: usize,
    /// Runs that failed, each with its error.
    pub failed: Vec<(String, String)>,
    /// Folder of the grid's report.
    pub folder: PathBuf,
}

impl GridOutcome {
    /// Returns an error if a run has failed.
    ///
    /// # Errors
    /// [`Error::Runs`].
    pub fn check(&self) -> Result<(), Error> {
        match self.failed.is_empty() {
            true => Ok(()),
            false => Err(Error::Runs {
                runs: self.runs,
                failed: self.failed.iter().map(|(run, _)| run.clone()).collect(),
            }),
        }
    }
}

impl GridRuns {
    /// Runs what is left of the grid and writes its report. A run that fails is reported on
    /// standard error and does not stop the others. A run that another process is running is left
    /// to it; once all others are done, this process waits for it, and takes it over if the other
    /// process ends without a result.
    ///
    /// # Errors
    /// The error of an interruption, and any error of the files of the grid. The errors of single
    /// runs are in the outcome.
    pub fn execute(self, is_plain: bool) -> Result<GridOutcome, Error> {
        std::fs::create_dir_all(&self.folder).map_err(|e| Error::io(&self.folder, e))?;
        self.record.write(&self.folder)?;
        let started = Instant::now();
        let progress = self.runner.progress;
        let mut turn = Turn {
            grid: &self,
            display: Display::start(self.name(), &self.runs, progress, is_plain),
            begun: vec![false; self.ready.len()],
            run: 0,
            kept: 0,
            failed: Vec::new(),
        };
        turn.all()?;
        let Turn { begun, run, kept, failed, display, .. } = turn;
        drop(display);
        let (runs, folder) = (self.runs.len(), self.folder.clone());
        let outcome = GridOutcome { runs, run, kept, failed, folder };
        self.tell(&outcome, started.elapsed());
        self.end(&begun)?;
        Ok(outcome)
    }

    /// Adds the baselines of the points that have a result, and writes the report. `begun` says of
    /// which points this process has written the files.
    fn end(&self, begun: &[bool]) -> Result<(), Error> {
        let Self { runner, ready, grid, .. } = self;
        for ((ready, point), begun) in ready.iter().zip(&grid.points).zip(begun) {
            // The runs of another shard, which has not come to them.
            if !runner.has_result(ready) {
                continue;
            }
            let files = || {
                if !begun {
                    runner.begin(ready)?;
                }
                runner.end(ready)
            };
            files().map_err(|error| point.origins.attribute(error))?;
        }
        report::write(&self.runner.root, &self.folder, self.record.clone())?;
        Ok(())
    }

    fn tell(&self, outcome: &GridOutcome, time: Duration) {
        let GridOutcome { runs, run, kept, failed, .. } = outcome;
        if self.runner.progress != Progress::Quiet {
            let name = self.name();
            let failures = failed.len();
            note!(
                "{name}: {runs} runs: {kept} were finished, {run} run here in {}, {failures} \
                 failed",
                human(time)
            );
            for (run, error) in failed {
                note!("  failed: {run}: {error}");
            }
        }
    }
}

/// The turn of a process through the runs of a grid.
struct Turn<'a> {
    grid: &'a GridRuns,
    display: Display,
    /// The points whose files are written.
    begun: Vec<bool>,
    run: usize,
    kept: usize,
    failed: Vec<(String, String)>,
}

impl Turn<'_> {
    fn all(&mut self) -> Result<(), Error> {
        let mut waiting = Vec::new();
        for index in 0..self.grid.runs.len() {
            match self.grid.runs[index].state {
                RunState::Finished => self.refresh(index)?,
                _ if self.to(index)? == Ended::Busy => waiting.push(index),
                _ => {}
            }
        }
        let [mut pause, longest] = PAUSES;
        let mut told = 0;
        while !waiting.is_empty() {
            self.look();
            if waiting.len() != told {
                told = waiting.len();
                self.display.wait(told);
            }
            self.pause(pause)?;
            pause = (pause * 3 / 2).min(longest);
            let mut still = Vec::new();
            for index in waiting {
                if self.to(index)? == Ended::Busy {
                    still.push(index);
                }
            }
            waiting = still;
        }
        Ok(())
    }

    /// Brings the result of a finished run up to date. The display counts it from the start.
    fn refresh(&mut self, index: usize) -> Result<(), Error> {
        self.check_stop()?;
        let all = self.grid;
        let GridRuns { runner, grid, ready, runs, .. } = all;
        let run = &runs[index];
        let (ready, point) = (&ready[run.point], &grid.points[run.point]);
        match runner.refresh(ready, &ready.study.arms[run.arm], run.seed) {
            Ok(()) => self.kept += 1,
            Err(error) if error.is_interruption() => return Err(error),
            Err(error) => {
                self.fail(&run.label, point.origins.attribute(error).to_string());
                self.display.end(index, Ended::Failed);
            }
        }
        Ok(())
    }

    /// Shows which runs other processes are running now.
    fn look(&mut self) {
        let all = self.grid;
        let GridRuns { runner, ready, runs, .. } = all;
        self.display.look(|index| {
            let run = &runs[index];
            let study = &ready[run.point].study;
            RunDirectory::is_busy(&runner.run_folder(study, &study.arms[run.arm], run.seed))
        });
    }

    /// Turns to a run: runs it, unless it is finished or another process is running it.
    fn to(&mut self, index: usize) -> Result<Ended, Error> {
        self.check_stop()?;
        let all = self.grid;
        let GridRuns { runner, grid, ready, runs, .. } = all;
        let run = &runs[index];
        let (ready, point) = (&ready[run.point], &grid.points[run.point]);
        let arm = &ready.study.arms[run.arm];
        // Cheaper than an attempt, which draws the pairs.
        if RunDirectory::is_busy(&runner.run_folder(&ready.study, arm, run.seed)) {
            return Ok(Ended::Busy);
        }
        self.display.begin(index, run);
        let begun = &mut self.begun[run.point];
        // A panic, such as that of a device without memory, is the error of its run.
        let attempt = caught(|| {
            if !*begun {
                runner.begin(ready)?;
                *begun = true;
            }
            runner.attempt(ready, arm, run.seed)
        });
        let ended = match attempt {
            Ok(Ok(Attempt::Run)) => Ended::Run,
            Ok(Ok(Attempt::Kept)) => Ended::Kept,
            Ok(Ok(Attempt::Busy)) => Ended::Busy,
            Ok(Err(error)) if error.is_interruption() => return Err(error),
            Ok(Err(error)) => self.fail(&run.label, point.origins.attribute(error).to_string()),
            Err(panic) => self.fail(&run.label, format!("it panicked: {panic}")),
        };
        match ended {
            Ended::Run => self.run += 1,
            Ended::Kept => self.kept += 1,
            Ended::Failed | Ended::Busy => {}
        }
        self.display.end(index, ended);
        if matches!(ended, Ended::Run | Ended::Failed) {
            self.look();
        }
        Ok(ended)
    }

    fn fail(&mut self, label: &str, error: String) -> Ended {
        note!("error: {label}: {error}");
        self.failed.push((label.to_owned(), error));
        Ended::Failed
    }

    fn check_stop(&self) -> Result<(), Error> {
        if self.grid.runner.interrupter.should_stop() {
            return Err(DataError::Interrupted.into());
        }
        interrupt::check()?;
        Ok(())
    }

    fn pause(&self, time: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.check_stop()?;
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}
