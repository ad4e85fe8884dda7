use std::sync::Arc;
use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use burn_train::Interrupter;
use sempairs_data::{DataError, Identity, PairDataset};
use sempairs_eval::analysis::collapse;
use sempairs_internal::{failpoint, note};
use sempairs_objective::{Clock, Method};

use crate::compatibility::check_batch;
use crate::monitor::{ProgressRenderer, Window};
use crate::{
    Alarm, Bounds, Checkpoint, Checkpoints, Collapse, LoaderConfig, MetricLine, MetricLog,
    PairLoader, Pipelines, Progress, RunDirectory, Stepper, TrainConfig, TrainError, Unlogged,
    check_method, negative_counts, semantic_share,
};

/// Pre-training of a method on pairs, from the start or from the last checkpoint.
///
/// [`new`](Self::new) takes the required settings; the builder methods change the defaults of the
/// others.
#[derive(Clone)]
pub struct Trainer {
    config: TrainConfig,
    dataset: Arc<PairDataset>,
    pipelines: Pipelines,
    device: Device,
    directory: RunDirectory,
    identity: Option<String>,
    progress: Progress,
    label: String,
    score_at: Vec<usize>,
    stop_on_collapse: bool,
    interrupter: Interrupter,
}

/// Result of a run.
#[derive(Debug)]
pub struct Outcome<M> {
    /// Trained method, in evaluation mode.
    pub method: M,
    /// Clock at the end of the run.
    pub clock: Clock,
    /// True if the run was stopped before its last step or while the observer handled that step.
    pub interrupted: bool,
    /// Lines of `metrics.jsonl`.
    pub metrics: Vec<MetricLine>,
    /// Signs of collapse at the end of the run.
    pub alarms: Vec<Alarm>,
}

/// Error of a caller's observer.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

impl Trainer {
    /// Creates a run in `directory` on `device`, without progress display.
    ///
    /// The default identity of the run is a hash of `config` (without the loader's settings), the
    /// pipelines, the names of the pictures and the pairs; see [`identity`](Self::identity).
    pub fn new(
        config: TrainConfig,
        dataset: Arc<PairDataset>,
        pipelines: impl Into<Pipelines>,
        directory: RunDirectory,
        device: Device,
    ) -> Self {
        Self {
            config,
            dataset,
            pipelines: pipelines.into(),
            device,
            directory,
            identity: None,
            progress: Progress::Quiet,
            label: "run".into(),
            score_at: Vec::new(),
            stop_on_collapse: false,
            interrupter: Interrupter::new(),
        }
    }

    /// Sets the identity of the run, a hash of everything that the weights depend on. A checkpoint
    /// with a different identity is rejected. Set it to distinguish runs that differ in settings
    /// unknown to the trainer, such as the hyperparameters of the method.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Sets the progress display; the default is [`Progress::Quiet`].
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Sets the name of the run in its progress display.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets the steps, in ascending order, after which [`run`](Self::run) calls its observer; 0
    /// means before the first step.
    pub fn observe(mut self, steps: impl Into<Vec<usize>>) -> Self {
        self.score_at = steps.into();
        self
    }

    /// Sets whether an [`Alarm`] ends the run with an error; the default is `false`.
    pub fn stop_on_collapse(mut self, stop: bool) -> Self {
        self.stop_on_collapse = stop;
        self
    }

    /// Sets the interrupter, with which another thread can stop the run; a stopped run writes a
    /// checkpoint. An interrupter shared between runs also stops the runs that follow, since no run
    /// resets it.
    pub fn interrupter(mut self, interrupter: Interrupter) -> Self {
        self.interrupter = interrupter;
        self
    }

