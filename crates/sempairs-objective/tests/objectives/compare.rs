//! Compares values and gradients of a loss with PyTorch's.

use burn::tensor::Tensor;

use super::oracle::host;
use super::reference::{Reference, assert_close, device};

/// Asserts that a loss equals PyTorch's within the tolerance, relative to the loss but to at least
/// 0.1: a loss near zero, such as SimSiam's, is a difference of larger numbers.
pub fn assert_loss(ours: Tensor<1>, theirs: &[f32], tolerance: f32, what: &str) {
    let (ours, theirs) = (ours.into_scalar::<f32>(), theirs[0]);
    let bound = tolerance * theirs.abs().max(0.1);
    let error = (ours - theirs).abs();
    assert!(error <= bound, "{what}: {ours} is not PyTorch's {theirs} within {bound}");
}

/// Compares the loss of a file's inputs, first those with gradients, then the `fixed` ones, with
/// the file's `loss`, and the gradients of the former with its `grad_NAME`; the latter must have
/// none.
pub fn compare(
    file: &str,
    learning: &[&str],
    fixed: &[&str],
    loss: impl Fn(&[Tensor<2>]) -> Tensor<1>,
) {
    let (device, tolerance) = device();
    let device = device.autodiff();
    let numbers = Reference::read(&format!("objectives/{file}.safetensors"));
    let names: Vec<&str> = [learning, fixed].concat();
    let leaves: Vec<Tensor<2>> =
        names.iter().map(|name| numbers.tensor(name, &device).require_grad()).collect();
    let value = loss(&leaves);
    assert_loss(value.clone(), numbers.floats("loss"), tolerance, file);
    let gradients = value.backward();
    for (i, (leaf, name)) in leaves.iter().zip(names).enumerate() {
        match leaf.grad(&gradients) {
            Some(gradient) if i < learning.len() => {
                let name = format!("grad_{name}");
                assert_close(&host(gradient), numbers.floats(&name), tolerance, &name);
            }
            gradient => assert!(gradient.is_none() && i >= learning.len(), "{file}: {name}"),
        }
    }
}
