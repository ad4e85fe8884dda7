//! The launches that compute a batch of views.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use sempairs_augment::{Plan, Step};
use sempairs_data::Picture;

use super::colour::{colours, mean_luma};
use super::moves::{blur, flip, rotate};
use super::program::{
    BLUR, BRIGHTNESS, CONTRAST, FIELDS, FIRST_STEP, FLIP, NUMBERS, Program, ROTATE, STEPS, extent,
};
use super::resample::{shrink_columns, shrink_rows};
use crate::cube::launch::floats;
use crate::cube::lists::{float_tensor, int_primitive, primitive};
use crate::cube::matmul_tile::UNITS;

/// Computes a view per cube: the second resize, and the steps of the plan in order.
#[cube(launch_unchecked)]
pub(in crate::cube) fn views_of_batch(
    narrow: &[f32],
    crop_windows: &[i32],
    steps: &[f32],
    pixels: &mut [f32],
    scratch: &mut [f32],
    size: usize,
    columns: usize,
) {
    let view = CUBE_POS_X as usize;
    let area = size * size;
    let first = view * 3 * area;
    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let mut weights = Shared::<[f32]>::new_slice(UNITS);
    shrink_rows(narrow, crop_windows, pixels, view, size, columns);

    let mut step = crop_windows[view * FIELDS + FIRST_STEP] as usize;
    let end = step + crop_windows[view * FIELDS + STEPS] as usize;
    while step < end {
        let code = u32::cast_from(steps[step * NUMBERS]);
        let value = steps[step * NUMBERS + 1];
        let other = steps[step * NUMBERS + 2];
        let mut next = step + 1;
        if code == FLIP {
            flip(pixels, scratch, first, size);
        } else if code == ROTATE {
            rotate(pixels, scratch, first, size, value, other);
        } else if code == BLUR {
            sync_storage();
            let kernel = u32::cast_from(value) as usize;
            blur(pixels, scratch, &mut words, &mut weights, first, size, kernel, other);
        } else {
            let mut mean = 0.0f32;
            if code == CONTRAST {
                mean = mean_luma(pixels, first, area, &mut words);
            }
            // Consecutive colour steps share a pass.
            while next < end && u32::cast_from(steps[next * NUMBERS]) >= BRIGHTNESS {
                next += 1;
            }
            colours(pixels, first, area, steps, step, next, mean);
        }
        step = next;
    }
}

/// See [`views`](crate::views()); the device must pass
/// [`supports_device`](crate::cube::supports_device).
///
/// # Shapes
/// - output: `[views, 3, size, size]`
///
/// # Panics
/// As [`views`](crate::views()). The limit of the taps of a blur is [`UNITS`], since each unit of a
/// cube computes one weight.
pub(crate) fn views(plans: &[Plan], pictures: &[Picture<'_>], device: &Device) -> Tensor<4> {
    let size = plans[0].size();
    for plan in plans {
        assert_eq!(plan.size(), size, "the views of a batch must have the same size");
        plan.steps.iter().for_each(|step| check(step, size));
    }
    let Program { words, crop_windows, steps, columns } = Program::new(plans, pictures);
    let ints =
        |data: TensorData, dtype| int_primitive(Tensor::<1, Int>::from_data(data, (device, dtype)));
    let words = ints(TensorData::from(words.as_slice()), DType::U32);
    let crop_windows = ints(TensorData::from(crop_windows.as_slice()), DType::I32);
    let steps = primitive(&Tensor::from_floats(steps.as_slice(), device));
    let count = plans.len();
    let narrow = floats(&steps, [count, 3, size, columns]);
    let [pixels, scratch] = [(); 2].map(|()| floats(&steps, [count, 3, size, size]));
    let client = pixels.client.clone();
    let cube_dim = CubeDim::new_1d(UNITS as u32);
    // SAFETY: the kernels check columns against the crop, which was checked to lie within its
    // image; units process only the pixels of a view, and every tap lies within its crop.
    unsafe {
        shrink_columns::launch_unchecked(
            &client,
            CubeCount::Static(columns.div_ceil(UNITS) as u32, size as u32, count as u32),
            cube_dim,
            words.into_buffer_arg(),
            crop_windows.clone().into_buffer_arg(),
            narrow.clone().into_buffer_arg(),
            size,
            columns,
        );
        views_of_batch::launch_unchecked(
            &client,
            CubeCount::Static(count as u32, 1, 1),
            cube_dim,
            narrow.into_buffer_arg(),
            crop_windows.into_buffer_arg(),
            steps.into_buffer_arg(),
            pixels.clone().into_buffer_arg(),
            scratch.into_buffer_arg(),
            size,
            columns,
        );
    }
    float_tensor(pixels)
}

/// Panics unless the kernels can compute a step.
fn check(step: &Step, size: usize) {
    if let Step::Blur { kernel, sigma } = *step {
        assert!(kernel % 2 == 1, "the blur kernel size {kernel} is even");
        let kernel = extent(kernel, sigma);
        assert!(kernel / 2 < size, "the blur kernel size {kernel} is too large for {size} pixels");
        assert!(kernel <= UNITS, "the blur kernel size {kernel} exceeds {UNITS}");
    }
}
