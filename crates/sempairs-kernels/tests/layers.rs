//! The layers of a residual network against their reference implementations on the device that
//! `SEMPAIRS_DEVICE` names: values and gradients.

#[path = "support/on_device.rs"]
mod on_device;

use burn::tensor::{DType, Tensor, TensorData};
use on_device::{assert_parity, assert_parity_in, device, random};
use sempairs_kernels as fused;
use sempairs_kernels::reference;

/// Feature maps as a matrix with one row per image.
fn maps([n, c, h, w]: [usize; 4], seed: u64) -> TensorData {
    random([n, c * h * w], seed)
}

/// Single, odd and vectorisable numbers of channels; a single position and more than one chunk of
/// rows.
const MAPS: [[usize; 4]; 10] = [
    [2, 1, 1, 1],
    [7, 3, 1, 1],
    [1, 5, 7, 7],
    [3, 7, 13, 1],
    [5, 17, 7, 6],
    [16, 3, 33, 31],
    [3, 64, 5, 4],
    [2, 130, 3, 3],
    [1, 264, 9, 2],
    [9, 6, 40, 33],
];

/// Layouts of an input: row-major, the layout of a previous layer, and a part of a larger tensor.
type View = fn(Tensor<4>) -> Tensor<4>;
const VIEWS: [(&str, View); 5] = [
    ("row-major", |x| x),
    // Max pooling over a single value is the identity; it sets the layout.
    ("channels innermost", |x| fused::max_pool2d(x, [1, 1], [1, 1], [0, 0])),
    ("transposed", |x| x.swap_dims(2, 3)),
    ("flipped", |x| x.flip([0, 3])),
    ("sliced", |x| {
        let [n, c, h, w] = x.dims();
        x.slice([n / 2..n, 0..c, h / 3..h, 0..w])
    }),
];

/// Output, mean and variance, concatenated.
fn joined((y, mean, variance): (Tensor<4>, Tensor<1>, Tensor<1>)) -> Tensor<1> {
    let length = y.shape().num_elements();
    let y = y.cast(DType::F32).reshape([length]);
    Tensor::cat(vec![y, mean.cast(DType::F32), variance.cast(DType::F32)], 0)
}

type Normalise = fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);
type Residual =
    fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);

const NORMALISE: [(&str, [Normalise; 2]); 2] = [
    ("batch_norm", [fused::batch_norm, reference::batch_norm]),
    ("batch_norm_relu", [fused::batch_norm_relu, reference::batch_norm_relu]),
];
const RESIDUAL: [Residual; 2] = [fused::batch_norm_add_relu, reference::batch_norm_add_relu];

#[test]
fn batch_norms_equal_their_reference() {
    for (name, both) in NORMALISE {
        for shape in MAPS {
            for (layout, view) in VIEWS {
                let c = shape[1];
                let inputs = [maps(shape, 1), random([1, c], 2), random([1, c], 3)];
                let [actual, expected] = both.map(|normalise| {
                    move |[x, weight, bias]: [Tensor<2>; 3]| {
                        let [weight, bias] = [weight, bias].map(|it| it.reshape([c]));
                        joined(normalise(view(x.reshape(shape)), weight, bias, 1e-3))
                    }
                });
                assert_parity(&format!("{name} {shape:?} {layout}"), inputs, actual, expected);
            }
        }
    }
}

#[test]
fn batch_norm_add_relu_equals_its_reference() {
    for shape in MAPS {
        for (layout, view) in VIEWS {
            let c = shape[1];
            let inputs = [maps(shape, 1), maps(shape, 4), random([1, c], 2), random([1, c], 3)];
            let [actual, expected] = RESIDUAL.map(|normalise| {
                move |[x, skip, weight, bias]: [Tensor<2>; 4]| {
                    let [weight, bias] = [weight, bias].map(|it| it.reshape([c]));
                    let [x, skip] = [x, skip].map(|it| view(it.reshape(shape)));
                    joined(normalise(x, skip, weight, bias, 1e-3))
                }
            });
            assert_parity(
                &format!("batch_norm_add_relu {shape:?} {layout}"),
                inputs,
                actual,
                expected,
            );
        }
    }
}

