//! Matrix products that accumulate in 32 bits.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::matmul::{self, MatmulStrategy};
use burn_cubecl::tensor::CubeTensor;

/// Batched matrix product `a · b` with an output of type `dtype`. Accumulators have 32 bits for all
/// types: cubek uses 32-bit accumulators for 16-bit outputs, with and without tensor cores.
///
/// The kernel is selected by a fixed rule, not by autotuning, so that results are bit-identical in
/// every run.
///
/// # Shapes
/// - `a`: `[.., m, k]`; `b`: `[.., k, n]`; output: `[.., m, n]`
pub(in crate::cube) fn matmul(a: CubeTensor, b: CubeTensor, dtype: DType) -> CubeTensor {
    matmul::matmul(a, b, None, MatmulStrategy::Cube, dtype)
        .expect("there is a kernel for every matrix product")
}

/// [`matmul`] into an existing tensor, in its type. It may be a part of a larger tensor.
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
