//! Each fused CPU operation against its reference implementation, forward and backward, at the
//! shapes of a ResNet-18 and of a ViT-S/8 on 64 views of 64 by 64 pixels.
//!
//! `cargo bench --bench operations -- [FILTER]`; one item is one view.

use burn::tensor::{Device, Distribution, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use sempairs_kernels as fused;
use sempairs_kernels::reference;

fn main() {
    divan::main();
}

const VIEWS: usize = 64;

fn random(shape: [usize; 4], device: &Device) -> Tensor<4> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device).require_grad()
}

/// Times the operation and its gradients with respect to all inputs.
fn bench<const I: usize>(
    bencher: Bencher,
    shapes: [[usize; 4]; I],
    operation: impl Fn([Tensor<4>; I]) -> Tensor<4>,
) {
    let device = Device::flex().autodiff();
    let inputs = shapes.map(|shape| random(shape, &device));
    bencher.counter(ItemsCount::new(VIEWS)).bench_local(|| {
        let mut gradients = operation(inputs.clone()).sum().backward();
        inputs.each_ref().map(|input| input.grad_remove(&mut gradients).expect("a gradient"))
    });
}

/// Input channels, output channels, side of the feature map, kernel size, stride.
const CONVOLUTIONS: [[usize; 5]; 7] = [
    [3, 64, 64, 7, 2],
    [64, 64, 16, 3, 1],
    [64, 128, 16, 3, 2],
    [128, 128, 8, 3, 1],
    [256, 256, 4, 3, 1],
    [512, 512, 2, 3, 1],
    [256, 64, 16, 1, 1],
];

#[divan::bench_group]
mod conv2d {
    use super::*;

    fn run(
        bencher: Bencher,
        [c_in, c_out, side, kernel, stride]: [usize; 5],
        conv2d: fn(Tensor<4>, Tensor<4>, [usize; 2], [usize; 2]) -> Tensor<4>,
    ) {
        let shapes = [[VIEWS, c_in, side, side], [c_out, c_in, kernel, kernel]];
        bench(bencher, shapes, |[x, w]| conv2d(x, w, [stride; 2], [kernel / 2; 2]));
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn fused(bencher: Bencher, case: &[usize; 5]) {
        run(bencher, *case, super::fused::conv2d);
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn plain(bencher: Bencher, case: &[usize; 5]) {
        run(bencher, *case, reference::conv2d);
    }
}

/// Benchmark group of a fused operation and its reference implementation, timed by `$run`.
macro_rules! fused_and_plain {
    ($name:ident, $run:path) => {
        fused_and_plain!($name, $run, reference::$name);
    };
    ($name:ident, $run:path, $plain:expr) => {
        #[divan::bench_group]
        mod $name {
            use super::*;

            #[divan::bench]
            fn fused(bencher: Bencher) {
                $run(bencher, super::fused::$name);
            }

            #[divan::bench]
            fn plain(bencher: Bencher) {
                $run(bencher, $plain);
            }
        }
    };
}

const MAP: [usize; 4] = [VIEWS, 64, 16, 16];

type Normalised = (Tensor<4>, Tensor<1>, Tensor<1>);

fn normalise(bencher: Bencher, normalise: fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised) {
    let affine = [1, MAP[1], 1, 1];
    bench(bencher, [MAP, affine, affine], |[x, weight, bias]| {
        normalise(x, weight.reshape([MAP[1]]), bias.reshape([MAP[1]]), 1e-5).0
    });
}

fn end_of_block(
    bencher: Bencher,
    end: fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
) {
    let affine = [1, MAP[1], 1, 1];
    bench(bencher, [MAP, MAP, affine, affine], |[x, skip, weight, bias]| {
        end(x, skip, weight.reshape([MAP[1]]), bias.reshape([MAP[1]]), 1e-5).0
    });
}

fn pool(bencher: Bencher, pool: fn(Tensor<4>, [usize; 2], [usize; 2], [usize; 2]) -> Tensor<4>) {
    bench(bencher, [[VIEWS, 64, 32, 32]], |[x]| pool(x, [3; 2], [2; 2], [1; 2]));
}

fn average(bencher: Bencher, pool: fn(Tensor<4>) -> Tensor<2>) {
    bench(bencher, [[VIEWS, 512, 2, 2]], |[x]| pool(x).reshape([VIEWS, 512, 1, 1]));
}

/// A tensor with two consumers, as in a residual block, whose gradient is the sum of both
/// gradients.
fn both_ways(bencher: Bencher, fork: fn(Tensor<4>) -> [Tensor<4>; 2]) {
    bench(bencher, [MAP], |[x]| {
        // Two separate consumers that return their gradients in batch-last layout.
        let [a, b] = fork(x).map(|x| fused::max_pool2d(x, [3; 2], [1; 2], [1; 2]));
        a + b
    });
}

/// Number of tokens of all views in a ViT-S/8, and their dimension.
const TOKENS: [usize; 2] = [VIEWS * 65, 384];

fn layer(bencher: Bencher, linear: fn(Tensor<2>, Tensor<2>, Tensor<1>) -> Tensor<2>) {
    let [tokens, d] = TOKENS;
    let shapes = [[1, 1, tokens, d], [1, 1, d, 4 * d], [1, 1, 1, 4 * d]];
    bench(bencher, shapes, |[x, weight, bias]| {
        let (weight, bias) = (weight.reshape([d, 4 * d]), bias.reshape([4 * d]));
        linear(x.reshape([tokens, d]), weight, bias).reshape([1, 1, tokens, 4 * d])
    });
}

fn norm(bencher: Bencher, norm: fn(Tensor<2>, Tensor<1>, Tensor<1>, f64) -> Tensor<2>) {
    let [tokens, d] = TOKENS;
    let shapes = [[1, 1, tokens, d], [1, 1, 1, d], [1, 1, 1, d]];
    bench(bencher, shapes, |[x, weight, bias]| {
        let y = norm(x.reshape([tokens, d]), weight.reshape([d]), bias.reshape([d]), 1e-6);
        y.reshape([1, 1, tokens, d])
    });
}

fn activation(bencher: Bencher, gelu: fn(Tensor<4>) -> Tensor<4>) {
    let [tokens, d] = TOKENS;
    bench(bencher, [[1, 1, tokens, 4 * d]], |[x]| gelu(x));
}

fn attend(bencher: Bencher, attention: fn(Tensor<3>, usize) -> Tensor<3>) {
    let [tokens, d] = TOKENS;
    bench(bencher, [[1, VIEWS, tokens / VIEWS, 3 * d]], |[qkv]| {
        attention(qkv.squeeze_dim(0), 6).unsqueeze()
    });
}

fused_and_plain!(batch_norm, normalise);
fused_and_plain!(batch_norm_relu, normalise);
fused_and_plain!(batch_norm_add_relu, end_of_block);
fused_and_plain!(max_pool2d, pool);
fused_and_plain!(global_average_pool, average);
fused_and_plain!(fork, both_ways, |x| [x.clone(), x]);
fused_and_plain!(linear, layer);
fused_and_plain!(layer_norm, norm);
fused_and_plain!(gelu, activation);
fused_and_plain!(attention, attend);
