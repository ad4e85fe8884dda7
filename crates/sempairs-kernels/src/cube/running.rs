//! Running statistics of a batch normalisation.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::floats;
use super::matmul_tile::UNITS;

/// New running mean and variance of every channel.
#[cube(launch_unchecked)]
pub(in crate::cube) fn move_statistics(
    running_mean: &[f32],
    running_variance: &[f32],
    mean: &[f32],
    variance: &[f32],
    new_mean: &mut [f32],
    new_variance: &mut [f32],
    channels: usize,
    rest: f32,
    momentum: f32,
    unbiased: f32,
) {
    let channel = CUBE_POS_X as usize * UNITS + UNIT_POS as usize;
    if channel < channels {
        new_mean[channel] = rest * running_mean[channel] + momentum * mean[channel];
        new_variance[channel] =
            rest * running_variance[channel] + momentum * (unbiased * variance[channel]);
    }
}

/// Running mean and variance `[c]`, updated by the statistics of a batch; all tensors are
/// row-major.
pub(super) fn updated(
    [running_mean, running_variance]: [CubeTensor; 2],
    [mean, variance]: [CubeTensor; 2],
    momentum: f64,
    unbiased: f64,
) -> [CubeTensor; 2] {
    let [channels] = mean.meta.shape().dims();
    let results = [(); 2].map(|()| floats(&mean, [channels]));
    let [new_mean, new_variance] = results.clone();
    let client = mean.client.clone();
    // SAFETY: the kernel checks its channel against their number.
    unsafe {
        move_statistics::launch_unchecked(
            &client,
            CubeCount::Static(channels.div_ceil(UNITS) as u32, 1, 1),
            CubeDim::new_1d(UNITS as u32),
            running_mean.into_buffer_arg(),
            running_variance.into_buffer_arg(),
            mean.into_buffer_arg(),
            variance.into_buffer_arg(),
            new_mean.into_buffer_arg(),
            new_variance.into_buffer_arg(),
            channels,
            (1.0 - momentum) as f32,
            momentum as f32,
            unbiased as f32,
        );
    }
    results
}
