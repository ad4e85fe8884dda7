//! The time of a training step, measured.

use std::time::Instant;

use burn::optim::GradientsParams;
use burn::tensor::Device;
use sempairs_backbone::BackboneFactory;
use sempairs_data::DataError;
use sempairs_objective::{Clock, Method};
use sempairs_train::{LoaderConfig, PairLoader, Stepper, check_method};

use super::check::unfit;
use super::prepare::Prepared;
use super::ready::Ready;
use super::runner::Runner;
use crate::Error;
use crate::experiment::{Arm, Objective, UseMethod};

/// Number of steps that are not timed. The first one compiles kernels and allocates memory, while
/// the loader prepares the batch of the second in advance.
const UNTIMED: usize = 2;

/// Number of steps that are timed after these.
const TIMED: usize = 3;

impl Runner {
    /// The mean time in seconds of some training steps of an arm, with the method and the batches
    /// of its first run. The time of loading is included as far as training waits for it; scores
    /// and checkpoints are not. No file is written.
    pub(crate) fn time_step<M: Objective, B: BackboneFactory>(
        &self,
        ready: &Ready<M, B>,
        arm: &Arm,
    ) -> Result<f64, Error> {
        let study = &ready.study;
        let run = self.prepare(study, arm, study.seeds[0])?;
        // The values of the weights do not matter.
        let backbone = study.backbone.init_seeded(&self.device, run.seed);
        study.method.init_for(backbone, run.seed, &self.device, Timed(run))
    }
}

/// The timed steps of a method of any type.
struct Timed<'a, M, B>(Prepared<'a, M, B>);

impl<M: Objective, B: BackboneFactory> UseMethod<B::Backbone> for Timed<'_, M, B> {
    type Output = Result<f64, Error>;

    fn with<N: Method<Backbone = B::Backbone>>(self, method: N) -> Self::Output {
        let run = self.0;
        let (runner, study) = (run.runner, run.study);
        let config = study.train_config(run.seed, run.steps(), &runner.loader);
        check_method(&method, &run.pairs, &run.pipelines, config.batch)
            .map_err(|error| unfit(study, error))?;
        let precision = config.precision.check(&runner.device);
        precision.map_err(|error| unfit(study, error.under("training")))?;
        let per_epoch = run.pairs.len() / config.batch;
        let mut clock = Clock::new(per_epoch, config.steps);
        let mut stepper = Stepper::new(&config, per_epoch);
        let is_autodiff = method.devices().first().is_some_and(Device::is_autodiff);
        let mut method = if is_autodiff { method } else { method.train() };
        stepper.constant = method.constant_rate();
        let device = runner.device.clone().autodiff();
        let wait = || runner.device.sync().map_err(|e| Error::Device(e.to_string()));
        let (pairs, pipelines) = (run.pairs.clone(), run.pipelines.clone());
        // A single batch in advance: with more, the timed steps would find theirs ready, which were
        // prepared during the steps that are not timed.
        let loader = LoaderConfig { ahead: 1, ..config.loader.clone() };
        let batches =
            PairLoader::start(pairs, pipelines, config.batch, config.seed, clock, &loader)?;
        // A short run has fewer steps.
        let untimed = UNTIMED.min(config.steps.saturating_sub(1));
        let mut started = Instant::now();
        for batch in batches.take(untimed + TIMED) {
            if runner.interrupter.should_stop() {
                return Err(DataError::Interrupted.into());
            }
            let views = batch?.views(&device).cast(config.precision.dtype());
            let loss = method.loss(views, clock);
            let mut gradients = GradientsParams::from_grads(loss.value.backward(), &method);
            method.mask(&mut gradients, clock);
            method = stepper.step(method, gradients, clock).after_step(clock);
            clock.step += 1;
            if clock.step == untimed {
                wait()?;
                started = Instant::now();
            }
        }
        wait()?;
        let timed = clock.step.saturating_sub(untimed).max(1);
        Ok(started.elapsed().as_secs_f64() / timed as f64)
    }
}
