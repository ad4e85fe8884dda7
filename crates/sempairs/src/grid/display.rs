//! Progress of a grid: a status line on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use sempairs_internal::{StatusLine, note};
use sempairs_train::Progress;

use super::open::PlannedRun;
use crate::run::RunState;

/// Shows how many runs are done, running and failed, and the time that is left.
pub(super) struct Display {
    name: String,
    is_quiet: bool,
    line: Option<StatusLine>,
    total: usize,
    done: usize,
    failed: usize,
    /// Steps of the runs that are neither done nor failed.
    steps_left: usize,
    /// Steps taken and time spent in runs of this process.
    steps_taken: usize,
    spent: Duration,
    begun: Option<Instant>,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was run here.
    Run,
    /// Its result was there.
    Kept,
    /// It failed.
    Failed,
    /// Another process is running it.
    Busy,
}

impl Display {
    /// Starts the display. On a terminal there is a status line unless `is_plain`.
    pub fn start(name: &str, runs: &[PlannedRun], progress: Progress, is_plain: bool) -> Self {
        let is_quiet = progress == Progress::Quiet;
        let has_line = !is_quiet && !is_plain && stderr().is_terminal();
        let done = runs.iter().filter(|run| run.state == RunState::Finished).count();
        let display = Self {
            name: name.into(),
            is_quiet,
            line: has_line.then(|| StatusLine::start(runs.len() as u64)),
            total: runs.len(),
            done,
            failed: 0,
            steps_left: runs.iter().map(PlannedRun::steps_left).sum(),
            steps_taken: 0,
            spent: Duration::ZERO,
            begun: None,
        };
        display.show("");
        display
    }

    /// A run begins.
    pub fn begin(&mut self, run: &PlannedRun) {
        self.begun = Some(Instant::now());
        if !self.is_quiet {
            note!("{}: {}; now {} ({})", self.name, self.counts(), run.label, run.state);
        }
        self.show(&run.label);
    }

    /// A run has ended.
    pub fn end(&mut self, run: &PlannedRun, ended: Ended) {
        let spent = self.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
        if ended == Ended::Busy {
            self.show("");
            return;
        }
        self.steps_left = self.steps_left.saturating_sub(run.steps_left());
        match ended {
            Ended::Failed => self.failed += 1,
            _ => self.done += 1,
        }
        if ended == Ended::Run {
            self.steps_taken += run.steps_left();
            self.spent += spent;
        }
        self.show("");
    }

    /// The process waits for this number of runs of others.
    pub fn wait(&self, runs: usize) {
        if !self.is_quiet {
            note!("{}: {}; waiting for {runs} in progress elsewhere", self.name, self.counts());
        }
        self.show("waiting for runs of other processes");
    }

    /// The numbers of runs, and the time left if there is an estimate.
    fn counts(&self) -> String {
        let mut text = format!("{} of {} runs done", self.done, self.total);
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        if let Some(left) = self.left() {
            text.push_str(&format!(", about {} left", human(left)));
        }
        text
    }

    /// The time for the steps that are left, at the mean speed of the runs so far.
    fn left(&self) -> Option<Duration> {
        let per_step = self.spent.as_secs_f64() / self.steps_taken as f64;
        let left = per_step * self.steps_left as f64;
        (self.steps_taken > 0 && self.steps_left > 0)
            .then(|| Duration::try_from_secs_f64(left).ok())
            .flatten()
    }

    fn show(&self, now: &str) {
        let running = usize::from(self.begun.is_some());
        let left = self.left().map_or(String::new(), |left| format!(", {} left", human(left)));
        if let Some(line) = &self.line {
            let (name, failed) = (&self.name, self.failed);
            let text = format!("{name}: {running} running, {failed} failed{left}  {now}");
            line.show((self.done + self.failed) as u64, text);
        }
    }
}

/// A duration in the unit that fits it.
pub(super) fn human(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: RunState) -> PlannedRun {
        PlannedRun { point: 0, arm: 0, seed: 0, steps: 100, label: "a run".into(), state }
    }

    #[test]
    fn runs_are_counted_and_the_time_left_follows_from_their_steps() {
        let runs = [RunState::Finished, RunState::Begun(60), RunState::ToDo, RunState::Busy];
        let runs = runs.map(run);
        let mut display = Display::start("grid", &runs, Progress::Quiet, true);
        assert_eq!(display.counts(), "1 of 4 runs done");
        assert_eq!(display.steps_left, 240);
        display.begin(&runs[1]);
        display.end(&runs[1], Ended::Run);
        display.spent = Duration::from_secs(40);
        assert_eq!(display.counts(), "2 of 4 runs done, about 3 min left");
        display.begin(&runs[3]);
        display.end(&runs[3], Ended::Busy);
        display.begin(&runs[2]);
        display.end(&runs[2], Ended::Failed);
        display.spent = Duration::from_secs(40);
        assert_eq!(display.counts(), "2 of 4 runs done, 1 failed, about 2 min left");
        display.end(&runs[3], Ended::Kept);
        assert_eq!(display.counts(), "3 of 4 runs done, 1 failed");
    }

    #[test]
    fn durations_have_the_unit_that_fits_them() {
        let shown = [0.04, 9.0, 60.0, 600.0, 9000.0].map(|s| human(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["0.0 s", "9.0 s", "60 s", "10 min", "2.5 h"]);
    }
}