/// Far from zero, the difference of the raw moments would cancel all digits.
#[test]
fn the_variance_is_accurate_for_a_mean_far_from_zero() {
    let shape = [8, 5, 16, 16];
    let x = maps(shape, 1).convert::<f32>();
    let values = x.try_to_vec::<f32>().unwrap();
    let values: Vec<f32> = values.into_iter().map(|value| 4096.0 + value).collect();
    let x = Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &device());
    let [weight, bias] = [Tensor::ones([5], &device()), Tensor::zeros([5], &device())];
    let (_, _, variance) = fused::batch_norm(x, weight, bias, 1e-5);
    let variance = variance.into_data().try_to_vec::<f32>().unwrap();
    for (channel, variance) in variance.into_iter().enumerate() {
        let place = |(i, _): &(usize, &f32)| i / 256 % 5 == channel;
        let own: Vec<f64> =
            values.iter().enumerate().filter(place).map(|(_, value)| f64::from(*value)).collect();
        let mean = own.iter().sum::<f64>() / own.len() as f64;
        let exact = own.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / own.len() as f64;
        let error = (f64::from(variance) - exact).abs() / exact;
        assert!(error < 1e-4, "channel {channel}: {variance} and not {exact}");
    }
}

/// NaN must reach the loss, so that a diverging run is detected.
#[test]
fn nan_propagates() {
    let [weight, bias] = [Tensor::<1>::ones([1], &device()), Tensor::zeros([1], &device())];
    let x = Tensor::<4>::from_data([[[[1.0, f32::NAN], [2.0, 3.0]]]], &device());
    let all = |y: Tensor<4>| y.into_data().try_to_vec::<f32>().unwrap();
    let (y, ..) = fused::batch_norm_relu(x.clone(), weight.clone(), bias.clone(), 1e-5);
    assert!(all(y).iter().all(|value| value.is_nan()));
    let (y, ..) = fused::batch_norm_add_relu(x.clone(), x.clone(), weight, bias, 1e-5);
    assert!(all(y).iter().all(|value| value.is_nan()));
    assert!(all(fused::max_pool2d(x, [2, 2], [1, 1], [0, 0])).iter().all(|y| y.is_nan()));
}

type Average = fn(Tensor<4>) -> Tensor<2>;

#[test]
fn global_average_pools_equal_their_reference() {
    for shape in MAPS {
        for (layout, view) in VIEWS {
            let both: [Average; 2] = [fused::global_average_pool, reference::global_average_pool];
            let [actual, expected] = both.map(|pool| {
                move |[x]: [Tensor<2>; 1]| {
                    let y = pool(view(x.reshape(shape)));
                    let length = y.shape().num_elements();
                    y.reshape([length])
                }
            });
            assert_parity(
                &format!("average {shape:?} {layout}"),
                [maps(shape, 1)],
                actual,
                expected,
            );
        }
    }
}

/// Few distinct values, so that windows have tied maxima.
fn tied(maps: TensorData) -> TensorData {
    let shape = maps.shape().clone();
    let values = maps.try_to_vec::<f32>().unwrap();
    let values: Vec<f32> = values.into_iter().map(|value| (3.0 * value).round() / 4.0).collect();
    TensorData::new(values, shape)
}

type Pool = fn(Tensor<4>, [usize; 2], [usize; 2], [usize; 2]) -> Tensor<4>;

#[test]
fn max_pools_equal_their_reference() {
    let windows = [
        ([3, 3], [2, 2], [1, 1]),
        ([2, 2], [2, 2], [0, 0]),
        ([3, 2], [1, 3], [1, 0]),
        ([1, 1], [1, 1], [0, 0]),
        ([5, 3], [2, 1], [2, 1]),
    ];
    for shape in MAPS {
        for (kernel, stride, padding) in windows {
            for (layout, view) in VIEWS {
                let [_, _, h, w] = view(Tensor::zeros(shape, &device())).dims();
                if h + 2 * padding[0] < kernel[0] || w + 2 * padding[1] < kernel[1] {
                    continue;
                }
                let both: [Pool; 2] = [fused::max_pool2d, reference::max_pool2d];
                let [actual, expected] = both.map(|pool| {
                    move |[x]: [Tensor<2>; 1]| {
                        let y = pool(view(x.reshape(shape)), kernel, stride, padding);
                        let length = y.shape().num_elements();
                        y.reshape([length])
                    }
                });
                let name = format!("max {shape:?} {kernel:?} {stride:?} {padding:?} {layout}");
                assert_parity(&name, [tied(maps(shape, 1))], actual, expected);
            }
        }
    }
}

