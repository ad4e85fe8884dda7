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
    /// Where each run is, and how many steps of it were left when the grid was opened.
    runs: Vec<(Place, usize)>,
    /// Steps taken and time spent in runs of this process.
    steps_taken: usize,
    spent: Duration,
    begun: Option<Instant>,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nobody is running it.
    Open,
    /// This process is running it.
    Here,
    /// Another process is running it.
    Elsewhere,
    Done,
    Failed,
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
        let place = |run: &PlannedRun| match run.state {
            RunState::Finished => Place::Done,
            RunState::Busy => Place::Elsewhere,
            RunState::Begun(_) | RunState::ToDo => Place::Open,
        };
        let display = Self {
            name: name.into(),
            is_quiet,
            line: has_line.then(|| StatusLine::start(runs.len() as u64)),
            runs: runs.iter().map(|run| (place(run), run.steps_left())).collect(),
            steps_taken: 0,
            spent: Duration::ZERO,
            begun: None,
        };
        display.show("");
        display
    }

    /// The run with this index begins.
    pub fn begin(&mut self, index: usize, run: &PlannedRun) {
        self.begun = Some(Instant::now());
        let counts = self.counts();
        self.runs[index].0 = Place::Here;
        if !self.is_quiet {
            note!("{}: {counts}; now {} ({})", self.name, run.label, run.state);
        }
        self.show(&run.label);
    }

    /// The run with this index has ended.
    pub fn end(&mut self, index: usize, ended: Ended) {
        let spent = self.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
        let (place, steps) = &mut self.runs[index];
        *place = match ended {
            Ended::Run | Ended::Kept => Place::Done,
            Ended::Failed => Place::Failed,
            Ended::Busy => Place::Elsewhere,
        };
        if ended == Ended::Run {
            self.steps_taken += *steps;
            self.spent += spent;
        }
        self.show("");
    }

    /// Looks again which of the runs that are not done other processes are running; `is_busy` says
    /// so of the run with an index.
    pub fn look(&mut self, is_busy: impl Fn(usize) -> bool) {
        if self.is_quiet {
            return;
        }
        for (index, (place, _)) in self.runs.iter_mut().enumerate() {
            if matches!(place, Place::Open | Place::Elsewhere) {
                *place = if is_busy(index) { Place::Elsewhere } else { Place::Open };
            }
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

    fn count(&self, place: Place) -> usize {
        self.runs.iter().filter(|(at, _)| *at == place).count()
    }

    /// The numbers of runs, and the time left if there is an estimate.
    fn counts(&self) -> String {
        let mut text = format!("{} of {} runs done", self.count(Place::Done), self.runs.len());
        if self.count(Place::Elsewhere) > 0 {
            text.push_str(&format!(", {}", self.running()));
        }
        let failed = self.count(Place::Failed);
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        if let Some(left) = self.left() {
            text.push_str(&format!(", about {} left", human(left)));
        }
        text
    }

    /// How many runs are in progress, and how many of them in this process.
    fn running(&self) -> String {
        let here = self.count(Place::Here);
        format!("{} running ({here} here)", here + self.count(Place::Elsewhere))
    }

    /// The time for the steps that are left to this process, at the mean speed of its runs so far.
    fn left(&self) -> Option<Duration> {
        let ours = self.runs.iter().filter(|(at, _)| matches!(at, Place::Open | Place::Here));
        let steps: usize = ours.map(|(_, steps)| steps).sum();
        let per_step = self.spent.as_secs_f64() / self.steps_taken as f64;
        (self.steps_taken > 0 && steps > 0)
            .then(|| Duration::try_from_secs_f64(per_step * steps as f64).ok())
            .flatten()
    }

    fn show(&self, now: &str) {
        let Some(line) = &self.line else { return };
        let left = self.left().map_or(String::new(), |left| format!(", {} left", human(left)));
        let (name, running, failed) = (&self.name, self.running(), self.count(Place::Failed));
        let ended = self.count(Place::Done) + failed;
        line.show(ended as u64, format!("{name}: {running}, {failed} failed{left}  {now}"));
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
        let mut display = Display::start("grid", &runs, Progress::Plain, true);
        assert_eq!(display.counts(), "1 of 4 runs done, 1 running (0 here)");
        display.begin(1, &runs[1]);
        assert_eq!(display.running(), "2 running (1 here)");
        display.end(1, Ended::Run);
        display.spent = Duration::from_secs(40);
        // One second a step; the 100 steps of the other process are not counted.
        assert_eq!(display.counts(), "2 of 4 runs done, 1 running (0 here), about 2 min left");
        // The other process turns from one run to the next.
        display.look(|index| index == 2);
        assert_eq!(display.counts(), "2 of 4 runs done, 1 running (0 here), about 2 min left");
        display.look(|_| false);
        assert_eq!(display.counts(), "2 of 4 runs done, about 3 min left");
        display.begin(3, &runs[3]);
        display.end(3, Ended::Busy);
        display.begin(2, &runs[2]);
        display.end(2, Ended::Failed);
        assert_eq!(display.counts(), "2 of 4 runs done, 1 running (0 here), 1 failed");
        display.end(3, Ended::Kept);
        display.look(|_| true);
        assert_eq!(display.counts(), "3 of 4 runs done, 1 failed");
    }

    #[test]
    fn durations_have_the_unit_that_fits_them() {
        let shown = [0.04, 9.0, 60.0, 600.0, 9000.0].map(|s| human(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["0.0 s", "9.0 s", "60 s", "10 min", "2.5 h"]);
    }
}
