use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use sempairs_augment::{Pipeline, Scratch};
use sempairs_data::{DataError, Key, PairDataset, Side};
use sempairs_objective::{Clock, Views};
use serde::{Deserialize, Serialize};

use crate::{TrainError, order};

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

/// A batch on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The step it belongs to.
    pub step: usize,
    /// The numbers of its pairs.
    pub pairs: Vec<u32>,
    /// View one of each pair, `[b, 3, size, size]` in row-major order.
    pub left: Vec<f32>,
    /// View two.
    pub right: Vec<f32>,
    /// Pixels along a side of a view.
    pub size: usize,
}

impl Batch {
    /// The batch as tensors.
    pub fn views(self, device: &Device) -> Views {
        let shape = [self.pairs.len(), 3, self.size, self.size];
        let tensor = |values| Tensor::<4>::from_data(TensorData::new(values, shape), device);
        Views::pair(tensor(self.left), tensor(self.right))
    }
}

/// Hands out the batches of a run, in order, from any step on.
///
/// The order of the pairs follows from the seed and the epoch, the pixels from the [`Key`] of each view,
/// so a batch is a function of its step, whatever the number of workers. Pairs that do not fill a batch
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
        pipelines: [Pipeline; 2],
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
        let work = Work { dataset, pipelines, batch, seed };
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
    pipelines: [Pipeline; 2],
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
            let batch = self.make(clock, order[start..start + self.batch].to_vec());
            let failed = batch.is_err();
            current = Some((clock.epoch(), order));
            if sender.send(batch).is_err() || failed {
                return;
            }
        }
    }

    fn make(&self, clock: Clock, pairs: Vec<u32>) -> Result<Batch, DataError> {
        let size = self.pipelines[0].size();
        let view = 3 * size * size;
        let mut left = vec![0.0; pairs.len() * view];
        let mut right = vec![0.0; pairs.len() * view];
        left.par_chunks_exact_mut(view)
            .zip(right.par_chunks_exact_mut(view))
            .zip(&pairs)
            .try_for_each_init(Scratch::default, |scratch, ((left, right), &number)| {
                let pair = self.dataset.pair(number as usize);
                let first = self.dataset.source().read(pair.left)?;
                let mut draw = |side, picture: &sempairs_data::Picture<'_>, out: &mut [f32]| {
                    let key = Key {
                        seed: self.seed,
                        epoch: clock.epoch() as u64,
                        picture: number.into(),
                        side,
                    };
                    self.pipelines[side as usize]
                        .plan(picture.width(), picture.height(), key)
                        .apply(picture, out, scratch);
                };
                draw(Side::Left, &first, left);
                if pair.right == pair.left {
                    draw(Side::Right, &first, right);
                } else {
                    draw(Side::Right, &self.dataset.source().read(pair.right)?, right);
                }
                Ok(())
            })?;
        Ok(Batch { step: clock.step, pairs, left, right, size })
    }
}