type Linear = fn(Tensor<2>, Tensor<2>, Tensor<1>) -> Tensor<2>;

#[test]
fn linear_layers_equal_their_reference() {
    for [rows, inputs, outputs] in [[1, 1, 1], [7, 3, 5], [64, 32, 16], [33, 130, 65], [130, 64, 1]]
    {
        let both: [Linear; 2] = [fused::linear, reference::linear];
        let [actual, expected] = both.map(|linear| {
            move |[x, weight, bias]: [Tensor<2>; 3]| {
                linear(x, weight, bias.reshape([outputs])).reshape([rows * outputs])
            }
        });
        let data =
            [random([rows, inputs], 1), random([inputs, outputs], 2), random([1, outputs], 3)];
        assert_parity(&format!("linear {rows} {inputs} {outputs}"), data, actual, expected);
    }
}

/// A chain of layers, so that every layer gets the memory layout of the previous one.
#[test]
fn a_residual_block_equals_its_reference() {
    struct Layers {
        conv: fn(Tensor<4>, Tensor<4>, [usize; 2], [usize; 2]) -> Tensor<4>,
        norm: Normalise,
        norm_relu: Normalise,
        end: Residual,
        pool: Pool,
        mean: Average,
        fork: fn(Tensor<4>) -> [Tensor<4>; 2],
    }
    let block = |layers: Layers| {
        move |[x, a, b, c, affine]: [Tensor<2>; 5]| {
            let affine = |row: usize| affine.clone().narrow(0, row, 1).reshape([12]);
            let x = (layers.pool)(x.reshape([6, 8, 9, 9]), [3, 3], [1, 1], [1, 1]);
            let [x, skip] = (layers.fork)(x);
            let y = (layers.conv)(x, a.reshape([12, 8, 3, 3]), [2; 2], [1; 2]);
            let (y, ..) = (layers.norm_relu)(y, affine(0) + 1.5, affine(1), 1e-3);
            let skip = (layers.conv)(skip, c.reshape([12, 8, 1, 1]), [2; 2], [0; 2]);
            let (skip, ..) = (layers.norm)(skip, affine(2) + 1.5, affine(3), 1e-3);
            let y = (layers.conv)(y, b.reshape([12, 12, 3, 3]), [1; 2], [1; 2]);
            let (y, ..) = (layers.end)(y, skip, affine(4) + 1.5, affine(5), 1e-3);
            (layers.mean)(y).reshape([6 * 12])
        }
    };
    let actual = block(Layers {
        conv: fused::conv2d,
        norm: fused::batch_norm,
        norm_relu: fused::batch_norm_relu,
        end: fused::batch_norm_add_relu,
        pool: fused::max_pool2d,
        mean: fused::global_average_pool,
        fork: fused::fork,
    });
    let expected = block(Layers {
        conv: reference::conv2d,
        norm: reference::batch_norm,
        norm_relu: reference::batch_norm_relu,
        end: reference::batch_norm_add_relu,
        pool: reference::max_pool2d,
        mean: reference::global_average_pool,
        fork: |x| [x.clone(), x],
    });
    let inputs = [
        maps([6, 8, 9, 9], 1),
        maps([12, 8, 3, 3], 2),
        maps([12, 12, 3, 3], 3),
        maps([12, 8, 1, 1], 4),
        random([6, 12], 5),
    ];
    // In 16 bits rounding changes the sign of some inputs of the ReLU.
    assert_parity_in(&[DType::F32], "residual block", inputs, actual, expected);
}
