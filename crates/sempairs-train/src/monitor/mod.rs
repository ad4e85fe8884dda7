//! Monitoring of a training run: metrics, negatives, collapse alarms and progress display.

mod collapse_alarm;
mod metric_line;
mod metric_window;
mod metrics;
mod negative_counts;
mod progress;
mod semantic_share;
pub mod terminal;

pub use collapse_alarm::{Alarm, Bounds};
pub use metric_line::{Collapse, MetricLine};
pub use metric_window::Unlogged;
pub(crate) use metric_window::Window;
pub use metrics::MetricLog;
pub use negative_counts::{NegativeCounts, negative_counts};
pub use progress::Progress;
pub(crate) use progress::ProgressRenderer;
pub use semantic_share::semantic_share;
