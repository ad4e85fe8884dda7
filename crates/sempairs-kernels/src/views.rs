//! Views of a batch of pictures.

use burn::tensor::{Device, Tensor};
use sempairs_augment::Plan;
use sempairs_data::Picture;

#[cfg(feature = "cube")]
use crate::cube;
use crate::reference;

/// The views that plans make of pictures, on a device.
///
/// Where the operation is fused, 8-bit pixels are uploaded and the device does the work; elsewhere the host's threads do it
/// and floats are uploaded. Both are within 2/255 of each other.
///
/// # Shapes
/// - output: `[views, 3, size, size]`, without a gradient
///
/// # Panics
/// If there is no plan, not a picture for each, their views differ in size, or a plan's box does not lie within its
/// picture.
pub fn views(plans: &[Plan], pictures: &[Picture<'_>], device: &Device) -> Tensor<4> {
    assert!(!plans.is_empty(), "views: a batch has at least one");
    assert_eq!(plans.len(), pictures.len(), "views: a picture for each plan");
    #[cfg(feature = "cube")]
    if cube::takes(device) {
        let views = cube::views(plans, pictures, &device.clone().inner());
        return match device.gradient_checkpointing_strategy() {
            Some(strategy) => views.autodiff().with_gradient_checkpointing_strategy(strategy),
            None => views,
        };
    }
    reference::views(plans, pictures, device)
}
