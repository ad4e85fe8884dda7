//! The operations as backend traits.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};
use burn::tensor::DType;

/// The forward operations, dispatched to the backend at run time.
#[cfg_attr(feature = "cube", backend_extension(Flex, Cube, Autodiff))]
#[cfg_attr(not(feature = "cube"), backend_extension(Flex, Autodiff))]
pub trait ForwardOps: Backend {
    /// Convolution; see [`conv2d`](crate::conv2d()).
    fn fused_conv2d(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> FloatTensor<Self>;

    /// Batch normalisation, followed by a ReLU if `with_relu`; see
    /// [`batch_norm`](crate::batch_norm()).
    fn fused_batch_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
        with_relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The end of a residual block; see [`batch_norm_add_relu`](crate::batch_norm_add_relu).
    fn fused_batch_norm_add_relu(
        x: FloatTensor<Self>,
        skip: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Global average pooling; see [`global_average_pool`](crate::global_average_pool).
    fn fused_global_average_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Max pooling; see [`max_pool2d`](crate::max_pool2d).
    fn fused_max_pool2d(
        x: FloatTensor<Self>,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> FloatTensor<Self>;

    /// A linear layer; see [`linear`](crate::linear()).
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// The same tensor twice; see [`fork`](crate::fork()).
    fn fused_fork(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The gradients of [`ForwardOps`], on a backend that executes kernels.
pub trait BackwardOps: ForwardOps {
    /// `∂L/∂x` of a convolution whose input had the shape `input`.
    fn conv2d_input_gradient(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        input: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> FloatTensor<Self>;

    /// `∂L/∂weight` of a convolution whose filters had the shape `filters`.
    fn conv2d_weight_gradient(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        filters: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> FloatTensor<Self>;

    /// The gradients of a batch normalisation. `relu_output` is the output of the ReLU, if there is
    /// one; the gradient is zero where it is zero or less.
    fn batch_norm_gradient(
        x: FloatTensor<Self>,
        relu_output: Option<FloatTensor<Self>>,
        statistics: Statistics<Self>,
        gradient: FloatTensor<Self>,
        wanted: Wanted,
    ) -> BatchNormGradient<Self>;

    /// `∂L/∂x` of global average pooling for an input of shape `input` and type `dtype`.
    fn global_average_pool_gradient(
        gradient: FloatTensor<Self>,
        input: [usize; 4],
        dtype: DType,
    ) -> FloatTensor<Self>;

    /// `∂L/∂x` of max pooling with the output `y`.
    fn max_pool2d_gradient(
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> FloatTensor<Self>;

    /// `∂L/∂x` of a linear layer.
    fn linear_input_gradient(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `∂L/∂weight` of a linear layer.
    fn linear_weight_gradient(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `∂L/∂bias` of a linear layer.
    fn linear_bias_gradient(gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The sum of two gradients `[n, c, h, w]`.
    fn sum_of_maps(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Saved state of a batch normalisation for its gradient, each tensor `[c]`.
#[derive(Debug, Clone)]
pub struct Statistics<B: Backend> {
    pub(crate) weight: FloatTensor<B>,
    pub(crate) mean: FloatTensor<B>,
    pub(crate) variance: FloatTensor<B>,
    pub(crate) epsilon: f64,
}

/// Which gradients of a batch normalisation are needed besides those of weight and bias.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub(crate) x: bool,
    pub(crate) skip: bool,
}

/// The gradients of a batch normalisation.
pub struct BatchNormGradient<B: Backend> {
    pub(crate) x: Option<FloatTensor<B>>,
    pub(crate) skip: Option<FloatTensor<B>>,
    pub(crate) weight: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
}
