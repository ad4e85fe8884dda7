//! Random inputs, running an operation with its gradients, and comparing two outcomes.

use burn::tensor::{Device, Tensor, TensorData};
use sempairs_testing::random_values;

/// Maximum difference relative to the largest value: sums of up to some
/// ten thousand products in 32 bits, in different orders.
const TOLERANCE: f32 = 3e-5;

/// Result of an operation: values, and the gradient of each input that has one.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub values: Vec<TensorData>,
    pub gradients: Vec<Option<TensorData>>,
}

pub fn device() -> Device {
    Device::flex().autodiff()
}

/// Values in [-1, 1), determined by the seed.
pub fn random(shape: [usize; 4], seed: u64) -> Tensor<4> {
    let values = random_values(shape.iter().product(), seed);
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

#[allow(dead_code, reason = "each test binary uses some of it")]
pub fn assert_close([actual, expected]: &[Outcome; 2], name: &str) {
    assert_eq!(actual.values.len(), expected.values.len(), "{name}");
    for (index, (actual, expected)) in actual.values.iter().zip(&expected.values).enumerate() {
        compare(actual, expected, &format!("{name}: value {index}"));
    }
    assert_eq!(actual.gradients.len(), expected.gradients.len(), "{name}");
    for (index, (actual, expected)) in actual.gradients.iter().zip(&expected.gradients).enumerate()
    {
        match (actual, expected) {
            (Some(actual), Some(expected)) => {
                compare(actual, expected, &format!("{name}: gradient {index}"))
            }
            _ => assert_eq!(actual.is_some(), expected.is_some(), "{name}: gradient {index}"),
        }
    }
}

fn compare(actual: &TensorData, expected: &TensorData, name: &str) {
    assert_eq!(actual.shape(), expected.shape(), "{name}");
    let (actual, expected) =
        (actual.try_to_vec::<f32>().unwrap(), expected.try_to_vec::<f32>().unwrap());
    let largest = expected.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
    for (index, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        let difference = (actual - expected).abs();
        assert!(
            difference <= TOLERANCE * largest,
            "{name}: element {index} is {actual}, the reference is {expected}"
        );
    }
}
