//! Pictures through a frozen backbone.

use std::sync::mpsc::sync_channel;
use std::thread;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use sempairs_augment::{Pipeline, Scratch};
use sempairs_backbone::Backbone;
use sempairs_data::{DataError, Key, Picture, Side, interrupt};
use sempairs_internal::ProgressBar;

use crate::EvalError;

/// Batches that are read ahead of the device.
const AHEAD: usize = 2;

/// The features of pictures `0..count`, in that order, with the backbone in evaluation mode: its
/// weights and its running statistics stay what they are, to the bit.
///
/// Pictures are read and framed on all of rayon's threads while the device works on the batch before.
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
    assert!(batch > 0, "a batch of no pictures");
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
                // Nobody listens any more if the device has panicked; the panic says enough.
                if send.send(views).is_err() || last {
                    break;
                }
            }
        });
        // Features are fetched a batch late, so that the device has work while they travel.
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

/// The views of some pictures, `[n, 3, S, S]`.
fn views<'a>(
    range: std::ops::Range<usize>,
    read: &(dyn Fn(usize) -> Result<Picture<'a>, DataError> + Sync),
    pipeline: &Pipeline,
) -> Result<Vec<f32>, DataError> {
    let length = 3 * pipeline.size() * pipeline.size();
    let mut views = vec![0.0; range.len() * length];
    let all = views.par_chunks_exact_mut(length).zip(range);
    all.try_for_each_init(Scratch::default, |scratch, (view, index)| {
        interrupt::check()?;
        let picture = read(index)?;
        // A fixed view draws nothing; should a pipeline draw, every picture draws the same each time.
        let key = Key { seed: 0, epoch: 0, picture: index as u64, side: Side::Left };
        pipeline.plan(picture.width(), picture.height(), key).apply(&picture, view, scratch);
        Ok(())
    })?;
    Ok(views)
}
