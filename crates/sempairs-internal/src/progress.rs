use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use indicatif::MultiProgress;
pub use indicatif::ProgressBar;
use indicatif::{ProgressFinish, ProgressStyle};

/// The status line that is shown, and the bars above it.
static SHOWN: Mutex<Option<Shown>> = Mutex::new(None);

#[derive(Clone)]
struct Shown {
    all: MultiProgress,
    status: ProgressBar,
}

/// Creates a progress bar on standard error. It is not shown if standard error is not a terminal,
/// and is cleared when dropped.
pub fn progress_bar(what: impl Into<Cow<'static, str>>, steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec}, {eta} left");
    let bar = ProgressBar::new(steps)
        .with_message(what)
        .with_style(style.expect("a valid template"))
        .with_finish(ProgressFinish::AndClear);
    placed(bar)
}

/// Like [`progress_bar`], for an unknown number of steps: shows the count so far.
pub fn progress_count(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {pos} {per_sec}, {elapsed}");
    let bar = ProgressBar::new_spinner()
        .with_message(what)
        .with_style(style.expect("a valid template"))
        .with_finish(ProgressFinish::AndClear);
    placed(bar)
}

/// A bar with a text at the bottom of the terminal, below the lines of [`note!`](crate::note) and
/// other progress bars. Like them it is only shown on a terminal. At most one is shown at a time,
/// until it is dropped.
pub struct StatusLine(ProgressBar);

impl StatusLine {
    /// Shows the line, for this number of steps.
    pub fn start(steps: u64) -> Self {
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {msg}");
        let all = MultiProgress::new();
        let status = all.add(
            ProgressBar::new(steps)
                .with_style(style.expect("a valid template"))
                .with_finish(ProgressFinish::AndClear),
        );
        status.tick();
        let shown = Shown { all, status: status.clone() };
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Self(status)
    }

    /// Changes the number of completed steps and the text.
    pub fn show(&self, done: u64, text: impl Into<Cow<'static, str>>) {
        self.0.set_position(done);
        self.0.set_message(text);
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn shown() -> Option<Shown> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts a bar above the status line, if there is one.
fn placed(bar: ProgressBar) -> ProgressBar {
    match shown() {
        Some(Shown { all, status }) => all.insert_before(&status, bar),
        None => bar,
    }
}

/// Runs `write` while no status line is on the screen, so that what it writes is above the line.
pub(crate) fn above_status<T>(write: impl FnOnce() -> T) -> T {
    match shown() {
        Some(shown) => shown.all.suspend(write),
        None => write(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a terminal nothing is drawn, but the bars count.
    #[test]
    fn a_status_line_lets_lines_and_bars_through() {
        let line = StatusLine::start(3);
        let bar = progress_bar("inner", 5);
        bar.inc(2);
        line.show(1, "one of three");
        assert_eq!(above_status(|| 7), 7);
        crate::note!("a line above the status");
        assert_eq!((bar.position(), line.0.position()), (2, 1));
        drop(line);
        assert!(shown().is_none());
        assert_eq!(progress_count("later").position(), 0);
    }
}
