//! The layers of a transformer on CubeCL tensors, with hand-written gradients.
//!
//! Values are read and written in the type of the input, with 32 or 16 bits, and computed in 32
//! bits. Weights and biases of normalisations are 32-bit floats, and so are their gradients.

pub(in crate::cube) mod attention;
pub(in crate::cube) mod gelu;
pub(in crate::cube) mod heads;
pub(in crate::cube) mod layer_norm;
pub(in crate::cube) mod rows;
pub(in crate::cube) mod softmax;

use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use crate::fused::token_ops::{BackwardTokenOps, ForwardTokenOps};

impl ForwardTokenOps for CubeBackend {
    fn fused_layer_norm(
        x: CubeTensor,
        weight: CubeTensor,
        bias: CubeTensor,
        epsilon: f64,
    ) -> CubeTensor {
        let [x, weight, bias] = [x, weight, bias].map(into_contiguous);
        layer_norm::forward(x, weight, bias, epsilon)
    }

    fn fused_gelu(x: CubeTensor) -> CubeTensor {
        gelu::forward(into_contiguous(x))
    }

    fn fused_attention(qkv: CubeTensor, heads: usize) -> CubeTensor {
        attention::forward(into_contiguous(qkv), heads)
    }
}

impl BackwardTokenOps for CubeBackend {
    fn layer_norm_gradient(
        x: CubeTensor,
        weight: CubeTensor,
        gradient: CubeTensor,
        epsilon: f64,
    ) -> [CubeTensor; 3] {
        let [x, weight, gradient] = [x, weight, gradient].map(into_contiguous);
        layer_norm::gradient(x, weight, gradient, epsilon)
    }

    fn gelu_gradient(x: CubeTensor, gradient: CubeTensor) -> CubeTensor {
        gelu::gradient(into_contiguous(x), into_contiguous(gradient))
    }

    fn attention_gradient(qkv: CubeTensor, gradient: CubeTensor, heads: usize) -> CubeTensor {
        attention::gradient(into_contiguous(qkv), into_contiguous(gradient), heads)
    }
}