    /// Directory of the run.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// Checkpoints of the run.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.directory.checkpoint(), self.checkpoint_identity())
    }

    /// Identity stored in the checkpoints.
    fn checkpoint_identity(&self) -> String {
        if let Some(identity) = &self.identity {
            return identity.clone();
        }
        let config = TrainConfig { loader: LoaderConfig::default(), ..self.config.clone() };
        let config = serde_json::to_string(&config).expect("a configuration is plain data");
        let Pipelines { left, right, locals, .. } = &self.pipelines;
        let locals = locals.as_ref().map(|it| (&it.pipeline, it.count, format!("{:?}", it.from)));
        let views = serde_json::to_string(&(left, right, locals)).expect("plain data");
        let identity = Identity::new().and_field(config.as_bytes()).and_field(views.as_bytes());
        pairs_identity(identity, &self.dataset).to_string()
    }

    /// Trains `method`, from the last checkpoint in the run directory if there is one, and calls
    /// `observer` with the method in evaluation mode after each step set with
    /// [`observe`](Self::observe).
    ///
    /// On resuming, the observer is called again for the step of the checkpoint, since the run may
    /// have been killed before the first call returned. An observer that fails with
    /// [`DataError::Interrupted`] stops the run in the same way as the
    /// [interrupter](Self::interrupter).
    ///
    /// # Errors
    ///
    /// Any [`TrainError`]. The last checkpoint stays valid however the run ends.
    pub fn run<M: Method>(
        &self,
        method: M,
        observer: impl FnMut(&M, Clock) -> Result<(), ObserverError>,
    ) -> Result<Outcome<M>, TrainError> {
        self.run_from(self.checkpoints().load()?, method, observer)
    }

    /// Like [`run`](Self::run), but starts from a checkpoint that the caller has loaded: the run's
    /// own or that of another run which this one continues. `None` starts at step 0 even if the
    /// directory contains a checkpoint.
    ///
    /// # Errors
    ///
    /// See [`run`](Self::run).
    pub fn run_from<M: Method>(
        &self,
        begun: Option<Checkpoint>,
        method: M,
        mut observer: impl FnMut(&M, Clock) -> Result<(), ObserverError>,
    ) -> Result<Outcome<M>, TrainError> {
        self.config.check()?;
        self.config.precision.check(&self.device)?;
        let TrainConfig { batch, steps, .. } = self.config;
        check_batch(&self.dataset, batch)?;
        check_method(&method, &self.dataset, &self.pipelines, batch)?;
        let steps_per_epoch = self.dataset.len() / batch;
        let checkpoint_every = self.config.checkpoint_every.unwrap_or(steps_per_epoch);
        let mut stepper = Stepper::new(&self.config, steps_per_epoch);
        let checkpoints = self.checkpoints();
        let device = self.device.clone().autodiff();

        let mut method = if is_autodiff(&method) { method } else { method.train() };
        let mut clock = Clock::new(steps_per_epoch, steps);
        let (mut saved, mut unlogged) = (None, None);
        if let Some(mut checkpoint) = begun {
            clock = clock.at(checkpoint.step);
            (saved, unlogged) = (Some(checkpoint.step), checkpoint.unlogged.take());
            let path = checkpoint.path().map_or_else(|| checkpoints.latest(), Into::into);
            let restored = checkpoint.restore(method, stepper.optimizer.clone());
            (method, stepper.optimizer) =
                restored.map_err(|reason| TrainError::Damaged { path, reason, previous: None })?;
        }
        // Must follow the restore, which replaces the parameter ids by those of the record.
        stepper.constant = method.constant_rate();
        let (negatives, chance) = (method.negatives(), method.chance(batch));
        let alarms = |lines: &[MetricLine], clock| Bounds::default().alarms(lines, chance, clock);
        let mut log = MetricLog::open(self.directory.metrics(), clock.step)?;
        let unlogged = unlogged.unwrap_or_default();
        if let Some(gap) = log.gap(clock.step.saturating_sub(unlogged.steps())) {
            note!("{gap}");
        }
        let mut loader = PairLoader::start(
            self.dataset.clone(),
            self.pipelines.clone(),
            batch,
            self.config.seed,
            clock,
            &self.config.loader,
        )?;
        let mut progress =
            ProgressRenderer::start(self.progress, &self.label, clock, &self.interrupter);
        let mut observe = |method: &M, clock: Clock| {
            if !self.score_at.contains(&clock.step) {
                return Ok(true);
            }
            match observer(&method.valid(), clock) {
                Ok(()) => Ok(true),
                Err(error) if is_interruption(&error) => Ok(false),
                Err(error) => Err(TrainError::Observer(error)),
            }
        };
        let mut observed = observe(&method, clock)?;

        let mut window = Window::resume(unlogged);
        while observed && !clock.is_over() && !self.interrupter.should_stop() {
            let waiting = Instant::now();
            let Some(views) = loader.next().transpose()? else { break };
            window.waited += waiting.elapsed();

            let views = views.views(&device).cast(self.config.precision.dtype());
            let loss = method.loss(views, clock);
            window.push(&loss);
            let mut gradients = GradientsParams::from_grads(loss.value.backward(), &method);
            method.mask(&mut gradients, clock);
            method = stepper.step(method, gradients, clock).after_step(clock);

            clock.step += 1;
            failpoint("step", clock.step);
            let epoch_ends = clock.step_in_epoch() == 0 || clock.is_over();
            let checkpoint_due = clock.step.is_multiple_of(checkpoint_every) || clock.is_over();
            if epoch_ends || checkpoint_due || clock.step.is_multiple_of(self.config.log_every) {
                let first = clock.step - window.steps();
                let closed = window.close(clock, batch, &stepper, || checkpoints.newest());
                let mut line = closed.or_else(|error| log.write().and(Err(error)))?;
                line.information_bound = method.information_bound(line.loss, batch, first);
                if epoch_ends {
                    line.collapse = Some(monitor(loss.embeddings));
                    let seed = self.config.seed;
                    line.negatives = negative_counts(&self.dataset, negatives, seed, batch, clock);
                    let share = semantic_share(&self.dataset, seed, batch, clock);
                    line.scalars.extend(share.map(|share| ("semantic_share".to_owned(), share)));
                }
                progress.update(&line, clock, batch);
                log.push(line);
                window = Window::start();
                let found = if epoch_ends { alarms(log.lines(), clock) } else { Vec::new() };
                if self.stop_on_collapse && !found.is_empty() {
                    log.write()?;
                    let checkpoint = checkpoints.newest();
                    return Err(TrainError::Collapsed {
                        step: clock.step,
                        alarms: found,
                        checkpoint,
                    });
                }
            }
            if checkpoint_due {
                log.write()?;
                save(&checkpoints, clock, &stepper, &method, None)?;
                saved = Some(clock.step);
            }
            observed = observe(&method, clock)?;
            if checkpoint_due || self.score_at.contains(&clock.step) {
                window.restart();
            }
        }
        let interrupted = !observed || !clock.is_over();
        if interrupted && saved != Some(clock.step) {
            log.write()?;
            let open = (!window.is_empty())
                .then(|| window.take(clock, &stepper, || checkpoints.newest()))
                .transpose()?;
            save(&checkpoints, clock, &stepper, &method, open)?;
        }
        let (metrics, alarms) = (log.lines().to_vec(), alarms(log.lines(), clock));
        Ok(Outcome { method: method.valid(), clock, interrupted, metrics, alarms })
    }
}

