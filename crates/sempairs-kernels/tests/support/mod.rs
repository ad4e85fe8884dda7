//! Random inputs, running an operation with its gradients, and comparing two outcomes.

mod random;

use burn::tensor::{Device, Tensor, TensorData};

/// Largest difference allowed, as a share of the largest value of the two: sums of up to some
/// ten thousand products in 32 bits, made in different orders.
const TOLERANCE: f32 = 3e-5;

/// What an operation gave: values, and the gradient of each input if it has one.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub values: Vec<TensorData>,
    pub gradients: Vec<Option<TensorData>>,
}

pub fn device() -> Device {
    Device::flex().autodiff()
}

/// Values in [-1, 1), the same for the same seed.
pub fn random(shape: [usize; 4], seed: u64) -> Tensor<4> {
    let values = random::values(shape.iter().product(), seed);
    Tensor::from_data(TensorData::new(values, shape), &device())
}

/// The output, and the gradients of the sum of its product with fixed random numbers.
pub fn run<const I: usize>(
    inputs: [Tensor<4>; I],
    operation: impl FnOnce([Tensor<4>; I]) -> Tensor<4>,
) -> Outcome {
    let inputs = inputs.map(Tensor::require_grad);
    let y = operation(inputs.clone());
    let values = vec![y.clone().into_data()];
    let mut grads = (y.clone() * random(y.dims(), 99)).sum().backward();
    let gradients = inputs.map(|input| input.grad_remove(&mut grads).map(Tensor::into_data)).into();
    Outcome { values, gradients }
}

#[allow(dead_code)] // Each test binary uses some of these.
pub fn assert_close([ours, twin]: &[Outcome; 2], name: &str) {
    assert_eq!(ours.values.len(), twin.values.len(), "{name}");
    for (index, (ours, twin)) in ours.values.iter().zip(&twin.values).enumerate() {
        compare(ours, twin, &format!("{name}: value {index}"));
    }
    assert_eq!(ours.gradients.len(), twin.gradients.len(), "{name}");
    for (index, (ours, twin)) in ours.gradients.iter().zip(&twin.gradients).enumerate() {
        match (ours, twin) {
            (Some(ours), Some(twin)) => compare(ours, twin, &format!("{name}: gradient {index}")),
            _ => assert_eq!(ours.is_some(), twin.is_some(), "{name}: gradient {index}"),
        }
    }
}

fn compare(ours: &TensorData, twin: &TensorData, name: &str) {
    assert_eq!(ours.shape(), twin.shape(), "{name}");
    let (ours, twin) = (ours.try_to_vec::<f32>().unwrap(), twin.try_to_vec::<f32>().unwrap());
    let largest = twin.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    for (index, (ours, twin)) in ours.iter().zip(&twin).enumerate() {
        let difference = (ours - twin).abs();
        assert!(
            difference <= TOLERANCE * largest,
            "{name}: element {index} is {ours}, its twin {twin}"
        );
    }
}
