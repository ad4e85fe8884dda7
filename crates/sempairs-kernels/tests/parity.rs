//! Every operation against its reference implementation: value and every gradient.

mod support;

use burn::tensor::{Distribution, Tensor};
use sempairs_kernels as fused;
use sempairs_kernels::reference;
use support::{Outcome, assert_close, device, random, run};

/// `[n, c_in, h, w, c_out, kernel, stride, padding]`; those smaller than the kernel are skipped.
fn convolutions() -> Vec<[usize; 8]> {
    let mut cases = vec![
        // Shapes of a residual network.
        [4, 3, 32, 32, 16, 7, 2, 3],
        [5, 16, 8, 8, 24, 3, 1, 1],
        [5, 16, 8, 8, 24, 1, 2, 0],
        [33, 24, 2, 2, 40, 3, 1, 1],
        // Large enough for Winograd tiles, with even and odd sizes, and blocks that end within a
        // tile.
        [16, 16, 8, 8, 16, 3, 1, 1],
        [17, 40, 7, 9, 24, 3, 1, 1],
        [64, 18, 5, 3, 35, 3, 1, 1],
        [70, 32, 3, 4, 16, 3, 1, 1],
        // Large enough for one product per tap: few pixels, strides, or many channels.
        [17, 16, 1, 1, 33, 3, 1, 1],
        [64, 16, 9, 7, 24, 3, 2, 1],
        [33, 24, 8, 8, 40, 1, 2, 0],
        [16, 140, 4, 5, 130, 3, 1, 1],
        [20, 19, 6, 6, 17, 5, 2, 1],
        // im2col matrices that are too large to be stored whole, with few and with many channels.
        [16, 16, 48, 48, 8, 3, 1, 1],
        [64, 3, 50, 52, 8, 3, 1, 1],
        [16, 33, 65, 63, 8, 3, 2, 1],
    ];
    for side in [1, 7, 13] {
        for kernel in [1, 3, 7] {
            for stride in [1, 2] {
                for padding in 0..4 {
                    if side + 2 * padding >= kernel {
                        cases.push([3, 5, side, side + side / 7, 9, kernel, stride, padding]);
                    }
                }
            }
        }
    }
    cases
}

type Convolve = fn(Tensor<4>, Tensor<4>, [usize; 2], [usize; 2]) -> Tensor<4>;

#[test]
fn conv2d_equals_its_reference() {
    for case in convolutions() {
        let [n, c_in, h, w, c_out, kernel, stride, padding] = case;
        let x = random([n, c_in, h, w], 1);
        let weight = random([c_out, c_in, kernel, kernel], 2);
        let both = [fused::conv2d as Convolve, reference::conv2d].map(|conv2d| {
            run([x.clone(), weight.clone()], |[x, weight]| {
                conv2d(x, weight, [stride; 2], [padding; 2])
            })
        });
        assert_close(&both, &format!("conv2d {case:?}"));
    }
}

#[test]
fn conv2d_supports_unequal_strides_and_paddings() {
    for (stride, padding) in [([1, 2], [0, 2]), ([3, 1], [2, 0]), ([2, 3], [1, 1])] {
        let both = [fused::conv2d as Convolve, reference::conv2d].map(|conv2d| {
            run([random([3, 4, 9, 11], 1), random([6, 4, 3, 5], 2)], |[x, weight]| {
                conv2d(x, weight, stride, padding)
            })
        });
        assert_close(&both, &format!("stride {stride:?}, padding {padding:?}"));
    }
}

