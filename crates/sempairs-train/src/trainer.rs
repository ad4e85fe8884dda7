use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use burn_train::Interrupter;
use sempairs_augment::Pipeline;
use sempairs_data::PairDataset;
use sempairs_eval::collapse;
use sempairs_objective::{Clock, Method};
use serde::{Deserialize, Serialize};

use crate::progress::Progress;
use crate::{
    Checkpoint, Checkpoints, Collapse, Display, LearningRate, LoaderConfig, MetricLine, MetricLog,
    OptimizerConfig, PairLoader, RunDirectory, Scaling, Stepper, TrainError,
};

/// Everything that a run's weights depend on, besides the method, the pairs and the pipelines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Seed of the order and of the augmentation.
    pub seed: u64,
    /// Pairs in a batch.
    pub batch: usize,
    /// Steps of the run.
    pub steps: usize,
    /// What turns gradients into steps.
    pub optimizer: OptimizerConfig,
    /// How far.
    pub learning_rate: LearningRate,
    /// The greatest length of each tensor's gradient, beyond which it is scaled down to it; no limit if it is
    /// left out. DINO has 3 (facebookresearch/dino, `main_dino.py`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Workers and memory of the loader; they change no result.
    #[serde(default)]
    pub loader: LoaderConfig,
    /// Steps between two lines of metrics; the loss is read from the device this often.
    #[serde(default = "log_every")]
    pub log_every: usize,
    /// Steps between two checkpoints; one an epoch if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint_every: Option<usize>,
}

fn log_every() -> usize {
    10
}

impl TrainConfig {
    /// AdamW with PyTorch's constants but for a weight decay of 1e-4, a tenth of the steps warm-up, then a
    /// cosine to zero.
    pub fn adamw(seed: u64, batch: usize, steps: usize, learning_rate: f64) -> Self {
        Self {
            seed,
            batch,
            steps,
            optimizer: OptimizerConfig::adamw(1e-4),
            learning_rate: LearningRate {
                base: learning_rate,
                scaling: Scaling::None,
                warmup_epochs: 0.0,
                warmup_steps: Some(steps / 10),
                end_factor: 0.0,
                vectors: None,
            },
            clip: None,
            loader: LoaderConfig::default(),
            log_every: log_every(),
            checkpoint_every: None,
        }
    }

    /// # Errors
    ///
    /// [`TrainError::Config`] for the first value out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        for (key, value) in [
            ("batch", self.batch),
            ("steps", self.steps),
            ("log_every", self.log_every),
            ("checkpoint_every", self.checkpoint_every.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(TrainError::config(key, "must be at least 1, not 0"));
            }
        }
        if self.batch < 2 {
            return Err(TrainError::config("batch", "must be at least 2: one pair has no other"));
        }
        if let Some(clip) = self.clip.filter(|clip| !(*clip > 0.0 && clip.is_finite())) {
            return Err(TrainError::config("clip", format!("must be positive, not {clip}")));
        }
        self.optimizer.check()?;
        self.learning_rate.check()
    }
}

/// A pre-training run that is about to start, or to go on from its last checkpoint.
pub struct Trainer {
    /// Its constants.
    pub config: TrainConfig,
    /// Its pairs.
    pub dataset: Arc<PairDataset>,
    /// The augmentation of view one and of view two.
    pub pipelines: [Pipeline; 2],
    /// Where the networks live.
    pub device: Device,
    /// Where it writes.
    pub directory: RunDirectory,
    /// A hash of the whole configuration: a checkpoint with another one is refused.
    pub identity: String,
    /// Where it shows how far it is.
    pub display: Display,
    /// What to call it there.
    pub label: String,
    /// The steps, in rising order, after which the observer is called; 0 is before the first.
    pub observe: Vec<usize>,
    /// Lets another thread stop the run, which then writes a checkpoint. Whoever shares it between runs stops
    /// those that follow, too: no run resets it.
    pub interrupter: Interrupter,
}

/// How a run ended.
#[derive(Debug)]
pub struct Outcome<M> {
    /// The networks, ready for evaluation.
    pub method: M,
    /// When.
    pub clock: Clock,
    /// Whether it was stopped before its last step.
    pub interrupted: bool,
    /// All lines of `metrics.jsonl`.
    pub metrics: Vec<MetricLine>,
}

/// What a caller's observer may fail with.
pub type ObserverError = Box<dyn std::error::Error + Send + Sync>;

