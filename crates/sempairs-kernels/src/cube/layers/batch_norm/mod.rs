//! Batch normalisation, with ReLU and a residual sum in the same pass.
//!
//! Forward and backward take three launches each: partial sums per chunk of rows, a launch that
//! adds the partial sums, and a pass that applies the result. The first and the last launch read
//! the inputs, and the last one writes the result. All sums are 32-bit and have a fixed order.

pub(in crate::cube) mod forward;
pub(in crate::cube) mod gradient;
mod sums;

pub(super) use forward::forward;
pub(super) use gradient::gradient;
