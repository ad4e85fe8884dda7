use burn::tensor::Tensor;

/// The same values as a constant of the autodiff graph, on the same device.
///
/// `detach` is not enough: a tensor that requires a gradient itself, such as a parameter, still
/// gets one.
pub(crate) fn stop_gradient<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.is_autodiff() { Tensor::from_inner(x.inner()) } else { x }
}