impl Trainer {
    /// Trains `method`, from the run directory's last checkpoint if there is one, and calls `observer`
    /// with the networks in evaluation mode after each step in [`observe`](Self::observe).
    ///
    /// After a resume the observer is called again for the step of the checkpoint, since the run may have
    /// been killed before the first call ended.
    ///
    /// # Errors
    ///
    /// Any [`TrainError`]. Whatever ends the run, the last checkpoint stays whole.
    pub fn run<M: Method>(
        &self,
        method: M,
        mut observer: impl FnMut(&M, Clock) -> Result<(), ObserverError>,
    ) -> Result<Outcome<M>, TrainError> {
        self.config.check()?;
        let TrainConfig { batch, steps, .. } = self.config;
        let steps_per_epoch = self.dataset.len() / batch;
        if steps_per_epoch == 0 {
            return Err(TrainError::config(
                "batch",
                format!("is {batch}, but there are only {} pairs", self.dataset.len()),
            ));
        }
        let checkpoint_every = self.config.checkpoint_every.unwrap_or(steps_per_epoch);
        let mut stepper = Stepper::new(&self.config, steps_per_epoch);
        let checkpoints = Checkpoints::new(self.directory.checkpoint(), &self.identity);
        let device = self.device.clone().autodiff();

        let mut method = if is_autodiff(&method) { method } else { method.train() };
        let mut clock = Clock::new(steps_per_epoch, steps);
        if let Some(checkpoint) = checkpoints.load()? {
            clock = clock.at(checkpoint.step);
            let restored = checkpoint.restore(method, stepper.optimizer.clone());
            (method, stepper.optimizer) = restored.map_err(|reason| TrainError::Damaged {
                path: checkpoints.newest().unwrap_or_else(|| checkpoints.latest()),
                reason,
                previous: None,
            })?;
        }
        let mut log = MetricLog::open(self.directory.metrics(), clock.step)?;
        let mut loader = PairLoader::start(
            self.dataset.clone(),
            self.pipelines.clone(),
            batch,
            self.config.seed,
            clock,
            &self.config.loader,
        )?;
        let mut progress = Progress::start(self.display, &self.label, clock, &self.interrupter);
        let mut observe = |method: &M, clock: Clock| {
            if !self.observe.contains(&clock.step) {
                return Ok(());
            }
            observer(&method.valid(), clock).map_err(TrainError::Observer)
        };
        observe(&method, clock)?;

        let mut window = Window::start();
        while !clock.is_over() && !self.interrupter.should_stop() {
            let waiting = Instant::now();
            let Some(views) = loader.next().transpose()? else { break };
            window.waited += waiting.elapsed();

            let loss = method.loss(views.views(&device), clock);
            window.losses.push(loss.value.clone().detach());
            let mut gradients = GradientsParams::from_grads(loss.value.backward(), &method);
            method.mask(&mut gradients, clock);
            method = stepper.step(method, gradients, clock).after_step(clock);

            clock.step += 1;
            let epoch_ends = clock.step_in_epoch() == 0 || clock.is_over();
            let checkpoint_due = clock.step.is_multiple_of(checkpoint_every) || clock.is_over();
            if epoch_ends || checkpoint_due || clock.step.is_multiple_of(self.config.log_every) {
                let closed = window.close(clock, batch, &stepper, || checkpoints.newest());
                let mut line = closed.or_else(|error| log.write().and(Err(error)))?;
                line.collapse = epoch_ends.then(|| monitor(loss.embeddings));
                progress.update(&line, clock, batch);
                log.push(line);
                window = Window::start();
            }
            if checkpoint_due {
                log.write()?;
                save(&checkpoints, clock, &stepper, &method)?;
            }
            observe(&method, clock)?;
            if checkpoint_due || self.observe.contains(&clock.step) {
                window.restart();
            }
        }
        let interrupted = !clock.is_over();
        if interrupted {
            if !window.losses.is_empty() {
                let closed = window.close(clock, batch, &stepper, || checkpoints.newest());
                log.push(closed.or_else(|error| log.write().and(Err(error)))?);
            }
            log.write()?;
            save(&checkpoints, clock, &stepper, &method)?;
        }
        Ok(Outcome { method: method.valid(), clock, interrupted, metrics: log.lines().to_vec() })
    }
}

/// The steps since the last line of metrics.
struct Window {
    started: Instant,
    waited: Duration,
    losses: Vec<Tensor<1>>,
}

impl Window {
    fn start() -> Self {
        Self { started: Instant::now(), waited: Duration::ZERO, losses: Vec::new() }
    }

    /// Leaves the time of checkpoints and observers out of the pace.
    fn restart(&mut self) {
        if self.losses.is_empty() {
            self.started = Instant::now();
        }
    }

    /// Reads the losses, all at once, since each reading makes the device wait.
    fn close(
        &mut self,
        clock: Clock,
        batch: usize,
        stepper: &Stepper,
        checkpoint: impl Fn() -> Option<PathBuf>,
    ) -> Result<MetricLine, TrainError> {
        let count = self.losses.len();
        let losses: Vec<f64> =
            Tensor::cat(std::mem::take(&mut self.losses), 0).into_data().iter::<f64>().collect();
        if let Some(i) = losses.iter().position(|loss| !loss.is_finite()) {
            let step = clock.step - count + i;
            return Err(TrainError::NotFinite {
                loss: losses[i],
                step,
                learning_rate: stepper.rate(clock.at(step)),
                checkpoint: checkpoint(),
            });
        }
        let seconds = self.started.elapsed().as_secs_f64().max(1e-9);
        Ok(MetricLine {
            step: clock.step,
            epoch: clock.step as f64 / clock.steps_per_epoch as f64,
            loss: losses.iter().sum::<f64>() / count as f64,
            learning_rate: stepper.rate(clock.at(clock.step - 1)),
            pairs_per_second: (count * batch) as f64 / seconds,
            waiting: self.waited.as_secs_f64() / seconds,
            collapse: None,
        })
    }
}

/// Writes a checkpoint, unless a weight is no number: the one before it is worth more then.
fn save<M: Module>(
    checkpoints: &Checkpoints,
    clock: Clock,
    stepper: &Stepper,
    method: &M,
) -> Result<(), TrainError> {
    if !is_finite(method) {
        let step = clock.step.saturating_sub(1);
        return Err(TrainError::WeightsNotFinite {
            step,
            learning_rate: stepper.rate(clock.at(step)),
            checkpoint: checkpoints.newest(),
        });
    }
    checkpoints.save(&Checkpoint::take(clock.step, method, &stepper.optimizer))?;
    Ok(())
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
        deviation: collapse::deviation(&values, dim),
        rank: collapse::effective_rank(&values, dim),
    }
}
