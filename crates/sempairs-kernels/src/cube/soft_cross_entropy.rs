//! The cross-entropy of two softmaxes over wide rows, each row read once.
//!
//! A cube processes a row. Its units keep running maxima and sums of both softmaxes, and the
//! teacher's sum weighted by the student's logits, from which the loss follows:
//! `L = lₛ − Σ eᵗ s / Σ eᵗ`, where `lₛ` is the student's log-sum-exp.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::{cubes, elem_type, empty, floats};
use super::matmul_tile::UNITS;
use super::reduction::{largest, sum};

/// Number of values that a unit loads before it computes, so that the loads overlap.
const LOADS: usize = 4;
/// A number below every logit, since WGSL has no literal for minus infinity.
const LOWEST: f32 = -1.0e30;

/// Loss of a row, and the log-sum-exps of student and teacher.
#[cube(launch_unchecked)]
pub(in crate::cube) fn cross_entropy_of_row<F: Float>(
    student: &[F],
    teacher: &[F],
    centre: &[f32],
    losses: &mut [f32],
    of_student: &mut [f32],
    of_teacher: &mut [f32],
    rows: usize,
    width: usize,
    scale: f32,
    scale_of_teacher: f32,
    #[define(F)] _dtype: ElemType,
) {
    // Surplus cubes repeat the last row.
    let row = min(CUBE_POS, rows - 1);
    let mut highest = LOWEST.runtime();
    let mut total = 0.0f32;
    let mut highest_of_teacher = LOWEST.runtime();
    let mut total_of_teacher = 0.0f32;
    let mut weighted = 0.0f32;
    let mut s = Array::<f32>::new(LOADS);
    let mut t = Array::<f32>::new(LOADS);
    let mut from = UNIT_POS as usize;
    while from < width {
        #[unroll]
        for i in 0..LOADS {
            let column = from + i * UNITS;
            if column < width {
                s[i] = f32::cast_from(student[row * width + column]) * scale;
                t[i] = (f32::cast_from(teacher[row * width + column]) - centre[column])
                    * scale_of_teacher;
            }
        }
        #[unroll]
        for i in 0..LOADS {
            if from + i * UNITS < width {
                // One exponential in either case: it scales the new term or the previous sum.
                let e = (-(s[i] - highest).abs()).exp();
                if s[i] > highest {
                    total = total * e + 1.0f32;
                    highest = s[i];
                } else {
                    total += e;
                }
                let e = (-(t[i] - highest_of_teacher).abs()).exp();
                if t[i] > highest_of_teacher {
                    total_of_teacher = total_of_teacher * e + 1.0f32;
                    weighted = weighted * e + s[i];
                    highest_of_teacher = t[i];
                } else {
                    total_of_teacher += e;
                    weighted += e * s[i];
                }
            }
        }
        from += LOADS * UNITS;
    }

    let mut words = Shared::<[f32]>::new_slice(UNITS);
    let top = largest(highest, &mut words);
    let total = sum(total * (highest - top).exp(), &mut words);
    let top_of_teacher = largest(highest_of_teacher, &mut words);
    let relative = (highest_of_teacher - top_of_teacher).exp();
    let total_of_teacher = sum(total_of_teacher * relative, &mut words);
    let weighted = sum(weighted * relative, &mut words);
    if UNIT_POS == 0 {
        let log_sum = top + total.ln();
        of_student[row] = log_sum;
        of_teacher[row] = top_of_teacher + total_of_teacher.ln();
        losses[row] = log_sum - weighted / total_of_teacher;
    }
}

/// Gradient of the losses with respect to the student's logits.
#[cube(launch_unchecked)]
pub(in crate::cube) fn gradient_of_logits<F: Float>(
    student: &[F],
    teacher: &[F],
    centre: &[f32],
    of_student: &[f32],
    of_teacher: &[f32],
    gradients: &[f32],
    result: &mut [F],
    rows: usize,
    width: usize,
    scale: f32,
    scale_of_teacher: f32,
    #[define(F)] _dtype: ElemType,
) {
    let columns = LOADS * UNITS;
    let blocks = width.div_ceil(columns);
    // Surplus cubes repeat the last row.
    let row = min(CUBE_POS / blocks, rows - 1);
    let block = CUBE_POS % blocks;
    let factor = gradients[row] * scale;
    #[unroll]
    for i in 0..LOADS {
        let column = block * columns + i * UNITS + UNIT_POS as usize;
        if column < width {
            let index = row * width + column;
            let s = f32::cast_from(student[index]) * scale - of_student[row];
            let t = (f32::cast_from(teacher[index]) - centre[column]) * scale_of_teacher
                - of_teacher[row];
            result[index] = F::cast_from(factor * (s.exp() - t.exp()));
        }
    }
}

/// The loss of each row and the log-sum-exps of student and teacher, `[n]` each, in 32 bits.
///
/// # Shapes
/// - student, teacher: `[n, k]`; centre: `[k]`, in 32 bits
pub(super) fn forward(
    student: CubeTensor,
    teacher: CubeTensor,
    centre: CubeTensor,
    [scale, scale_of_teacher]: [f64; 2],
) -> [CubeTensor; 3] {
    let [rows, width] = student.meta.shape().dims();
    let outputs = [(); 3].map(|()| floats(&student, [rows]));
    let [losses, of_student, of_teacher] = outputs.clone();
    let (client, dtype) = (student.client.clone(), elem_type(student.dtype));
    // SAFETY: rows are limited to their number, and every unit compares its columns with theirs.
    unsafe {
        cross_entropy_of_row::launch_unchecked(
            &client,
            cubes(rows),
            CubeDim::new_1d(UNITS as u32),
            student.into_buffer_arg(),
            teacher.into_buffer_arg(),
            centre.into_buffer_arg(),
            losses.into_buffer_arg(),
            of_student.into_buffer_arg(),
            of_teacher.into_buffer_arg(),
            rows,
            width,
            scale as f32,
            scale_of_teacher as f32,
            dtype,
        );
    }
    outputs
}

/// `∂L/∂student` for the gradient `[n]` of the losses.
///
/// # Shapes
/// - student, teacher, output: `[n, k]`; centre: `[k]`; of_student, of_teacher: `[n]`
pub(super) fn gradient(
    student: CubeTensor,
    teacher: CubeTensor,
    centre: CubeTensor,
    [of_student, of_teacher]: [CubeTensor; 2],
    gradient: CubeTensor,
    [scale, scale_of_teacher]: [f64; 2],
) -> CubeTensor {
    let [rows, width] = student.meta.shape().dims();
    let result = empty(&student, [rows, width], student.dtype);
    let (client, dtype) = (student.client.clone(), elem_type(student.dtype));
    // SAFETY: rows are limited to their number, and every unit compares its columns with theirs.
    unsafe {
        gradient_of_logits::launch_unchecked(
            &client,
            cubes(rows * width.div_ceil(LOADS * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            student.into_buffer_arg(),
            teacher.into_buffer_arg(),
            centre.into_buffer_arg(),
            of_student.into_buffer_arg(),
            of_teacher.into_buffer_arg(),
            gradient.into_buffer_arg(),
            result.clone().into_buffer_arg(),
            rows,
            width,
            scale as f32,
            scale_of_teacher as f32,
            dtype,
        );
    }
    result
}
