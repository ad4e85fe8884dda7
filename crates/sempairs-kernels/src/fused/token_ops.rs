//! The operations of a transformer as backend traits.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

/// The forward operations on tokens, dispatched to the backend at run time.
#[cfg_attr(feature = "cube", backend_extension(Flex, Cube, Autodiff))]
#[cfg_attr(not(feature = "cube"), backend_extension(Flex, Autodiff))]
pub trait ForwardTokenOps: Backend {
    /// Normalisation of every row of `[rows, d]`; see [`layer_norm`](crate::layer_norm()).
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// The Gaussian error linear unit; see [`gelu`](crate::gelu()).
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Self-attention; see [`attention`](crate::attention()).
    fn fused_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self>;
}

/// The gradients of [`ForwardTokenOps`], on a backend that executes kernels.
pub trait BackwardTokenOps: ForwardTokenOps {
    /// `∂L/∂x`, `∂L/∂weight` and `∂L/∂bias` of a layer normalisation.
    fn layer_norm_gradient(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        epsilon: f64,
    ) -> [FloatTensor<Self>; 3];

    /// `∂L/∂x` of the Gaussian error linear unit.
    fn gelu_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `∂L/∂qkv` of self-attention.
    fn attention_gradient(
        qkv: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;
}
