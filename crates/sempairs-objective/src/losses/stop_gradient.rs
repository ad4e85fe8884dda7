use burn::tensor::Tensor;

/// The same values as a constant of the graph, on the same device.
///
/// `detach` alone does not stop the gradient of a tensor that asks for one itself, such as a parameter.
pub(crate) fn stop_gradient<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.is_autodiff() { Tensor::from_inner(x.inner()) } else { x }
}