#[test]
fn conv2d_supports_any_memory_layout() {
    type View = fn(Tensor<4>) -> Tensor<4>;
    let views: [(&str, View); 5] = [
        ("permuted", |x| x.permute([3, 1, 0, 2])),
        ("transposed", |x| x.swap_dims(2, 3)),
        ("sliced", |x| x.slice([1..6, 0..7, 2..7, 1..6])),
        ("flipped", |x| x.flip([0, 3])),
        ("expanded", |x| x.slice([0..1, 0..7, 0..7, 0..7]).expand([7, 7, 7, 7])),
    ];
    for (name, view) in views {
        let both = [fused::conv2d as Convolve, reference::conv2d].map(|conv2d| {
            run([random([7, 7, 7, 7], 1), random([7, 9, 3, 3], 2)], |[x, weight]| {
                conv2d(view(x), weight.swap_dims(0, 1), [1, 1], [1, 1])
            })
        });
        assert_close(&both, name);
    }
}

/// A chain of operations, so that each gets the memory layout of the previous one.
#[test]
fn a_residual_block_equals_its_reference() {
    let inputs = || {
        [
            random([6, 8, 9, 9], 1),
            random([12, 8, 3, 3], 2),
            random([12, 12, 3, 3], 3),
            random([12, 8, 1, 1], 4),
        ]
    };
    let affine = |seed| {
        let values = random([1, 1, 1, 12], seed).reshape([12]);
        (values.clone() + 1.0, values)
    };
    let actual = run(inputs(), |[x, a, b, c]| {
        let (w, bias) = affine(5);
        let (y, ..) =
            fused::batch_norm_relu(fused::conv2d(x.clone(), a, [2; 2], [1; 2]), w, bias, 1e-5);
        let (w, bias) = affine(6);
        let (skip, ..) = fused::batch_norm(fused::conv2d(x, c, [2; 2], [0; 2]), w, bias, 1e-5);
        let (w, bias) = affine(7);
        let y = fused::conv2d(y, b, [1; 2], [1; 2]);
        let (y, ..) = fused::batch_norm_add_relu(y, skip, w, bias, 1e-5);
        fused::global_average_pool(y.clone()).reshape([6, 12, 1, 1]) + y
    });
    let expected = run(inputs(), |[x, a, b, c]| {
        use reference::{batch_norm, batch_norm_add_relu, batch_norm_relu, conv2d};
        let (w, bias) = affine(5);
        let (y, ..) = batch_norm_relu(conv2d(x.clone(), a, [2; 2], [1; 2]), w, bias, 1e-5);
        let (w, bias) = affine(6);
        let (skip, ..) = batch_norm(conv2d(x, c, [2; 2], [0; 2]), w, bias, 1e-5);
        let (w, bias) = affine(7);
        let y = conv2d(y, b, [1; 2], [1; 2]);
        let (y, ..) = batch_norm_add_relu(y, skip, w, bias, 1e-5);
        reference::global_average_pool(y.clone()).reshape([6, 12, 1, 1]) + y
    });
    assert_close(&[actual, expected], "residual block");
}

const MAPS: [[usize; 4]; 6] =
    [[2, 1, 1, 1], [7, 3, 1, 1], [1, 5, 7, 7], [3, 7, 13, 1], [5, 17, 7, 6], [16, 3, 33, 31]];

type Normalise = fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);

#[test]
fn batch_norms_equal_their_reference() {
    let pairs: [(&str, Normalise, Normalise); 2] = [
        ("batch_norm", fused::batch_norm, reference::batch_norm),
        ("batch_norm_relu", fused::batch_norm_relu, reference::batch_norm_relu),
    ];
    for (name, actual, expected) in pairs {
        for shape in MAPS {
            let c = shape[1];
            let both = [actual, expected].map(|normalise| {
                let inputs = [
                    random(shape, 1) * 3.0 + 2.0,
                    random([1, 1, 1, c], 2) + 1.0,
                    random([1, 1, 1, c], 3),
                ];
                let mut statistics = Vec::new();
                let mut outcome = run(inputs, |[x, weight, bias]| {
                    let (weight, bias) = (weight.reshape([c]), bias.reshape([c]));
                    let (y, mean, variance) = normalise(x, weight, bias, 1e-5);
                    statistics = vec![mean.into_data(), variance.into_data()];
                    y
                });
                outcome.values.extend(statistics);
                outcome
            });
            assert_close(&both, &format!("{name} {shape:?}"));
        }
    }
}

