use burn::tensor::Tensor;

/// The same values as a constant of the autodiff graph, on the same device: `sg(x) = x` with
/// `d sg(x) / dx = 0`.
///
/// Targets, keys of a queue and outputs of a momentum encoder go through it. [`Tensor::detach`] is
/// not enough: a tensor that requires a gradient itself, such as a parameter, still gets one.
///
/// # Shapes
/// - x, output: any, the same
pub fn stop_gradient<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.is_autodiff() { Tensor::from_inner(x.inner()) } else { x }
}
