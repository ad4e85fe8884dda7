use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rayon::prelude::*;
use sempairs_augment::{Pipeline, Scratch};
use sempairs_data::{DataError, Key, PairDataset, Side};
use sempairs_objective::Clock;
use serde::{Deserialize, Serialize};

use crate::{Batch, Locals, MadeOn, Pipelines, Planned, TrainError, order};

/// What the loader may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderConfig {
    /// Threads that decode and augment; 0 for one a core.
    pub workers: usize,
    /// Batches that may wait, finished, for the trainer: the bound on the loader's memory.
    pub ahead: usize,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        Self { workers: 0, ahead: 4 }
    }
}

/// Hands out the batches of a run, in order, from any step on.
///
/// The order of the pairs follows from the seed and the epoch, the pixels from the [`Key`] of each view,
/// so a batch is a function of its step, whatever the number of workers. The `i`-th small crop of pair `n` draws
/// under the key of picture `n + (i + 1) 2³²`, a number that no pair has, and of the side it is cut from. Pairs that do not fill a batch
/// at the end of an epoch's order are left out of that epoch.
///
/// Workers run at most [`ahead`](LoaderConfig::ahead) batches ahead. If a picture cannot be read the
/// iterator yields that error, then ends.
pub struct PairLoader {
    batches: Option<Receiver<Result<Batch, DataError>>>,
    producer: Option<JoinHandle<()>>,
}

impl PairLoader {
    /// Starts the workers at `clock.step`.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] if there are fewer pairs than a batch takes or the threads cannot start.
    pub fn start(
        dataset: Arc<PairDataset>,
        pipelines: impl Into<Pipelines>,
        batch: usize,
        seed: u64,
        clock: Clock,
        config: &LoaderConfig,
    ) -> Result<Self, TrainError> {
        if batch == 0 || dataset.len() < batch {
            return Err(TrainError::config(
                "batch",
                format!("must lie in 1..={}, the number of pairs, not {batch}", dataset.len()),
            ));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(config.workers)
            .thread_name(|i| format!("pair-loader-{i}"))
            .build()
            .map_err(|e| TrainError::config("loader.workers", e.to_string()))?;
        let (sender, batches) = sync_channel(config.ahead.max(1) - 1);
        let work = Work { dataset, pipelines: pipelines.into(), batch, seed };
        let producer = std::thread::Builder::new()
            .name("pair-loader".into())
            .spawn(move || pool.install(|| work.produce(clock, sender)))
            .map_err(|e| TrainError::config("loader.workers", e.to_string()))?;
        Ok(Self { batches: Some(batches), producer: Some(producer) })
    }
}

impl Iterator for PairLoader {
    type Item = Result<Batch, TrainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.as_ref()?.recv();
        match batch {
            Ok(batch) => Some(batch.map_err(TrainError::from)),
            Err(_) => {
                self.batches = None;
                // The channel closes at the end of the run, or because a worker panicked: a defect,
                // which must not look like a short run.
                if let Some(Err(panic)) = self.producer.take().map(JoinHandle::join) {
                    std::panic::resume_unwind(panic);
                }
                None
            }
        }
    }
}

impl Drop for PairLoader {
    fn drop(&mut self) {
        // Closing the channel stops the producer at its next batch.
        self.batches = None;
        if let Some(producer) = self.producer.take() {
            let _ = producer.join();
        }
    }
}

struct Work {
    dataset: Arc<PairDataset>,
    pipelines: Pipelines,
    batch: usize,
    seed: u64,
}

impl Work {
    fn produce(&self, clock: Clock, sender: SyncSender<Result<Batch, DataError>>) {
        let mut current = None;
        for step in clock.step..clock.steps {
            let clock = clock.at(step);
            let (_, order) =
                current.take_if(|(epoch, _)| *epoch == clock.epoch()).unwrap_or_else(|| {
                    (clock.epoch(), order(self.dataset.len(), self.seed, clock.epoch()))
                });
            let start = clock.step_in_epoch() * self.batch;
            let pairs = order[start..start + self.batch].to_vec();
            let batch = match self.pipelines.made_on {
                MadeOn::Host => self.make(clock, pairs),
                MadeOn::Device => self.hand_on(clock, pairs),
            };
            let failed = batch.is_err();
            current = Some((clock.epoch(), order));
            if sender.send(batch).is_err() || failed {
                return;
            }
        }
    }

