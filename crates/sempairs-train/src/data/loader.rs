use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rayon::prelude::*;
use sempairs_augment::{Pipeline, Plan, Scratch, render_views};
use sempairs_data::{DataError, Key, PairDataset, Side};
use sempairs_objective::Clock;
use serde::{Deserialize, Serialize};

use crate::{Batch, ConfigError, Locals, MadeOn, Pipelines, Planned, TrainError, moment, order};

/// Resources that the loader may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderConfig {
    /// Number of threads that decode and augment; 0 for one per CPU core.
    pub workers: usize,
    /// Maximum number of finished batches that wait for the trainer; bounds the loader's memory.
    pub ahead: usize,
}

impl Default for LoaderConfig {
    fn default() -> Self {
        Self { workers: 0, ahead: 4 }
    }
}

/// Iterator over the batches of a run, in order, starting at any step.
///
/// The order of the pairs is determined by the seed and the epoch, the pixels by the [`Key`] of
/// each view, so a batch is a pure function of its step, independent of the number of workers. The
/// random numbers of the `i`-th local crop of pair `n` come from the key with picture `n + (i + 1)
/// 2³²`, an index that no pair has, and with the side that the crop is taken from. Pairs at the
/// end of an epoch's order that do not fill a batch are dropped from that epoch. The partners of
/// mixed pairs are drawn for the [`moment`](moment()) of the batch's step.
///
/// Workers are at most [`ahead`](LoaderConfig::ahead) batches ahead of the trainer. If a picture
/// cannot be read, the iterator yields that error and then ends.
pub struct PairLoader {
    batches: Option<Receiver<Result<Batch, DataError>>>,
    producer: Option<JoinHandle<()>>,
}

impl PairLoader {
    /// Starts the workers; the first batch is that of step `clock.step`.
    ///
    /// # Errors
    ///
    /// [`TrainError::Config`] if `batch` is 0 or greater than the number of pairs, or if the
    /// threads cannot be started.
    pub fn start(
        dataset: Arc<PairDataset>,
        pipelines: impl Into<Pipelines>,
        batch: usize,
        seed: u64,
        clock: Clock,
        config: &LoaderConfig,
    ) -> Result<Self, TrainError> {
        if batch == 0 || dataset.len() < batch {
            let pairs = dataset.len();
            let reason = format!("must be from 1 to {pairs}, the number of pairs, not {batch}");
            return Err(ConfigError::new("batch", reason).into());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(config.workers)
            .thread_name(|i| format!("pair-loader-{i}"))
            .build()
            .map_err(|e| ConfigError::new("loader.workers", e))?;
        let (sender, batches) = sync_channel(config.ahead.max(1) - 1);
        let work = Work { dataset, pipelines: pipelines.into(), batch, seed };
        let producer = std::thread::Builder::new()
            .name("pair-loader".into())
            .spawn(move || pool.install(|| work.produce(clock, sender)))
            .map_err(|e| ConfigError::new("loader.workers", e))?;
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
                // The channel closes at the end of the run, or because a worker panicked. A panic
                // is a bug and must not be mistaken for the end of the run.
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
            let make = match self.pipelines.made_on {
                MadeOn::Host => Self::make,
                MadeOn::Device => Self::plan,
            };
            let batch = make(self, clock, order[start..start + self.batch].to_vec());
            let failed = batch.is_err();
            current = Some((clock.epoch(), order));
            if sender.send(batch).is_err() || failed {
                return;
            }
        }
    }

