//! The operations of a transformer against their reference implementations: value and every
//! gradient.

mod support;

use burn::tensor::{Device, Tensor};
use sempairs_kernels as fused;
use sempairs_kernels::reference;
use support::{Outcome, assert_close, random, run};

#[test]
fn layer_norm_equals_its_reference() {
    type Normalise = fn(Tensor<3>, Tensor<1>, Tensor<1>, f64) -> Tensor<3>;
    for [batch, tokens, d] in [[1, 1, 1], [2, 3, 7], [3, 65, 64], [5, 7, 257], [1, 33, 384]] {
        let both = [fused::layer_norm as Normalise, reference::layer_norm].map(|layer_norm| {
            let affine = |seed| random([1, 1, 1, d], seed);
            // A mean far from zero, where a one-pass variance would lose digits.
            let x = random([1, batch, tokens, d], 1) * 3.0 + 5.0;
            run([x, affine(2), affine(3)], |[x, weight, bias]| {
                let (weight, bias) = (weight.reshape([d]), bias.reshape([d]));
                layer_norm(x.reshape([batch, tokens, d]), weight, bias, 1e-3).unsqueeze()
            })
        });
        assert_close(&both, &format!("layer_norm {batch} x {tokens} x {d}"));
    }
}

#[test]
fn gelu_equals_its_reference() {
    for side in [1, 7, 64, 257] {
        for scale in [0.1, 1.0, 8.0, 100.0] {
            let both = [fused::gelu as fn(Tensor<4>) -> Tensor<4>, reference::gelu]
                .map(|gelu| run([random([1, 3, 5, side], 1) * scale], |[x]| gelu(x)));
            assert_close(&both, &format!("gelu {side}, up to {scale}"));
        }
    }
}

#[test]
fn attention_equals_its_reference() {
    for [n, tokens, width, heads] in
        [[1, 1, 1, 1], [2, 7, 5, 3], [3, 65, 64, 2], [2, 64, 8, 1], [5, 17, 16, 6], [1, 257, 7, 2]]
    {
        for scale in [1.0, 6.0] {
            let shape = [n, tokens, 3 * width * heads];
            let both =
                [fused::attention as fn(Tensor<3>, usize) -> Tensor<3>, reference::attention]
                    .map(|attention| attend(attention, shape, heads, scale));
            assert_close(&both, &format!("attention {shape:?}, {heads} heads, up to {scale}"));
        }
    }
}

fn attend(
    attention: fn(Tensor<3>, usize) -> Tensor<3>,
    shape: [usize; 3],
    heads: usize,
    scale: f64,
) -> Outcome {
    let [n, tokens, width] = shape;
    run([random([1, n, tokens, width], 1) * scale], |[qkv]| {
        attention(qkv.reshape(shape), heads).unsqueeze()
    })
}

#[test]
fn tokens_may_have_any_strides() {
    let swapped = |x: Tensor<4>| x.swap_dims(2, 3);
    let both = [fused::gelu as fn(Tensor<4>) -> Tensor<4>, reference::gelu]
        .map(|gelu| run([random([2, 3, 5, 7], 1)], |[x]| gelu(swapped(x))));
    assert_close(&both, "gelu");
    let both = [fused::attention as fn(Tensor<3>, usize) -> Tensor<3>, reference::attention].map(
        |attention| {
            run([random([1, 3, 12, 5], 1)], |[x]| {
                attention(swapped(x).reshape([3, 5, 12]), 2).unsqueeze()
            })
        },
    );
    assert_close(&both, "attention");
    type Normalise = fn(Tensor<3>, Tensor<1>, Tensor<1>, f64) -> Tensor<3>;
    let both = [fused::layer_norm as Normalise, reference::layer_norm].map(|layer_norm| {
        run([random([1, 3, 12, 5], 1)], |[x]| {
            let ones = Tensor::ones([12], &x.device());
            layer_norm(swapped(x).squeeze_dim(0), ones.clone(), ones, 1e-3).unsqueeze()
        })
    });
    assert_close(&both, "layer_norm");
}

#[test]
fn nan_propagates() {
    let nan =
        || random([1, 2, 3, 6], 1).mask_fill(random([1, 2, 3, 6], 1).greater_elem(0.5), f32::NAN);
    let count = |x: Tensor<4>| x.is_nan().int().sum().into_data().iter::<i32>().next().unwrap();
    assert!(count(nan()) > 0);
    assert_eq!(count(fused::gelu(nan())), count(nan()));
    let attended = fused::attention(nan().squeeze_dim(0), 1);
    assert!(count(attended.unsqueeze()) > 0);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let network = || {
        run([random([1, 9, 17, 48], 1), random([1, 1, 1, 48], 2)], |[x, weight]| {
            let weight = weight.reshape([48]);
            let x = fused::layer_norm(x.squeeze_dim::<3>(0), weight.clone(), weight, 1e-6);
            fused::gelu(fused::attention(x, 2)).unsqueeze()
        })
    };
    let first = network();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(first == pool.install(network), "{threads} threads differ");
    }
}

/// Products are split into tasks of several rows of the weights, also when they have no terms.
#[test]
fn a_linear_layer_without_rows_has_a_zero_gradient() {
    let device = Device::flex().autodiff();
    let x = Tensor::<2>::zeros([0, 400], &device);
    let weight = Tensor::<2>::ones([400, 8], &device).require_grad();
    let y = fused::linear(x, weight.clone(), Tensor::ones([8], &device));
    assert_eq!(y.dims(), [0, 8]);
    let gradient = weight.grad(&y.sum().backward()).unwrap();
    assert_eq!(gradient.dims(), [400, 8]);
    assert!(gradient.into_data().iter::<f32>().all(|value| value == 0.0));
}