    /// The batch with its views.
    fn make(&self, clock: Clock, pairs: Vec<u32>) -> Result<Batch, DataError> {
        let mut batch = self.empty(clock, pairs);
        let (view, crop) = (3 * batch.size.pow(2), 3 * batch.local_size.pow(2));
        let of_pair = self.pipelines.locals.as_ref().map_or(0, |locals| locals.count) * crop;
        let count = batch.pairs.len();
        [batch.left, batch.right] = [(); 2].map(|()| vec![0.0; count * view]);
        batch.locals = vec![0.0; count * of_pair];
        // Chunks cannot be empty; without small crops there are none to hand out, and each pair gets a nothing.
        let mut locals: Vec<&mut [f32]> = match of_pair {
            0 => batch.pairs.iter().map(|_| <&mut [f32]>::default()).collect(),
            length => batch.locals.chunks_exact_mut(length).collect(),
        };
        let left = batch.left.par_chunks_exact_mut(view);
        left.zip(batch.right.par_chunks_exact_mut(view))
            .zip(&mut locals)
            .zip(&batch.pairs)
            .try_for_each_init(
                Scratch::default,
                |scratch, (((left, right), locals), &number)| {
                    let planned = self.plan(clock, number)?;
                    let small = locals.chunks_exact_mut(crop.max(1));
                    for ((plan, side), out) in
                        planned.views.iter().zip([left, right].into_iter().chain(small))
                    {
                        plan.apply(planned.of(*side), out, scratch);
                    }
                    Ok(())
                },
            )?;
        Ok(batch)
    }

    /// The batch with what its views are made of.
    fn hand_on(&self, clock: Clock, pairs: Vec<u32>) -> Result<Batch, DataError> {
        let plan = |number: &u32| Ok(self.plan(clock, *number)?.into_owned());
        let planned = pairs.par_iter().map(plan).collect::<Result<_, DataError>>()?;
        Ok(Batch { planned, ..self.empty(clock, pairs) })
    }

    /// The pictures of a pair and the plans of its views.
    fn plan(&self, clock: Clock, number: u32) -> Result<Planned<'_>, DataError> {
        let Pipelines { left: one, right: two, locals, .. } = &self.pipelines;
        let (pair, source) = (self.dataset.pair(number as usize), self.dataset.source());
        let left = source.read(pair.left)?;
        let right = (pair.right != pair.left).then(|| source.read(pair.right)).transpose()?;
        let mut planned = Planned { left, right, views: Vec::new() };
        let mut draw = |pipeline: &Pipeline, picture, side| {
            let key = Key { seed: self.seed, epoch: clock.epoch() as u64, picture, side };
            let from = planned.of(side);
            let plan = pipeline.plan(from.width(), from.height(), key);
            planned.views.push((plan, side));
        };
        draw(one, number.into(), Side::Left);
        draw(two, number.into(), Side::Right);
        if let Some(Locals { pipeline, count, from }) = locals {
            for i in 0..*count {
                // A number that no pair has.
                draw(pipeline, u64::from(number) | (i as u64 + 1) << 32, from.side(i));
            }
        }
        Ok(planned)
    }

    /// The batch without any view.
    fn empty(&self, clock: Clock, pairs: Vec<u32>) -> Batch {
        let class = |&pair: &u32| Some(self.dataset.class(pair as usize)? as u32);
        let Pipelines { left, locals, .. } = &self.pipelines;
        Batch {
            step: clock.step,
            classes: pairs.iter().map(class).collect(),
            pairs,
            left: Vec::new(),
            right: Vec::new(),
            size: left.size(),
            locals: Vec::new(),
            local_size: locals.as_ref().map_or(0, |locals| locals.pipeline.size()),
            planned: Vec::new(),
        }
    }
}
