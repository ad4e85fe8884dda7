use std::sync::Arc;
use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use burn_train::Interrupter;
use sempairs_data::{DataError, PairDataset};
use sempairs_eval::Identity;
use sempairs_eval::analysis::collapse;
use sempairs_internal::{failpoint, note};
use sempairs_objective::{Clock, Method};

use crate::monitor::{ProgressRenderer, Window};
use crate::{
    Alarm, Bounds, Checkpoint, Checkpoints, Collapse, LoaderConfig, MetricLine, MetricLog,
    PairLoader, Pipelines, Progress, RunDirectory, Stepper, TrainConfig, TrainError, Unlogged,
    check_method, negative_counts,
};

/// Pre-training of a method on pairs, from its start or from its last checkpoint.
///
/// [`new`](Self::new) takes what every run needs; the other methods set what has a default.
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

/// How a run ended.
#[derive(Debug)]
pub struct Outcome<M> {
    /// The networks, ready for evaluation.
    pub method: M,
    /// When.
    pub clock: Clock,
    /// Whether it was stopped before its last step, or before the observer was done with that.
    pub interrupted: bool,
    /// All lines of `metrics.jsonl`.
    pub metrics: Vec<MetricLine>,
    /// What is wrong with it at the end.
    pub alarms: Vec<Alarm>,
}

/// What a caller's observer may fail with.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

impl Trainer {
    /// A run in `directory` on `device`, without progress lines.
    ///
    /// Its identity is a hash of `config` (without the loader's settings), the pipelines, and the
    /// names and pairs of the pictures; see [`identity`](Self::identity).
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

    /// Sets the hash of everything that the weights depend on: a checkpoint with another one is
    /// refused. Set it to tell apart runs that differ in what the trainer cannot see, such as the
    /// constants of the method.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Sets how the run shows its progress; the default is not at all.
    pub fn progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Sets the name of the run in its progress lines.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets the steps, in rising order, after which the observer of [`run`](Self::run) is called; 0
    /// is before the first step.
    pub fn observe(mut self, steps: impl Into<Vec<usize>>) -> Self {
        self.score_at = steps.into();
        self
    }

    /// Sets whether an [`Alarm`] ends the run with an error.
    pub fn stop_on_collapse(mut self, stop: bool) -> Self {
        self.stop_on_collapse = stop;
        self
    }

    /// Sets what lets another thread stop the run, which then writes a checkpoint. Whoever shares
    /// it between runs stops those that follow, too: no run resets it.
    pub fn interrupter(mut self, interrupter: Interrupter) -> Self {
        self.interrupter = interrupter;
        self
    }

    /// The run's directory.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// The run's checkpoints.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.directory.checkpoint(), self.checkpoint_identity())
    }

    /// The identity that checkpoints carry.
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

    /// Trains `method`, from the run directory's last checkpoint if there is one, and calls
    /// `observer` with the networks in evaluation mode after each step of
    /// [`observe`](Self::observe).
    ///
    /// After a resume the observer is called again for the step of the checkpoint, since the run
    /// may have been killed before the first call ended. An observer that fails with
    /// [`DataError::Interrupted`] stops the run as the [interrupter](Self::interrupter) does.
    ///
    /// # Errors
    ///
    /// Any [`TrainError`]. Whatever ends the run, the last checkpoint stays whole.
    pub fn run<M: Method>(
        &self,
        method: M,
        observer: impl FnMut(&M, Clock) -> Result<(), ObserverError>,
    ) -> Result<Outcome<M>, TrainError> {
        self.run_from(self.checkpoints().load()?, method, observer)
    }

    /// [`run`](Self::run) from a checkpoint that was loaded before: the run's own, or that of
    /// another run which this one continues. `None` starts at step 0 even if the directory has a
    /// checkpoint.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_from<M: Method>(
        &self,
        begun: Option<Checkpoint>,
        method: M,
        mut observer: impl FnMut(&M, Clock) -> Result<(), ObserverError>,
    ) -> Result<Outcome<M>, TrainError> {
        self.config.check()?;
        self.config.precision.check(&self.device)?;
        check_method(&method, &self.dataset, &self.pipelines, self.config.batch)?;
        let TrainConfig { batch, steps, .. } = self.config;
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
        // After a restore, which gives parameters the ids of the record.
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
                let closed = window.close(clock, batch, &stepper, || checkpoints.newest());
                let mut line = closed.or_else(|error| log.write().and(Err(error)))?;
                if epoch_ends {
                    line.collapse = Some(monitor(loss.embeddings));
                    let seed = self.config.seed;
                    line.negatives = negative_counts(&self.dataset, negatives, seed, batch, clock);
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

/// The identity so far, with the names of all pictures and the pairs.
pub fn pairs_identity(mut identity: Identity, pairs: &PairDataset) -> Identity {
    for index in 0..pairs.source().len() {
        identity = identity.and_field(pairs.source().name(index).as_bytes());
    }
    for pair in pairs.pairs() {
        identity = identity.and(&pair.left.to_le_bytes()).and(&pair.right.to_le_bytes());
    }
    identity
}

/// Writes a checkpoint, unless a weight is no number: the one before it is worth more then.
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

/// Whether an observer stopped because the process is to end.
fn is_interruption(error: &ObserverError) -> bool {
    matches!(error.downcast_ref(), Some(DataError::Interrupted))
}

fn is_autodiff<M: Module>(method: &M) -> bool {
    method.devices().first().is_some_and(Device::is_autodiff)
}

/// Whether every parameter and buffer is a number.
fn is_finite<M: Module>(method: &M) -> bool {
    struct Finite(bool);
    impl ModuleVisitor for Finite {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            // A sum of squares is finite only if every term is.
            let sum = param.val().square().sum().into_data();
            self.0 &= sum.iter::<f64>().all(f64::is_finite);
        }
    }
    let mut finite = Finite(true);
    method.valid().visit(&mut finite);
    finite.0
}

fn monitor(embeddings: Tensor<2>) -> Collapse {
    let [_, dim] = embeddings.dims();
    let values: Vec<f32> = embeddings.into_data().iter::<f32>().collect();
    Collapse {
        deviation: collapse::std_of_l2_normalized(&values, dim),
        rank: collapse::effective_rank(&values, dim),
    }
}
