//! The layers of transformers against their reference implementations on the device that
//! `SEMPAIRS_DEVICE` names: values and gradients.

#[path = "support/on_device.rs"]
mod on_device;

use burn::tensor::{DType, Tensor};
use on_device::{assert_parity, assert_parity_in, random};
use sempairs_kernels as fused;
use sempairs_kernels::reference;

type Unary = fn(Tensor<2>) -> Tensor<2>;
type Normalise = fn(Tensor<2>, Tensor<1>, Tensor<1>, f64) -> Tensor<2>;
type Attend = fn(Tensor<3>, usize) -> Tensor<3>;

const GELU: [Unary; 2] = [fused::gelu, reference::gelu];
const LAYER_NORM: [Normalise; 2] = [fused::layer_norm, reference::layer_norm];
const ATTENTION: [Attend; 2] = [fused::attention, reference::attention];

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let count: usize = x.dims().iter().product();
    x.reshape([count])
}

#[test]
fn gelu_equals_its_reference() {
    for [rows, width] in [[1, 1], [7, 7], [64, 257], [3, 2049], [1, 4096]] {
        for scale in [0.1, 1.0, 6.0] {
            let [actual, expected] = GELU.map(|f| move |[x]: [Tensor<2>; 1]| flat(f(x * scale)));
            let inputs = [random([rows, width], 1)];
            assert_parity(&format!("gelu {rows} {width}, up to {scale}"), inputs, actual, expected);
        }
    }
}

/// `Φ` in double precision, by Simpson's rule.
fn distribution(x: f64) -> f64 {
    const STEPS: usize = 2_000;
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    // Integrates from far in the tail, so that a small value keeps its digits.
    let (from, step) = (-12.0, (x + 12.0) / STEPS as f64);
    let inner: f64 = (1..STEPS)
        .map(|i| if i % 2 == 0 { 2.0 } else { 4.0 } * density(from + i as f64 * step))
        .sum();
    (density(from) + inner + density(x)) * step / 3.0
}

#[test]
fn gelu_and_its_gradient_are_exact() {
    let device = on_device::device().autodiff();
    let xs: Vec<f32> = (-400..=400).map(|i| i as f32 / 80.0).collect();
    let x = Tensor::<1>::from_floats(xs.as_slice(), &device).require_grad();
    let y = fused::gelu(x.clone());
    let mut grads = y.clone().sum().backward();
    let floats = |x: Tensor<1>| x.into_data().try_to_vec::<f32>().unwrap();
    let (y, dx) = (floats(y), floats(x.grad_remove(&mut grads).unwrap()));
    for ((&x, &y), &dx) in xs.iter().zip(&y).zip(&dx) {
        let (x, y, dx) = (f64::from(x), f64::from(y), f64::from(dx));
        let exact = distribution(x);
        let slope = exact + x * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        // The tanh approximation has an error of up to 5e-4, and its slope of 9e-4.
        assert!((y - x * exact).abs() < 1e-6, "gelu({x}) is {}, not {y}", x * exact);
        assert!((dx - slope).abs() < 1e-6, "the slope at {x} is {slope}, not {dx}");
    }
}

#[test]
fn layer_norm_equals_its_reference() {
    for [rows, width] in [
        [1, 1],
        [300, 1],
        [7, 3],
        [65, 64],
        [9, 257],
        [1100, 384],
        [33, 385],
        [5, 1025],
        [3, 5000],
        [5000, 7],
    ] {
        let [actual, expected] = LAYER_NORM.map(|f| {
            move |[x, weight, bias]: [Tensor<2>; 3]| {
                let (weight, bias) = (weight.squeeze_dim(0), bias.squeeze_dim(0));
                flat(f(x, weight, bias, 1e-3))
            }
        });
        // A mean far from zero, where a one-pass variance would lose digits; added before rounding
        // to the type, so that both sides get the same numbers.
        let mut x = random([rows, width], 1);
        x.as_mut_slice::<f32>().unwrap().iter_mut().for_each(|x| *x = *x * 3.0 + 5.0);
        let inputs = [x, random([1, width], 2), random([1, width], 3)];
        assert_parity(&format!("layer_norm {rows} {width}"), inputs, actual, expected);
    }
}

#[test]
fn attention_equals_its_reference() {
    for [n, tokens, width, heads] in [
        [1, 1, 1, 1],
        [2, 7, 5, 3],
        [3, 65, 64, 2],
        [2, 64, 8, 1],
        [5, 17, 16, 6],
        [1, 257, 7, 2],
        [2, 8, 32, 3],
    ] {
        for scale in [1.0, 4.0] {
            let [actual, expected] = ATTENTION.map(|f| {
                move |[qkv]: [Tensor<2>; 1]| {
                    flat(f((qkv * scale).reshape([n, tokens, 3 * heads * width]), heads))
                }
            });
            let inputs = [random([n * tokens, 3 * heads * width], 1)];
            let name = format!("attention {n} {tokens} {width}, {heads} heads, up to {scale}");
            assert_parity(&name, inputs, actual, expected);
        }
    }
}

#[test]
fn layers_support_any_memory_layout() {
    let views: [(&str, Unary); 4] = [
        ("transposed", |x| x.transpose()),
        ("sliced", |x| x.slice([1..70, 2..71])),
        ("flipped", |x| x.flip([0])),
        ("expanded", |x| x.slice([3..4, 0..72]).expand([72, 72])),
    ];
    for (name, view) in views {
        let input = || [random([72, 72], 1)];
        // Burn sums the gradient of a repeated row in the type of the row.
        let types = if name == "expanded" { vec![DType::F32] } else { on_device::types() };
        let [actual, expected] = GELU.map(|f| move |[x]: [Tensor<2>; 1]| flat(f(view(x))));
        assert_parity_in(&types, &format!("gelu, {name}"), input(), actual, expected);
        let [actual, expected] = LAYER_NORM.map(|f| {
            move |[x]: [Tensor<2>; 1]| {
                let x = view(x);
                // A strided column as the weight.
                let weight = x.clone().detach().slice([0..1, 0..x.dims()[1]]).squeeze_dim::<1>(0);
                flat(f(x, weight.clone(), weight, 1e-3))
            }
        });
        assert_parity_in(&types, &format!("layer_norm, {name}"), input(), actual, expected);
        let [actual, expected] = ATTENTION.map(|f| {
            move |[x]: [Tensor<2>; 1]| {
                let x = view(x).narrow(1, 3, 60).unsqueeze_dim::<3>(0);
                flat(f(x, 4))
            }
        });
        assert_parity_in(&types, &format!("attention, {name}"), input(), actual, expected);
    }
}

/// Closed form: the attention weights of equal tokens are equal.
#[test]
fn equal_tokens_have_equal_attention_weights() {
    let device = on_device::device();
    let qkv = Tensor::<3>::ones([2, 65, 3 * 64], &device) * 100.0;
    let y = fused::attention(qkv, 2).into_data().try_to_vec::<f32>().unwrap();
    assert!(y.iter().all(|y| (y - 100.0).abs() < 1e-3), "{:?}", &y[..3]);
}

#[test]
fn empty_inputs_give_empty_outputs() {
    let device = on_device::device();
    let ones = Tensor::<1>::ones([4], &device);
    let none = Tensor::<2>::zeros([0, 4], &device);
    assert_eq!(fused::layer_norm(none.clone(), ones.clone(), ones, 1e-6).dims(), [0, 4]);
    assert_eq!(fused::gelu(none).dims(), [0, 4]);
}
