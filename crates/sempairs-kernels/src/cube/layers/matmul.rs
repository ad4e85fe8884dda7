//! Matrix products with sums in 32 bits.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::matmul::{self, MatmulStrategy};
use burn_cubecl::tensor::CubeTensor;

/// `a · b` in a type, batch by batch. Sums are made in 32 bits whatever the types: cubek takes 32
/// bits for the accumulators of 16-bit outputs, on tensor cores and without them.
///
/// The kernel is chosen by a fixed rule, not by autotuning, so that the same product is the same
/// bit for bit in every run.
///
/// # Shapes
/// - `a`: `[.., m, k]`; `b`: `[.., k, n]`; output: `[.., m, n]`
pub(in crate::cube) fn matmul(a: CubeTensor, b: CubeTensor, dtype: DType) -> CubeTensor {
    matmul::matmul(a, b, None, MatmulStrategy::Cube, dtype)
        .expect("there is a kernel for every matrix product")
}

/// [`matmul`] into a tensor that is there, in its type; it may be a part of another.
///
/// # Shapes
/// - `a`: `[m, k]`; `b`: `[k, n]`; `out`: `m · n` values, row-major
pub(super) fn matmul_into(a: CubeTensor, b: CubeTensor, out: CubeTensor) {
    let ([m, _], [_, n]) = (a.meta.shape().dims(), b.meta.shape().dims());
    let (client, device, dtype) = (out.client.clone(), out.device.clone(), out.dtype);
    let out = CubeTensor::new_contiguous(client, device, Shape::new([m, n]), out.handle, dtype);
    matmul::matmul(a, b, Some(out), MatmulStrategy::Cube, dtype)
        .expect("there is a kernel for every matrix product");
}
