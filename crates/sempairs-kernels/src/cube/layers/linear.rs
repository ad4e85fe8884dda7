//! Linear layers as matrix products.

use burn::backend::ops::FloatTensorOps;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::cast;
use burn_cubecl::tensor::CubeTensor;

use super::matmul::matmul;

/// `x · weight + bias` in the type of `x`.
///
/// # Shapes
/// - `x`: `[rows, inputs]`; `weight`: `[inputs, outputs]`; `bias`: `[outputs]`
pub(super) fn forward(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
    let dtype = x.dtype;
    let [outputs] = bias.meta.shape().dims();
    let bias = CubeBackend::float_reshape(cast(bias, dtype), [1, outputs].into());
    CubeBackend::float_add(matmul(x, cast(weight, dtype), dtype), bias)
}

/// `gradient · weightᵀ` in the type of the gradient.
pub(super) fn input_gradient(weight: CubeTensor, gradient: CubeTensor) -> CubeTensor {
    let dtype = gradient.dtype;
    matmul(gradient, CubeBackend::float_swap_dims(cast(weight, dtype), 0, 1), dtype)
}

/// `xᵀ · gradient` in 32 bits.
pub(super) fn weight_gradient(x: CubeTensor, gradient: CubeTensor) -> CubeTensor {
    matmul(CubeBackend::float_swap_dims(x, 0, 1), gradient, DType::F32)
}

/// The sum of the gradient over its rows, in 32 bits.
pub(super) fn bias_gradient(gradient: CubeTensor) -> CubeTensor {
    let [_, outputs] = gradient.meta.shape().dims();
    let sum = CubeBackend::float_sum_dim(cast(gradient, DType::F32), 0);
    CubeBackend::float_reshape(sum, [outputs].into())
}
