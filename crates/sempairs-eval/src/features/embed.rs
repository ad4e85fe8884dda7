//! Features of pictures from a frozen backbone.

use std::sync::mpsc::sync_channel;
use std::thread;

use burn::tensor::{Device, Tensor, TensorData};
use sempairs_augment::{Pipeline, render_views};
use sempairs_backbone::Backbone;
use sempairs_data::{DataError, Key, Picture, Side, interrupt};
use sempairs_internal::ProgressBar;

use crate::EvalError;

/// Number of batches that are prepared ahead of the device.
const AHEAD: usize = 2;

/// Computes the features of pictures `0..count`, in that order, with the backbone in evaluation
/// mode. Its weights and running statistics do not change.
///
/// Rayon's threads read pictures and apply the pipeline while the device processes the previous
/// batch.
///
/// # Shapes
/// - output: `[count, features]`, row-major
///
/// # Errors
///
/// The first error of `read`, and [`DataError::Interrupted`].
///
/// # Panics
///
/// If `batch` is zero or the pipeline does not pass its check.
pub fn embed<'a, B: Backbone>(
    backbone: &B,
    count: usize,
    read: &(dyn Fn(usize) -> Result<Picture<'a>, DataError> + Sync),
    pipeline: &Pipeline,
    device: &Device,
    batch: usize,
) -> Result<Vec<f32>, EvalError> {
    embed_with(backbone, count, read, pipeline, device, batch, &ProgressBar::hidden())
}

/// [`embed`] with a progress bar that counts pictures.
pub(crate) fn embed_with<'a, B: Backbone>(
    backbone: &B,
    count: usize,
    read: &(dyn Fn(usize) -> Result<Picture<'a>, DataError> + Sync),
    pipeline: &Pipeline,
    device: &Device,
    batch: usize,
    progress: &ProgressBar,
) -> Result<Vec<f32>, EvalError> {
    assert!(batch > 0, "the batch size must be positive");
    progress.set_length(count as u64);
    let frozen = backbone.valid();
    let device = device.clone().without_autodiff();
    let size = pipeline.size();
    let collect = |features: &mut Vec<f32>, output: Tensor<2>| {
        let rows = output.dims()[0];
        features.extend(output.into_data().iter::<f32>());
        progress.inc(rows as u64);
    };
    thread::scope(|scope| {
        let (send, receive) = sync_channel(AHEAD);
        scope.spawn(move || {
            for start in (0..count).step_by(batch) {
                let views = views(start..count.min(start + batch), read, pipeline);
                let last = views.is_err();
                // Sending fails if the receiving thread has panicked, which is reported there.
                if send.send(views).is_err() || last {
                    break;
                }
            }
        });
        // Features are fetched one batch late, so that the device computes during the transfer.
        let mut features = Vec::with_capacity(count * frozen.features());
        let mut pending = None;
        for views in receive {
            let views = views?;
            let shape = [views.len() / (3 * size * size), 3, size, size];
            let images = Tensor::<4>::from_data(TensorData::new(views, shape), &device);
            if let Some(output) = pending.replace(frozen.forward(images)) {
                collect(&mut features, output);
            }
        }
        pending.into_iter().for_each(|output| collect(&mut features, output));
        Ok(features)
    })
}

/// The views of a range of pictures, `[n, 3, S, S]`.
fn views<'a>(
    range: std::ops::Range<usize>,
    read: &(dyn Fn(usize) -> Result<Picture<'a>, DataError> + Sync),
    pipeline: &Pipeline,
) -> Result<Vec<f32>, DataError> {
    let mut views = vec![0.0; range.len() * 3 * pipeline.size() * pipeline.size()];
    render_views(range.len(), [&mut views], |row, [view], scratch| {
        interrupt::check()?;
        let index = range.start + row;
        let picture = read(index)?;
        // Evaluation views use no random numbers. A pipeline that uses them draws the same ones for
        // a picture every time.
        let key = Key { seed: 0, epoch: 0, picture: index as u64, side: Side::Left };
        pipeline.render(&picture, key, view, scratch);
        Ok::<(), DataError>(())
    })?;
    Ok(views)
}
