//! Each fused operation of the CPU against its twin, forward and backward, at the shapes of a ResNet-18
//! on 64 views of 64 by 64 pixels.
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

/// Times the operation on these inputs and the gradient of all of them.
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

/// Channels in and out, side of the map, side of the filters, stride.
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

const MAP: [usize; 4] = [VIEWS, 64, 16, 16];

#[divan::bench_group]
mod batch_norm_relu {
    use super::*;

    type Normalise = fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);

    fn run(bencher: Bencher, normalise: Normalise) {
        let affine = [1, MAP[1], 1, 1];
        bench(bencher, [MAP, affine, affine], |[x, weight, bias]| {
            normalise(x, weight.reshape([MAP[1]]), bias.reshape([MAP[1]]), 1e-5).0
        });
    }

    #[divan::bench]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::batch_norm_relu);
    }

    #[divan::bench]
    fn plain(bencher: Bencher) {
        run(bencher, reference::batch_norm_relu);
    }
}

#[divan::bench_group]
mod batch_norm_add_relu {
    use super::*;

    type End =
        fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);

    fn run(bencher: Bencher, end: End) {
        let affine = [1, MAP[1], 1, 1];
        bench(bencher, [MAP, MAP, affine, affine], |[x, skip, weight, bias]| {
            end(x, skip, weight.reshape([MAP[1]]), bias.reshape([MAP[1]]), 1e-5).0
        });
    }

    #[divan::bench]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::batch_norm_add_relu);
    }

    #[divan::bench]
    fn plain(bencher: Bencher) {
        run(bencher, reference::batch_norm_add_relu);
    }
}

#[divan::bench_group]
mod max_pool2d {
    use super::*;

    fn run(bencher: Bencher, pool: fn(Tensor<4>, [usize; 2], [usize; 2], [usize; 2]) -> Tensor<4>) {
        bench(bencher, [[VIEWS, 64, 32, 32]], |[x]| pool(x, [3; 2], [2; 2], [1; 2]));
    }

    #[divan::bench]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::max_pool2d);
    }

    #[divan::bench]
    fn plain(bencher: Bencher) {
        run(bencher, reference::max_pool2d);
    }
}

#[divan::bench_group]
mod global_average_pool {
    use super::*;

    fn run(bencher: Bencher, pool: fn(Tensor<4>) -> Tensor<2>) {
        bench(bencher, [[VIEWS, 512, 2, 2]], |[x]| pool(x).reshape([VIEWS, 512, 1, 1]));
    }

    #[divan::bench]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::global_average_pool);
    }

    #[divan::bench]
    fn plain(bencher: Bencher) {
        run(bencher, reference::global_average_pool);
    }
}
