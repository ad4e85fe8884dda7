use std::borrow::Cow;

pub use indicatif::ProgressBar;
use indicatif::{ProgressFinish, ProgressStyle};

/// Creates a progress bar on standard error. It is not shown if standard error is not a terminal,
/// and is cleared when dropped.
pub fn progress_bar(what: impl Into<Cow<'static, str>>, steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec}, {eta} left");
    ProgressBar::new(steps)
        .with_message(what)
        .with_style(style.expect("a valid template"))
        .with_finish(ProgressFinish::AndClear)
}

/// Like [`progress_bar`], for an unknown number of steps: shows the count so far.
pub fn progress_count(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {pos} {per_sec}, {elapsed}");
    ProgressBar::new_spinner()
        .with_message(what)
        .with_style(style.expect("a valid template"))
        .with_finish(ProgressFinish::AndClear)
}
