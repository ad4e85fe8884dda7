use std::borrow::Cow;

pub use indicatif::ProgressBar;
use indicatif::{ProgressFinish, ProgressStyle};

/// A bar on standard error for what takes more than a moment. It draws nothing where that is no
/// terminal, and is gone once dropped.
pub fn progress_bar(what: impl Into<Cow<'static, str>>, steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec}, {eta} left");
    ProgressBar::new(steps)
        .with_message(what)
        .with_style(style.expect("a valid template"))
        .with_finish(ProgressFinish::AndClear)
}

/// As [`progress_bar`], for what has no end that is known beforehand: it shows how many there were.
pub fn progress_count(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {pos} {per_sec}, {elapsed}");
    ProgressBar::new_spinner()
        .with_message(what)
        .with_style(style.expect("a valid template"))
        .with_finish(ProgressFinish::AndClear)
}
