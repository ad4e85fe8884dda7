//! Running statistics of batch normalisation.

use burn::tensor::Tensor;

#[cfg(feature = "cube")]
use crate::cube;
use crate::reference;

/// Running mean and variance after a batch: `(1 − momentum) · running + momentum · batch`.
///
/// As in PyTorch, the biased batch variance is first multiplied by `n / (n − 1)` for `n` values
/// per channel.
///
/// # Shapes
/// - running mean and variance, batch mean and biased variance, both outputs: `[c]`
///
/// # Panics
/// If there is a single value per channel, or the lengths disagree.
pub fn running_statistics(
    running: [Tensor<1>; 2],
    batch: [Tensor<1>; 2],
    momentum: f64,
    values: usize,
) -> [Tensor<1>; 2] {
    assert!(values > 1, "running_statistics: a single value per channel has no variance");
    for tensor in [&running[1], &batch[0], &batch[1]] {
        assert_eq!(tensor.dims(), running[0].dims(), "running_statistics: channels");
    }
    #[cfg(feature = "cube")]
    if cube::supports_all(&running) && cube::supports_all(&batch) {
        return cube::running_statistics(&running, &batch, momentum, reference::unbiased(values));
    }
    reference::running_statistics(running, batch, momentum, values)
}
