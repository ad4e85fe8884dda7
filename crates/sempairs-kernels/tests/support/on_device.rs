//! The same operation on the device under test and, as its reference implementation, in 32 bits on
//! the CPU.

use burn::tensor::{DType, Device, Tensor, TensorData};
use sempairs_testing::random_values;

/// The device under test: the one in `SEMPAIRS_DEVICE`, or else a GPU if the feature of its backend
/// is compiled in. On the CPU, the fused operations of Burn's `flex` backend are tested.
pub fn device() -> Device {
    sempairs_testing::gpu!()
}

/// A matrix of values in [-1, 1), determined by the seed.
#[allow(dead_code, reason = "each test binary uses some of it")]
pub fn random(shape: [usize; 2], seed: u64) -> TensorData {
    TensorData::new(random_values(shape.iter().product(), seed), shape)
}

/// Float types that the device supports and the tests cover.
pub fn types() -> Vec<DType> {
    let all = [DType::F32, DType::F16, DType::BF16];
    let device = device();
    let variable = |name, value| std::env::var(name).is_ok_and(|found| found == value);
    // The reference implementations round every step to the type; the kernels do not.
    if device != Device::flex() && !variable("SEMPAIRS_PLAIN", "1") {
        all.into_iter().filter(|dtype| device.supports_dtype(*dtype)).collect()
    } else {
        vec![DType::F32]
    }
}

/// Maximum difference of two results relative to the largest value: the order of 32-bit sums
/// differs, and gradients are rounded to the type of their input.
fn tolerance(dtype: DType) -> f32 {
    match dtype {
        DType::F16 => 2e-3,
        DType::BF16 => 1e-2,
        _ => 2e-4,
    }
}

/// Values and gradients of one operation.
pub struct Outcome {
    value: Vec<f32>,
    gradients: Vec<Option<Vec<f32>>>,
}

/// The output, and the gradients of the sum of its product with fixed numbers, for inputs of a type
/// on a device.
pub fn run<const I: usize>(
    device: &Device,
    dtype: DType,
    inputs: &[TensorData; I],
    operation: impl Fn([Tensor<2>; I]) -> Tensor<1>,
) -> Outcome {
    let device = device.clone().autodiff();
    let inputs = inputs.each_ref().map(|data| {
        let exact = Tensor::<2>::from_data(data.clone(), (&device, DType::F32));
        exact.cast(dtype).require_grad()
    });
    let y = operation(inputs.clone()).cast(DType::F32);
    let factors: Vec<f32> = (0..y.dims()[0]).map(|i| ((i * 7 + 3) % 11) as f32 - 4.0).collect();
    let factors = Tensor::<1>::from_floats(factors.as_slice(), &device);
    let mut grads = (y.clone() * factors).sum().backward();
    let floats = |data: TensorData| data.convert::<f32>().try_to_vec::<f32>().unwrap();
    let gradients = inputs.map(|x| x.grad_remove(&mut grads).map(|g| floats(g.into_data()))).into();
    Outcome { value: floats(y.into_data()), gradients }
}

/// Compares `actual` on the device under test, in every type it supports, with `expected` on the
/// CPU for the same inputs.
pub fn assert_parity<const I: usize>(
    name: &str,
    inputs: [TensorData; I],
    actual: impl Fn([Tensor<2>; I]) -> Tensor<1>,
    expected: impl Fn([Tensor<2>; I]) -> Tensor<1>,
) {
    assert_parity_in(&types(), name, inputs, actual, expected);
}

/// [`assert_parity`] in the given types.
#[allow(dead_code, reason = "each test binary uses some of it")]
pub fn assert_parity_in<const I: usize>(
    types: &[DType],
    name: &str,
    inputs: [TensorData; I],
    actual: impl Fn([Tensor<2>; I]) -> Tensor<1>,
    expected: impl Fn([Tensor<2>; I]) -> Tensor<1>,
) {
    for &dtype in types {
        let name = format!("{name} in {}", dtype.name());
        let actual = run(&device(), dtype, &inputs, &actual);
        // Both sides get values rounded to the type.
        let rounded = inputs.clone().map(|data| data.convert_dtype(dtype).convert::<f32>());
        let expected = run(&Device::flex(), DType::F32, &rounded, &expected);
        compare(&actual.value, &expected.value, tolerance(dtype), &format!("{name}: value"));
        for (index, (actual, expected)) in
            actual.gradients.iter().zip(&expected.gradients).enumerate()
        {
            assert_eq!(actual.is_some(), expected.is_some(), "{name}: gradient {index}");
            if let (Some(actual), Some(expected)) = (actual, expected) {
                compare(actual, expected, tolerance(dtype), &format!("{name}: gradient {index}"));
            }
        }
    }
}

fn compare(actual: &[f32], expected: &[f32], tolerance: f32, name: &str) {
    assert_eq!(actual.len(), expected.len(), "{name}");
    // A gradient that is zero everywhere still has rounding errors.
    let largest = expected.iter().fold(0.1f32, |largest, value| largest.max(value.abs()));
    for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (actual - expected).abs() <= tolerance * largest,
            "{name}: element {index} is {actual}, the reference is {expected}"
        );
    }
}
