//! NT-Xent against PyTorch's numbers, against its formula spelt out, in closed form, and as something
//! an optimiser brings down.

mod reference;

use burn::tensor::{Device, Tensor, TensorData};
use reference::{Reference, assert_close, device};
use sempairs_objective::{Reduction, nt_xent};

fn tensor(values: &[f32], rows: usize, device: &Device) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [rows, values.len() / rows]);
    Tensor::from_data(data, device)
}

fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn reference_losses_and_gradients_of_simclr() {
    let (device, tolerance) = device();
    let device = device.autodiff();
    for temperature in ["0.1", "0.2", "0.5"] {
        let numbers = Reference::open(&format!("objectives/simclr_t{temperature}"));
        let [left, right] = ["z0", "z1"].map(|name| numbers.matrix(name, &device).require_grad());
        let loss =
            nt_xent(left.clone(), right.clone(), temperature.parse().unwrap(), Reduction::Mean);
        assert_close(&host(loss.clone()), &numbers.values("loss"), tolerance, temperature);
        let gradients = loss.backward();
        for (input, name) in [(left, "grad_z0"), (right, "grad_z1")] {
            let gradient = host(input.grad(&gradients).unwrap());
            assert_close(&gradient, &numbers.values(name), tolerance, name);
        }
    }
}

/// The formula, term by term.
fn oracle(left: &[f32], right: &[f32], rows: usize, temperature: f64) -> f64 {
    let unit: Vec<Vec<f64>> = left
        .chunks(left.len() / rows)
        .chain(right.chunks(right.len() / rows))
        .map(|row| {
            let length = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            row.iter().map(|x| f64::from(*x) / length).collect()
        })
        .collect();
    let similar = |i: usize, k: usize| -> f64 {
        let dot: f64 = unit[i].iter().zip(&unit[k]).map(|(a, b)| a * b).sum();
        (dot / temperature).exp()
    };
    let n = 2 * rows;
    let total: f64 = (0..n)
        .map(|i| {
            let others: f64 = (0..n).filter(|k| *k != i).map(|k| similar(i, k)).sum();
            -(similar(i, (i + rows) % n) / others).ln()
        })
        .sum();
    total / n as f64
}

#[test]
fn equals_the_formula_for_odd_sizes() {
    let device = Device::flex();
    for (rows, dim) in [(1, 3), (2, 1), (7, 5), (13, 64)] {
        let values: Vec<f32> =
            (0..2 * rows * dim).map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
        let (left, right) = values.split_at(rows * dim);
        for temperature in [0.05, 0.5, 2.0] {
            let loss = |reduction| {
                let [a, b] = [left, right].map(|x| tensor(x, rows, &device));
                host(nt_xent(a, b, temperature, reduction))[0]
            };
            let expected = oracle(left, right, rows, temperature) as f32;
            let mean = loss(Reduction::Mean);
            assert!((mean - expected).abs() < 1e-4 * (1.0 + expected), "{rows}x{dim}: {mean}");
            assert!((loss(Reduction::SumOfDirections) - 2.0 * mean).abs() < 1e-4);
        }
    }
}

#[test]
fn equal_embeddings_cost_the_logarithm_of_the_number_of_others() {
    let same = [1.0, -2.0, 0.5].repeat(8);
    let device = Device::flex();
    let [a, b] = [(); 2].map(|_| tensor(&same, 8, &device));
    let loss = host(nt_xent(a, b, 0.1, Reduction::Mean))[0];
    assert!((loss - 15f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn a_small_temperature_stays_finite() {
    let device = Device::flex();
    let values: Vec<f32> = (0..32).map(|i| (i as f32 * 0.7).sin()).collect();
    let [a, b] = [&values[..16], &values[16..]].map(|x| tensor(x, 4, &device));
    assert!(host(nt_xent(a, b, 1e-3, Reduction::Mean))[0].is_finite());
}

#[test]
fn descent_brings_the_loss_down() {
    let device = Device::flex().autodiff();
    let values: Vec<f32> = (0..96).map(|i| ((i * 29 + 3) % 31) as f32 / 15.0 - 1.0).collect();
    let mut embeddings = tensor(&values, 12, &device);
    let mut losses = Vec::new();
    for _ in 0..20 {
        let leaf = embeddings.clone().detach().require_grad();
        let [a, b] = [leaf.clone().narrow(0, 0, 6), leaf.clone().narrow(0, 6, 6)];
        let loss = nt_xent(a, b, 0.5, Reduction::Mean);
        losses.push(host(loss.clone())[0]);
        let gradient = Tensor::from_inner(leaf.grad(&loss.backward()).unwrap());
        embeddings = leaf.detach() - gradient * 2.0;
    }
    assert!(losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
}

#[test]
fn a_row_of_zeros_has_a_finite_gradient() {
    let device = Device::flex().autodiff();
    let values = [0.0, 0.0, 1.0, 2.0, -1.0, 0.5, 3.0, 1.0];
    let leaf = tensor(&values, 4, &device).require_grad();
    let [a, b] = [leaf.clone().narrow(0, 0, 2), leaf.clone().narrow(0, 2, 2)];
    let loss = nt_xent(a, b, 0.5, Reduction::Mean);
    let gradient = host(leaf.grad(&loss.backward()).unwrap());
    assert!(gradient.iter().all(|x| x.is_finite()), "{gradient:?}");
}
