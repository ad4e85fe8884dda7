//! Compares values and gradients of a loss on tensors with its formula in double precision.

use burn::tensor::{Device, Tensor, TensorData};

/// The rows of a matrix in double precision.
pub type Rows = Vec<Vec<f64>>;

pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

pub fn tensor(values: &[f32], rows: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [rows, values.len() / rows]), device)
}

/// Pseudo-random values in (-1, 1), the same on every machine.
pub fn values(count: usize, seed: usize) -> Vec<f32> {
    let mut x = (seed as u32).wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
    let step = |x: &mut u32| {
        *x ^= *x << 13;
        *x ^= *x >> 17;
        *x ^= *x << 5;
        *x as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    for _ in 0..8 {
        step(&mut x);
    }
    (0..count).map(|_| step(&mut x)).collect()
}

pub fn rows(values: &[f64], cols: usize) -> Rows {
    values.chunks(cols).map(<[f64]>::to_vec).collect()
}

/// L2-normalised rows.
pub fn unit(x: &Rows) -> Rows {
    x.iter()
        .map(|row| {
            let length = dot(row, row).sqrt();
            row.iter().map(|x| x / length).collect()
        })
        .collect()
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `exp(x_k / t) / sum_j exp(x_j / t)`.
pub fn softmax(x: &[f64], t: f64) -> Vec<f64> {
    let total: f64 = x.iter().map(|x| (x / t).exp()).sum();
    x.iter().map(|x| (x / t).exp() / total).collect()
}

/// An input matrix of a loss: its shape, and whether the loss has a gradient with respect to it.
#[derive(Clone, Copy)]
pub struct Input {
    pub rows: usize,
    pub cols: usize,
    pub learns: bool,
}

/// An input with a gradient.
pub fn free(rows: usize, cols: usize) -> Input {
    Input { rows, cols, learns: true }
}

/// An input without a gradient.
pub fn fixed(rows: usize, cols: usize) -> Input {
    Input { rows, cols, learns: false }
}

/// Compares the value of `loss` with `formula`, and its gradient with central differences of
/// `formula`.
pub fn hold(
    what: &str,
    inputs: &[Input],
    loss: impl Fn(&[Tensor<2>]) -> Tensor<1>,
    formula: impl Fn(&[Rows]) -> f64,
) {
    let device = Device::flex().autodiff();
    let numbers: Vec<Vec<f32>> =
        inputs.iter().enumerate().map(|(i, x)| values(x.rows * x.cols, i + 1)).collect();
    let leaves: Vec<Tensor<2>> = numbers
        .iter()
        .zip(inputs)
        .map(|(numbers, input)| tensor(numbers, input.rows, &device).require_grad())
        .collect();
    let value = loss(&leaves);
    let wide: Vec<Vec<f64>> =
        numbers.iter().map(|x| x.iter().map(|x| f64::from(*x)).collect()).collect();
    let at = |wide: &[Vec<f64>]| {
        let inputs: Vec<Rows> = wide.iter().zip(inputs).map(|(x, i)| rows(x, i.cols)).collect();
        formula(&inputs)
    };
    let (ours, expected) = (f64::from(value.clone().into_scalar::<f32>()), at(&wide));
    assert!((ours - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{what}: {ours}, {expected}");

    let gradients = value.backward();
    for (i, (leaf, input)) in leaves.iter().zip(inputs).enumerate() {
        let gradient = leaf.grad(&gradients);
        assert_eq!(gradient.is_some(), input.learns, "{what}: the gradient of input {i}");
        let Some(gradient) = gradient else { continue };
        for (k, ours) in host(gradient).into_iter().enumerate() {
            let step = 1e-5;
            let moved = [step, -step].map(|by| {
                let mut wide = wide.clone();
                wide[i][k] += by;
                at(&wide)
            });
            let slope = (moved[0] - moved[1]) / (2.0 * step);
            let error = (f64::from(ours) - slope).abs();
            assert!(error < 2e-4 * (1.0 + slope.abs()), "{what}: {i}[{k}]: {ours}, {slope}");
        }
    }
}

/// Asserts that each of twenty gradient descent steps lowers `loss`.
pub fn descends(inputs: &[Input], rate: f64, loss: impl Fn(&[Tensor<2>]) -> Tensor<1>) {
    let device = Device::flex().autodiff();
    let mut state: Vec<Tensor<2>> = inputs
        .iter()
        .enumerate()
        .map(|(i, x)| tensor(&values(x.rows * x.cols, i + 11), x.rows, &device))
        .collect();
    let mut losses = Vec::new();
    for _ in 0..20 {
        let leaves: Vec<Tensor<2>> =
            state.iter().map(|x| Tensor::from_inner(x.clone().inner()).require_grad()).collect();
        let value = loss(&leaves);
        losses.push(value.clone().into_scalar::<f32>());
        let gradients = value.backward();
        for (state, leaf) in state.iter_mut().zip(&leaves) {
            if let Some(gradient) = leaf.grad(&gradients) {
                *state = state.clone() - Tensor::from_inner(gradient) * rate;
            }
        }
    }
    assert!(losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
}
