//! Augmented views of a batch of images.

use burn::tensor::{Device, Tensor};
use sempairs_augment::Plan;
use sempairs_data::Picture;

#[cfg(feature = "cube")]
use crate::cube;
use crate::reference;

/// Augmented views of images, one per plan, on a device.
///
/// Where the operation is fused, 8-bit pixels are uploaded and the device computes the views;
/// elsewhere host threads compute them and floats are uploaded. The two differ by at most 2/255.
///
/// # Shapes
/// - output: `[views, 3, size, size]`, without a gradient
///
/// # Panics
/// - If there is no plan, the numbers of plans and images differ, the sizes of the views differ, or
///   a crop lies outside its image.
/// - If a blur has an even number of taps, or if at least twice the side of the view remain of them
///   without those at both ends whose weight is below 1e-8.
/// - Where the operation is fused, also if more than 256 taps of a blur remain, or if the images
///   together have 2³¹ bytes or more.
pub fn views(plans: &[Plan], pictures: &[Picture<'_>], device: &Device) -> Tensor<4> {
    assert!(!plans.is_empty(), "views: the batch is empty");
    assert_eq!(plans.len(), pictures.len(), "views: one image per plan");
    #[cfg(feature = "cube")]
    if cube::supports_device(device) {
        let views = cube::views(plans, pictures, &device.clone().inner());
        return match device.gradient_checkpointing_strategy() {
            Some(strategy) => views.autodiff().with_gradient_checkpointing_strategy(strategy),
            None => views,
        };
    }
    reference::views(plans, pictures, device)
}
