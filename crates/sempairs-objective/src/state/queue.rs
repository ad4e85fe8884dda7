use burn::module::{Module, RunningState};
use burn::tensor::{Device, Tensor, TensorData, assert_shape};
use sempairs_backbone::seeded_normal;

use crate::losses::stop_gradient;
use crate::{ObjectiveError, normalize};

/// The embeddings of earlier batches, first in, first out: MoCo's keys (arXiv 1911.05722, section 3.2),
/// SwAV's features, NNCLR's support set.
///
/// The oldest batch is overwritten in place, so the queue is a ring whose start follows from the clock, and
/// its rows are the whole of its state.
#[derive(Module, Debug)]
pub struct Queue {
    rows: RunningState<Tensor<2>>,
}

impl Queue {
    /// A queue of so many random directions, which follow from the seed; as in the authors' code of MoCo.
    ///
    /// # Shapes
    /// - [`rows`](Self::rows): `[size, dim]`
    pub fn new(size: usize, dim: usize, seed: u64, device: &Device) -> Self {
        let values = seeded_normal(size * dim, seed, "queue");
        let rows = Tensor::<2>::from_data(TensorData::new(values, [size, dim]), device);
        Self { rows: RunningState::new(normalize(rows)) }
    }

    /// A queue full of one value.
    ///
    /// # Shapes
    /// - [`rows`](Self::rows): `[size, dim]`
    pub fn filled(size: usize, dim: usize, value: f32, device: &Device) -> Self {
        Self { rows: RunningState::new(Tensor::full([size, dim], value, device)) }
    }

    /// Everything in the queue, outside the graph.
    ///
    /// # Shapes
    /// - output: `[size, dim]`
    pub fn rows(&self) -> Tensor<2> {
        self.rows.value_sync()
    }

    /// Overwrites the oldest rows by a batch; `batches` have been pushed before it, all of its size.
    ///
    /// # Shapes
    /// - batch: `[b, dim]`
    ///
    /// # Panics
    ///
    /// If the batch does not divide the queue or is not as wide.
    pub fn push(&self, batch: Tensor<2>, batches: usize) {
        let rows = self.rows();
        let [size, dim] = rows.dims();
        let [b, _] = batch.dims();
        assert_shape!(batch, [b, dim]);
        assert!(size.is_multiple_of(b), "a batch of {b} divides the queue of {size}");
        let start = batches * b % size;
        self.rows.update(rows.slice_assign([start..start + b, 0..dim], stop_gradient(batch)));
        // A `RunningState` holds an update back until the next one; records do not wait for it.
        self.rows.value_sync();
    }

    /// Whether a queue of `size` fits batches of `batch` out of so many pairs; `key` is what the size is
    /// called.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] if the size is no multiple of the batch, or not smaller than the number of
    /// pairs: each picture's own old embedding would then be in the queue at all times.
    pub fn check(key: &str, size: usize, batch: usize, pairs: usize) -> Result<(), ObjectiveError> {
        if size == 0 || !size.is_multiple_of(batch) {
            let reason = format!("must be a multiple of the batch, {batch}, not {size}");
            return Err(ObjectiveError::config(key, reason));
        }
        if size >= pairs {
            let reason = format!("must be smaller than the number of pairs, {pairs}, not {size}");
            return Err(ObjectiveError::config(key, reason));
        }
        Ok(())
    }
}