#[test]
fn batch_norm_add_relu_equals_its_reference() {
    type End =
        fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);
    for shape in MAPS {
        let c = shape[1];
        let both = [fused::batch_norm_add_relu as End, reference::batch_norm_add_relu].map(|end| {
            let inputs = [
                random(shape, 1) * 3.0 + 2.0,
                random(shape, 4),
                random([1, 1, 1, c], 2) + 1.0,
                random([1, 1, 1, c], 3),
            ];
            run(inputs, |[x, skip, weight, bias]| {
                end(x, skip, weight.reshape([c]), bias.reshape([c]), 1e-5).0
            })
        });
        assert_close(&both, &format!("batch_norm_add_relu {shape:?}"));
    }
}

#[test]
fn global_average_pool_equals_its_reference() {
    for shape in MAPS {
        let [n, c, ..] = shape;
        let both = [fused::global_average_pool as fn(_) -> _, reference::global_average_pool]
            .map(|pool| run([random(shape, 1)], |[x]| pool(x).reshape([n, c, 1, 1])));
        assert_close(&both, &format!("global_average_pool {shape:?}"));
    }
}

#[test]
fn max_pool2d_equals_its_reference() {
    type Pool = fn(Tensor<4>, [usize; 2], [usize; 2], [usize; 2]) -> Tensor<4>;
    let shapes = [[2, 1, 2, 3], [7, 3, 5, 5], [3, 5, 8, 9], [16, 4, 7, 6], [37, 17, 9, 8]];
    let windows = [
        ([3, 3], [2, 2], [1, 1]),
        ([2, 2], [2, 2], [0, 0]),
        ([2, 3], [1, 2], [1, 0]),
        ([3, 3], [1, 1], [1, 1]),
    ];
    for shape in shapes {
        for (kernel, stride, padding) in windows {
            if shape[2] < kernel[0] || shape[3] < kernel[1] {
                continue;
            }
            let both = [fused::max_pool2d as Pool, reference::max_pool2d]
                .map(|pool| run([random(shape, 1)], |[x]| pool(x, kernel, stride, padding)));
            assert_close(&both, &format!("max_pool2d {shape:?} {kernel:?} {stride:?}"));
        }
    }
}

/// After a ReLU, whole windows are zero.
#[test]
fn max_pool2d_gives_the_gradient_to_the_first_of_tied_maxima() {
    let x = Tensor::<4>::zeros([5, 2, 4, 4], &device());
    let y = run([x], |[x]| fused::max_pool2d(x, [3, 3], [2, 2], [1, 1]));
    let gradient = y.gradients[0].as_ref().unwrap().try_to_vec::<f32>().unwrap();
    let given = gradient.chunks(16).map(|map| {
        map.iter().enumerate().filter(|(_, g)| **g != 0.0).map(|(place, _)| place).collect()
    });
    // Windows begin at rows and columns -1 and 1.
    assert!(given.into_iter().all(|places: Vec<usize>| places == [0, 1, 4, 5]));
}

#[test]
fn max_pool2d_propagates_nan() {
    let nan = Tensor::<4>::full([20, 1, 1, 1], f32::NAN, &device());
    let x = Tensor::cat(vec![Tensor::ones([20, 1, 1, 1], &device()), nan], 3);
    for x in [x.clone(), x.flip([3])] {
        let y = fused::max_pool2d(x, [1, 2], [1, 2], [0, 0]).into_data();
        assert!(y.try_to_vec::<f32>().unwrap().iter().all(|value| value.is_nan()));
    }
}

