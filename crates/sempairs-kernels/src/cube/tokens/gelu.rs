//! GELU and its gradient.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::{beside, cubes, elem_type};
use super::super::matmul_tile::UNITS;

/// Number of values that a unit loads before it computes, so that the loads overlap.
const LOADS: usize = 8;

/// The density of the normal distribution, `φ(x) = e^(−x²/2) / √(2π)`.
#[cube]
fn density(x: f32) -> f32 {
    (-0.5f32 * x * x).exp() * 0.398_942_3f32
}

/// `Φ(x) = (1 + erf(x / √2)) / 2` from `φ(x)`.
///
/// For `z ≥ 0`, `1 − Φ(z) = φ(z) · M(z)` with Mills' ratio `M`, which is approximated by `t` times
/// a polynomial in `t = 1 / (1 + 0.27 z)` that interpolates at the Chebyshev nodes of `0 ≤ z ≤
/// 13.5`; beyond that, `1 − Φ(z)` underflows in single precision. The relative error of the formula
/// is 6e-8; rounding in 32 bits adds up to 4e-7.
#[cube]
fn distribution(x: f32, density: f32) -> f32 {
    let t = 1.0f32 / (1.0f32 + 0.27f32 * x.abs());
    let mut series = 0.072_663_73f32;
    series = series * t - 0.317_492_54f32;
    series = series * t + 0.426_711_9f32;
    series = series * t - 0.175_002_68f32;
    series = series * t + 0.271_475_82f32;
    series = series * t + 0.180_037_14f32;
    series = series * t + 0.255_356_43f32;
    series = series * t + 0.269_547_4f32;
    series = series * t + 0.270_017_f32;
    let tail = density * t * series;
    let mut result = 1.0f32 - tail;
    if x < 0.0f32 {
        result = tail;
    }
    result
}

/// GELU of every value.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gelu_of_values<F: Float>(
    x: &[F],
    y: &mut [F],
    number: usize,
    #[define(F)] _dtype: ElemType,
) {
    let first = CUBE_POS * LOADS * UNITS + UNIT_POS as usize;
    let mut own = Array::<f32>::new(LOADS);
    #[unroll]
    for i in 0..LOADS {
        let index = first + i * UNITS;
        if index < number {
            own[i] = f32::cast_from(x[index]);
        }
    }
    #[unroll]
    for i in 0..LOADS {
        let index = first + i * UNITS;
        if index < number {
            y[index] = F::cast_from(own[i] * distribution(own[i], density(own[i])));
        }
    }
}

/// Gradient of GELU for every value.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gelu_gradient_of_values<F: Float>(
    x: &[F],
    gradients: &[F],
    result: &mut [F],
    number: usize,
    #[define(F)] _dtype: ElemType,
) {
    let first = CUBE_POS * LOADS * UNITS + UNIT_POS as usize;
    let mut own = Array::<f32>::new(LOADS);
    let mut slopes = Array::<f32>::new(LOADS);
    #[unroll]
    for i in 0..LOADS {
        let index = first + i * UNITS;
        if index < number {
            own[i] = f32::cast_from(x[index]);
            slopes[i] = f32::cast_from(gradients[index]);
        }
    }
    #[unroll]
    for i in 0..LOADS {
        let index = first + i * UNITS;
        if index < number {
            let density = density(own[i]);
            let slope = distribution(own[i], density) + own[i] * density;
            result[index] = F::cast_from(slopes[i] * slope);
        }
    }
}

/// GELU, `x · Φ(x)`, of a row-major tensor in its type.
pub(super) fn forward(x: CubeTensor) -> CubeTensor {
    let number = x.meta.shape().num_elements();
    let y = beside(&x, x.meta.shape().clone(), x.dtype);
    if number == 0 {
        return y;
    }
    let (client, dtype) = (x.client.clone(), elem_type(x.dtype));
    // SAFETY: every index is compared with the number of values.
    unsafe {
        gelu_of_values::launch_unchecked(
            &client,
            cubes(number.div_ceil(LOADS * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            y.clone().into_buffer_arg(),
            number,
            dtype,
        );
    }
    y
}

/// Gradient of GELU, `∂x = ∂y · (Φ(x) + x · φ(x))`; both tensors are row-major and have the same
/// type.
pub(super) fn gradient(x: CubeTensor, gradient: CubeTensor) -> CubeTensor {
    let number = x.meta.shape().num_elements();
    let dx = beside(&x, x.meta.shape().clone(), x.dtype);
    if number == 0 {
        return dx;
    }
    let (client, dtype) = (x.client.clone(), elem_type(x.dtype));
    // SAFETY: every index is compared with the number of values.
    unsafe {
        gelu_gradient_of_values::launch_unchecked(
            &client,
            cubes(number.div_ceil(LOADS * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            gradient.into_buffer_arg(),
            dx.clone().into_buffer_arg(),
            number,
            dtype,
        );
    }
    dx
}
