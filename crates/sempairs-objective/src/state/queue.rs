use burn::module::{Module, RunningState};
use burn::tensor::{Device, Tensor, TensorData, assert_shape};
use sempairs_backbone::seeded_normal;

use crate::losses::stop_gradient;
use crate::{ConfigError, normalize};

/// A first-in, first-out queue of the embeddings of earlier batches: MoCo's keys (arXiv 1911.05722,
/// section 3.2), SwAV's features, NNCLR's support set.
///
/// It is a ring buffer: a batch overwrites the oldest one in place. The position follows from the
/// clock, so the rows are its only state.
#[derive(Module, Debug)]
pub struct Queue {
    rows: RunningState<Tensor<2>>,
}

impl Queue {
    /// A queue filled with random unit vectors, determined by the seed, as in the authors' code of
    /// MoCo.
    ///
    /// # Shapes
    /// - [`rows`](Self::rows): `[size, dim]`
    pub fn new(size: usize, dim: usize, seed: u64, device: &Device) -> Self {
        let values = seeded_normal(size * dim, seed, "queue");
        let rows = Tensor::<2>::from_data(TensorData::new(values, [size, dim]), device);
        Self { rows: RunningState::new(normalize(rows)) }
    }

    /// A queue filled with one value.
    ///
    /// # Shapes
    /// - [`rows`](Self::rows): `[size, dim]`
    pub fn filled(size: usize, dim: usize, value: f32, device: &Device) -> Self {
        Self { rows: RunningState::new(Tensor::full([size, dim], value, device)) }
    }

    /// All rows of the queue, detached from the autodiff graph.
    ///
    /// # Shapes
    /// - output: `[size, dim]`
    pub fn rows(&self) -> Tensor<2> {
        self.rows.value_sync()
    }

    /// Overwrites the oldest rows with a batch. `batches` is the number of batches pushed before,
    /// all of the same size.
    ///
    /// # Shapes
    /// - batch: `[b, dim]`
    ///
    /// # Panics
    ///
    /// If the size of the queue is not a multiple of the batch size, or the dimensions differ.
    pub fn push(&self, batch: Tensor<2>, batches: usize) {
        let rows = self.rows();
        let [size, dim] = rows.dims();
        let [b, _] = batch.dims();
        assert_shape!(batch, [b, dim]);
        assert!(
            size.is_multiple_of(b),
            "the queue size {size} must be a multiple of the batch size {b}"
        );
        let start = batches * b % size;
        self.rows.update(rows.slice_assign([start..start + b, 0..dim], stop_gradient(batch)));
        // A `RunningState` applies an update at the next access; a record must have it now.
        self.rows.value_sync();
    }

    /// Returns an error if a queue of `size` does not fit batches of `batch` pairs out of `pairs`.
    /// `key` is the configuration key of the size.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the size is not a multiple of the batch size, or not smaller
    /// than the number of pairs: the queue would then always contain an earlier embedding of every
    /// picture.
    pub fn check(key: &str, size: usize, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        if size == 0 || !size.is_multiple_of(batch) {
            let reason = format!("must be a multiple of the batch size, {batch}, not {size}");
            return Err(ConfigError::new(key, reason));
        }
        if size >= pairs {
            let reason = format!("must be smaller than the number of pairs, {pairs}, not {size}");
            return Err(ConfigError::new(key, reason));
        }
        Ok(())
    }
}