#[test]
fn linear_equals_its_reference() {
    type Layer = fn(Tensor<2>, Tensor<2>, Tensor<1>) -> Tensor<2>;
    for [rows, inputs, outputs] in
        [[1, 1, 1], [7, 3, 5], [64, 33, 130], [257, 64, 7], [5, 257, 64], [130, 96, 200]]
    {
        let both = [fused::linear as Layer, reference::linear].map(|linear| {
            let inputs_of = [
                random([1, 1, rows, inputs], 1),
                random([1, 1, inputs, outputs], 2),
                random([1, 1, 1, outputs], 3),
            ];
            run(inputs_of, |[x, weight, bias]| {
                let (x, weight) = (x.reshape([rows, inputs]), weight.reshape([inputs, outputs]));
                linear(x, weight, bias.reshape([outputs])).reshape([1, 1, rows, outputs])
            })
        });
        assert_close(&both, &format!("linear {rows} x {inputs} to {outputs}"));
    }
}

#[test]
fn linear_supports_transposed_inputs() {
    type Layer = fn(Tensor<2>, Tensor<2>, Tensor<1>) -> Tensor<2>;
    let both = [fused::linear as Layer, reference::linear].map(|linear| {
        run([random([1, 1, 9, 20], 1), random([1, 1, 13, 9], 2)], |[x, weight]| {
            let bias = weight.clone().narrow(3, 0, 1).reshape([13]);
            linear(x.reshape([9, 20]).transpose(), weight.reshape([13, 9]).transpose(), bias)
                .reshape([1, 1, 20, 13])
        })
    });
    assert_close(&both, "linear of transposed inputs");
}

#[test]
fn fork_adds_the_gradients_of_both_outputs() {
    let w = || random([8, 8, 3, 3], 2);
    let actual = run([random([17, 8, 6, 5], 1), w()], |[x, w]| {
        let [a, b] = fused::fork(fused::conv2d(x, w.clone(), [1; 2], [1; 2]));
        fused::conv2d(a, w, [1; 2], [1; 2]) + b * 3.0
    });
    let expected = run([random([17, 8, 6, 5], 1), w()], |[x, w]| {
        let y = reference::conv2d(x, w.clone(), [1; 2], [1; 2]);
        reference::conv2d(y.clone(), w, [1; 2], [1; 2]) + y * 3.0
    });
    assert_close(&[actual, expected], "fork");
}

#[test]
#[should_panic = "only one of the two outputs contributed to the loss"]
fn fork_panics_if_only_one_output_contributes_to_the_loss() {
    let x = random([2, 3, 4, 4], 1).require_grad();
    let [a, _] = fused::fork(x);
    a.sum().backward();
}

#[test]
fn fork_without_a_backward_pass_does_not_panic() {
    let [a, _] = fused::fork(random([2, 3, 4, 4], 1).require_grad());
    drop(a * 2.0);
    let [a, b] = fused::fork(random([2, 3, 4, 4], 1));
    assert_eq!(a.into_data(), b.into_data());
}

#[test]
fn double_precision_uses_the_reference_implementation() {
    let options = (&device(), burn::tensor::DType::F64);
    let x = Tensor::<4>::random([2, 3, 5, 5], Distribution::Default, options);
    let weight = Tensor::<4>::random([4, 3, 3, 3], Distribution::Default, options);
    let y = fused::conv2d(x, weight, [1; 2], [1; 2]);
    assert_eq!(y.dtype(), burn::tensor::DType::F64);
}

#[test]
fn an_untracked_device_gives_the_same_values() {
    let (x, weight) = (random([3, 4, 9, 9], 1), random([5, 4, 3, 3], 2));
    let tracked = run([x.clone(), weight.clone()], |[x, w]| fused::conv2d(x, w, [1; 2], [1; 2]));
    let y = fused::conv2d(x.inner(), weight.inner(), [1; 2], [1; 2]);
    let Outcome { values, .. } = tracked;
    assert_eq!(values[0], y.into_data());
}