    fn make(&self, clock: Clock, pairs: Vec<u32>) -> Result<Batch, DataError> {
        let Pipelines { left: one, right: two, locals, .. } = &self.pipelines;
        let (size, local_size) = (one.size(), locals.as_ref().map_or(0, |l| l.pipeline.size()));
        let (view, local) = (3 * size * size, 3 * local_size * local_size);
        let count = locals.as_ref().map_or(0, |locals| locals.count);
        let mut left = vec![0.0; pairs.len() * view];
        let mut right = vec![0.0; pairs.len() * view];
        let mut crops = vec![0.0; pairs.len() * count * local];
        let moment = moment(self.seed, clock);
        let buffers = [left.as_mut_slice(), &mut right, &mut crops];
        render_views(pairs.len(), buffers, |row, [left, right, crops], scratch| {
            let number = pairs[row];
            let pair = self.dataset.pair_at(number as usize, moment);
            let key =
                |picture, side| Key { seed: self.seed, epoch: clock.epoch() as u64, picture, side };
            let mut views = vec![
                (one, key(number.into(), Side::Left), left),
                (two, key(number.into(), Side::Right), right),
            ];
            if let Some(Locals { pipeline, from, .. }) = locals {
                let crops = crops.chunks_exact_mut(local).enumerate();
                views.extend(
                    crops.map(|(i, out)| (pipeline, key(of_crop(number, i), from.side(i)), out)),
                );
            }
            if pair.left == pair.right {
                return self.render(pair.left, views, scratch);
            }
            let (left, right): (Vec<_>, Vec<_>) =
                views.into_iter().partition(|(_, key, _)| key.side == Side::Left);
            self.render(pair.left, left, scratch)?;
            self.render(pair.right, right, scratch)
        })?;
        let (step, locals, classes) = (clock.step, crops, self.classes(&pairs));
        let planned = Vec::new();
        Ok(Batch { step, pairs, left, right, size, locals, local_size, classes, planned })
    }

    /// Renders views of a picture: pipeline, key and output of each. Only the part of the picture
    /// that the views show is decoded.
    fn render(
        &self,
        picture: usize,
        views: Vec<(&Pipeline, Key, &mut [f32])>,
        scratch: &mut Scratch,
    ) -> Result<(), DataError> {
        let mut plans = Vec::with_capacity(views.len());
        let part = self.dataset.source().read_planned(picture, &mut |[width, height]| {
            plans = views.iter().map(|(view, key, _)| view.plan(width, height, *key)).collect();
            let crops = plans.iter().map(|plan: &Plan| plan.crop_window.crop);
            crops.reduce(|a, b| a.union(&b)).expect("a picture has at least one view")
        })?;
        for (plan, (_, _, out)) in plans.iter().zip(views) {
            plan.apply_part(&part, out, scratch);
        }
        Ok(())
    }

    /// Plans of the views that [`make`](Self::make) computes, equal up to rounding.
    fn plan(&self, clock: Clock, pairs: Vec<u32>) -> Result<Batch, DataError> {
        let Pipelines { left: one, right: two, locals, .. } = &self.pipelines;
        let moment = moment(self.seed, clock);
        let plans = |number: u32| {
            let pair = self.dataset.pair_at(number as usize, moment);
            let read =
                |picture| Ok::<_, DataError>(self.dataset.source().read(picture)?.into_owned());
            let left = read(pair.left)?;
            let right = (pair.right != pair.left).then(|| read(pair.right)).transpose()?;
            let draw = |pipeline: &Pipeline, picture, side| {
                let key = Key { seed: self.seed, epoch: clock.epoch() as u64, picture, side };
                let from = match side {
                    Side::Left => &left,
                    Side::Right => right.as_ref().unwrap_or(&left),
                };
                (pipeline.plan(from.width(), from.height(), key), side)
            };
            let mut views =
                vec![draw(one, number.into(), Side::Left), draw(two, number.into(), Side::Right)];
            if let Some(Locals { pipeline, count, from }) = locals {
                views.extend((0..*count).map(|i| draw(pipeline, of_crop(number, i), from.side(i))));
            }
            Ok(Planned { left, right, views })
        };
        let planned = pairs.par_iter().map(|number| plans(*number)).collect::<Result<_, _>>()?;
        let (size, local_size) = (one.size(), locals.as_ref().map_or(0, |l| l.pipeline.size()));
        let (step, classes) = (clock.step, self.classes(&pairs));
        let [left, right, locals] = [const { Vec::new() }; 3];
        Ok(Batch { step, pairs, left, right, size, locals, local_size, classes, planned })
    }

    fn classes(&self, pairs: &[u32]) -> Option<Vec<u32>> {
        pairs.iter().map(|&pair| Some(self.dataset.class(pair as usize)? as u32)).collect()
    }
}

/// Picture index in the key of local crop `i` of a pair; differs from the index of every pair.
fn of_crop(pair: u32, i: usize) -> u64 {
    u64::from(pair) | (i as u64 + 1) << 32
}