/// Extends an identity with the names of all pictures and the pairs; see [`PairDataset::identity`].
pub fn pairs_identity(identity: Identity, pairs: &PairDataset) -> Identity {
    pairs.identity(identity)
}

/// Writes a checkpoint, unless a weight is infinite or NaN, so that the last good checkpoint is
/// kept.
fn save<M: Module>(
    checkpoints: &Checkpoints,
    clock: Clock,
    stepper: &Stepper,
    method: &M,
    unlogged: Option<Unlogged>,
) -> Result<(), TrainError> {
    if !is_finite(method) {
        let step = clock.step.saturating_sub(1);
        return Err(TrainError::WeightsNotFinite {
            step,
            learning_rate: stepper.rate(clock.at(step)),
            checkpoint: checkpoints.newest(),
        });
    }
    let mut checkpoint = Checkpoint::take(clock.step, method, &stepper.optimizer);
    checkpoint.unlogged = unlogged;
    checkpoints.save(&checkpoint)?;
    Ok(())
}

/// Returns true if an observer stopped because the process was asked to end.
fn is_interruption(error: &ObserverError) -> bool {
    matches!(error.downcast_ref(), Some(DataError::Interrupted))
}

fn is_autodiff<M: Module>(method: &M) -> bool {
    method.devices().first().is_some_and(Device::is_autodiff)
}

/// Returns true if every parameter and buffer is finite.
fn is_finite<M: Module>(method: &M) -> bool {
    struct Finite(bool);
    impl ModuleVisitor for Finite {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            // A sum of squares is finite only if every term is finite.
            let sum = param.val().square().sum().into_data();
            self.0 &= sum.iter::<f64>().all(f64::is_finite);
        }
    }
    let mut finite = Finite(true);
    method.valid().visit(&mut finite);
    finite.0
}

/// Computes the collapse measurements of a batch of embeddings, `[n, d]`.
fn monitor(embeddings: Tensor<2>) -> Collapse {
    let [_, dim] = embeddings.dims();
    let values: Vec<f32> = embeddings.into_data().iter::<f32>().collect();
    Collapse {
        deviation: collapse::std_of_l2_normalized(&values, dim),
        rank: collapse::effective_rank(&values, dim),
    }
}
