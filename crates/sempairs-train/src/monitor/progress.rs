use std::sync::Arc;
use std::time::{Duration, Instant};

use burn_train::Interrupter;
use burn_train::metric::{
    MetricDefinition, MetricEntry, MetricId, NumericAttributes, NumericEntry, SerializedEntry,
};
use burn_train::renderer::{MetricState, MetricsRenderer, default_renderer};
use sempairs_internal::note;
use sempairs_objective::Clock;

use super::terminal::{self, Taken};
use crate::{MetricLine, NegativeCounts};

/// Kind of progress display of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// burn-train's dashboard if standard output is a terminal (`q` offers to stop the run). Plain
    /// lines otherwise, and in a background job, under `nohup`, and without the feature `tui`.
    #[default]
    Auto,
    /// A plain line every ten seconds, with the estimated remaining time.
    Plain,
    /// No display.
    Quiet,
}

impl Progress {
    /// Returns true if a run that starts now shows a dashboard.
    pub fn is_dashboard(self) -> bool {
        // Without `tui` burn-train has no dashboard.
        cfg!(feature = "tui") && self == Self::Auto && terminal::is_usable()
    }
}

/// Interval between two plain lines, which keeps the log of a long run readable.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress display of one run.
pub(crate) struct ProgressRenderer {
    mode: Mode,
    label: String,
    started: Instant,
    first_step: usize,
}

enum Mode {
    Dashboard(Box<Dashboard>),
    Plain { last: Option<Instant> },
    Quiet,
}

/// burn-train's renderer, updated by the training loop of this crate.
///
/// Dropping it restores the terminal. The renderer's `on_train_end` is never called: apart from
/// restoring the terminal it only resets the interrupter, which would discard a stop requested
/// during the last evaluation; such a stop must also end the runs that follow.
struct Dashboard {
    renderer: Box<dyn MetricsRenderer>,
    epoch: Option<usize>,
    /// Declared last, since it must be dropped after the renderer.
    _terminal: Taken,
}

const LOSS: &str = "Loss";
const RATE: &str = "Learning rate";
const SPEED: &str = "Throughput";
const WAITING: &str = "Waiting for data";
const DEVIATION: &str = "Embedding std";
const RANK: &str = "Effective rank";

impl ProgressRenderer {
    pub(crate) fn start(
        progress: Progress,
        label: &str,
        clock: Clock,
        interrupter: &Interrupter,
    ) -> Self {
        let mode = match progress {
            Progress::Quiet => Mode::Quiet,
            progress if progress.is_dashboard() => {
                Mode::Dashboard(Box::new(Dashboard::start(label, clock, interrupter)))
            }
            _ => Mode::Plain { last: None },
        };
        Self { mode, label: label.into(), started: Instant::now(), first_step: clock.step }
    }

    /// Shows a new line of metrics.
    pub(crate) fn update(&mut self, line: &MetricLine, clock: Clock, batch: usize) {
        match &mut self.mode {
            Mode::Quiet => {}
            Mode::Dashboard(dashboard) => dashboard.update(line, clock, batch),
            Mode::Plain { last } => {
                let due = last.is_none_or(|last| last.elapsed() >= LINE_EVERY);
                if !due && !clock.is_over() {
                    return;
                }
                *last = Some(Instant::now());
                let done = (clock.step - self.first_step).max(1) as u32;
                let left = self.started.elapsed() / done * (clock.steps - clock.step) as u32;
                let collapse = line.collapse.map_or(String::new(), |c| {
                    format!("  deviation {:.2}  rank {:.1}", c.deviation, c.rank)
                });
                let scalars: String = line
                    .scalars
                    .iter()
                    .map(|(name, value)| format!("  {name} {value:.3}"))
                    .collect();
                let negatives = line.negatives.map_or(String::new(), |n| said(&n));
                note!(
                    "{}  epoch {:.1}/{}  step {}/{}  loss {:.4}{}  lr {:.2e}  {:.0} pairs/s  \
                     waiting {:.1} %{}{}  {} left",
                    self.label,
                    line.epoch,
                    clock.epochs(),
                    clock.step,
                    clock.steps,
                    line.loss,
                    scalars,
                    line.learning_rate,
                    line.pairs_per_second,
                    100.0 * line.waiting,
                    collapse,
                    negatives,
                    human(left)
                );
            }
        }
    }
}

impl Dashboard {
    fn start(label: &str, clock: Clock, interrupter: &Interrupter) -> Self {
        let start = || default_renderer(interrupter.clone(), None);
        let (mut renderer, terminal) = Taken::by(start);
        for (name, unit, higher_is_better) in [
            (LOSS, None, false),
            (RATE, None, true),
            (SPEED, Some("pairs/s"), true),
            (WAITING, Some("%"), false),
            (DEVIATION, None, true),
            (RANK, None, true),
        ] {
            renderer.register_metric(MetricDefinition {
                metric_id: id(name),
                name: Arc::new(name.into()),
                description: None,
                attributes: NumericAttributes { unit: unit.map(Into::into), higher_is_better }
                    .into(),
            });
        }
        let label = format!("{label} (to stop: Ctrl-C, or q, then s)");
        renderer.start(clock.epochs(), clock.epoch() + 1, None, Some(&label));
        Self { renderer, epoch: None, _terminal: terminal }
    }

    fn update(&mut self, line: &MetricLine, clock: Clock, batch: usize) {
        // The step that was just completed is the one before the clock's.
        let done = clock.at(clock.step.saturating_sub(1));
        if self.epoch != Some(done.epoch()) {
            if let Some(epoch) = self.epoch {
                self.renderer.end_split();
                self.renderer.update_epoch(epoch + 1);
            }
            self.epoch = Some(done.epoch());
            self.renderer.start_split("train", clock.steps_per_epoch * batch);
        }
        let mut show = |name: &str, value: f64, text: String| {
            self.renderer.update_train(MetricState::Numeric(
                MetricEntry::new(id(name), SerializedEntry::new(text, value.to_string())),
                Some(NumericEntry::Value(value)),
            ));
        };
        show(LOSS, line.loss, format!("{:.4}", line.loss));
        show(RATE, line.learning_rate, format!("{:.3e}", line.learning_rate));
        show(SPEED, line.pairs_per_second, format!("{:.0} pairs/s", line.pairs_per_second));
        show(WAITING, 100.0 * line.waiting, format!("{:.1} %", 100.0 * line.waiting));
        if let Some(collapse) = line.collapse {
            show(DEVIATION, collapse.deviation, format!("{:.3}", collapse.deviation));
            show(RANK, collapse.rank, format!("{:.1}", collapse.rank));
        }
        self.renderer.update_split((done.step_in_epoch() + 1) * batch);
    }
}

/// Composition of the negatives as text for a plain line.
fn said(counts: &NegativeCounts) -> String {
    let class = counts.same_class.map_or(String::new(), |same| format!("{same:.2} of its class, "));
    let (all, own, partner) = (counts.all, counts.own, counts.partner);
    format!("  negatives {all:.0}: {class}{own:.2} itself, {partner:.2} its partner")
}

fn id(name: &str) -> MetricId {
    MetricId::new(Arc::new(name.into()))
}

fn human(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..90 => format!("{s} s"),
        s @ 90..5400 => format!("{} min", s.div_ceil(60)),
        s => format!("{:.1} h", s as f64 / 3600.0),
    }
}
