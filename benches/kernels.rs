//! Each GPU kernel against its reference implementation, with the gradient if there is one.
//!
//! `SEMPAIRS_DEVICE=cuda:0 cargo bench --features cuda --bench kernels -- [FILTER]`. On the default
//! device, `flex`, these kernels do not exist, and both measurements are of the reference
//! implementation. `PRECISION=bf16` times the losses with 16-bit inputs.

use burn::tensor::{Device, Distribution, FloatDType, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use sempairs::device::{VARIABLE, default_name, open};
use sempairs_augment::{Augmentation, Plan};
use sempairs_data::{Key, Picture, Side};
use sempairs_kernels as fused;
use sempairs_kernels::{Ratio, Sgd, reference};

fn main() {
    divan::main();
}

fn device() -> Device {
    let name = std::env::var(VARIABLE).unwrap_or_else(|_| default_name().into());
    open(&name).expect("a device")
}

/// Normally distributed values with the dtype named by `PRECISION`: f32 (the default), f16 or bf16.
fn random(shape: [usize; 2], device: &Device) -> Tensor<2> {
    let dtype = match std::env::var("PRECISION").as_deref() {
        Err(_) | Ok("f32") => FloatDType::F32,
        Ok("f16") => FloatDType::F16,
        Ok("bf16") => FloatDType::BF16,
        Ok(other) => panic!("PRECISION={other} must be f32, f16 or bf16"),
    };
    let values: Tensor<2> = Tensor::random(shape, Distribution::Normal(0.0, 1.0), device);
    values.cast(dtype)
}

/// Times a loss of a matrix and its gradient, including synchronisation with the device.
fn bench(bencher: Bencher, shape: [usize; 2], loss: impl Fn(Tensor<2>) -> Tensor<1>) {
    let device = device().autodiff();
    let x = (random(shape, &device) / (shape[1] as f64).sqrt()).require_grad();
    bencher.counter(ItemsCount::new(shape[0])).bench_local(|| {
        let mut gradients = loss(x.clone()).sum().backward();
        let gradient = x.grad_remove(&mut gradients).expect("a gradient");
        device.sync().expect("the device");
        gradient
    });
}

#[divan::bench_group]
mod log_sum_exp_of_others {
    use super::*;

    /// Number of views of 256 and of 2,048 pairs.
    const VIEWS: [usize; 2] = [512, 4096];

    #[divan::bench(args = VIEWS)]
    fn fused(bencher: Bencher, views: usize) {
        bench(bencher, [views, 128], |x| super::fused::log_sum_exp_of_others(x, 0.2));
    }

    #[divan::bench(args = VIEWS)]
    fn plain(bencher: Bencher, views: usize) {
        bench(bencher, [views, 128], |x| reference::log_sum_exp_of_others(x, 0.2));
    }
}

#[divan::bench_group]
mod info_nce_from_embeddings {
    use super::*;

    type Loss = fn(Tensor<2>, Tensor<2>, Tensor<2>, f64) -> Tensor<1>;

    /// Sizes of MoCo: batch of 256, queue of 65,536 keys, 128 dimensions.
    fn run(bencher: Bencher, loss: Loss) {
        let device = device();
        let [positives, keys] = [256, 65_536].map(|rows| random([rows, 128], &device) / 128.0);
        bench(bencher, [256, 128], |q| loss(q, positives.clone(), keys.clone(), 0.2));
    }

    #[divan::bench(sample_count = 10, sample_size = 1)]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::info_nce_from_embeddings);
    }

    #[divan::bench(sample_count = 10, sample_size = 1)]
    fn plain(bencher: Bencher) {
        run(bencher, reference::info_nce_from_embeddings);
    }
}

#[divan::bench_group]
mod soft_cross_entropy {
    use super::*;

    type Loss = fn(Tensor<2>, Tensor<2>, Tensor<1>, f64, f64) -> Tensor<1>;

    /// Number of prototypes of DINO and of SwAV.
    const WIDTHS: [usize; 2] = [65_536, 3_000];

    fn run(bencher: Bencher, width: usize, loss: Loss) {
        let device = device();
        let teacher = random([64, width], &device);
        let centre = Tensor::<1>::zeros([width], &device);
        bench(bencher, [64, width], |s| loss(s, teacher.clone(), centre.clone(), 0.1, 0.04));
    }

    #[divan::bench(args = WIDTHS, sample_count = 10, sample_size = 1)]
    fn fused(bencher: Bencher, width: usize) {
        run(bencher, width, super::fused::soft_cross_entropy);
    }

    #[divan::bench(args = WIDTHS, sample_count = 10, sample_size = 1)]
    fn plain(bencher: Bencher, width: usize) {
        run(bencher, width, reference::soft_cross_entropy);
    }
}

#[divan::bench_group]
mod log_sum_exp {
    use super::*;

    type Sum = fn(Tensor<2>, Tensor<2>, f64) -> Tensor<1>;

    fn run(bencher: Bencher, keys: usize, sum: Sum) {
        let keys = random([keys, 128], &device()) / 128.0;
        bench(bencher, [256, 128], |q| sum(q, keys.clone(), 0.2));
    }

    const KEYS: [usize; 2] = [512, 65_536];

    #[divan::bench(args = KEYS, sample_count = 10, sample_size = 1)]
    fn fused(bencher: Bencher, keys: usize) {
        run(bencher, keys, super::fused::log_sum_exp);
    }

    #[divan::bench(args = KEYS, sample_count = 10, sample_size = 1)]
    fn plain(bencher: Bencher, keys: usize) {
        run(bencher, keys, reference::log_sum_exp);
    }
}

#[divan::bench_group]
mod off_diagonal_energy {
    use super::*;

    const SIDES: [usize; 2] = [128, 2048];

    #[divan::bench(args = SIDES, sample_count = 10, sample_size = 1)]
    fn fused(bencher: Bencher, side: usize) {
        bench(bencher, [side; 2], super::fused::off_diagonal_energy);
    }

    #[divan::bench(args = SIDES, sample_count = 10, sample_size = 1)]
    fn plain(bencher: Bencher, side: usize) {
        bench(bencher, [side; 2], reference::off_diagonal_energy);
    }
}

#[divan::bench_group]
mod redundancy {
    use super::*;

    const SIDES: [usize; 2] = [128, 2048];

    #[divan::bench(args = SIDES, sample_count = 10, sample_size = 1)]
    fn fused(bencher: Bencher, side: usize) {
        bench(bencher, [side; 2], |c| super::fused::redundancy(c, 5e-3));
    }

    #[divan::bench(args = SIDES, sample_count = 10, sample_size = 1)]
    fn plain(bencher: Bencher, side: usize) {
        bench(bencher, [side; 2], |c| reference::redundancy(c, 5e-3));
    }
}

/// Tensors with the sizes of the parameters of a ResNet-50: convolution weights, and weight and
/// bias of each batch normalisation.
fn parameters(device: &Device) -> Vec<Tensor<1>> {
    let mut lengths = vec![3 * 64 * 49, 64, 64];
    let mut inputs = 64;
    for (blocks, width) in [(3, 64), (4, 128), (6, 256), (3, 512)] {
        for block in 0..blocks {
            for (weights, channels) in [
                (inputs * width, width),
                (9 * width * width, width),
                (4 * width * width, 4 * width),
            ] {
                lengths.extend([weights, channels, channels]);
            }
            if block == 0 {
                lengths.extend([inputs * 4 * width, 4 * width, 4 * width]);
            }
            inputs = 4 * width;
        }
    }
    lengths.into_iter().map(|length| Tensor::ones([length], device)).collect()
}

#[divan::bench_group(sample_count = 10, sample_size = 1)]
mod sgd {
    use super::*;

    type Step = fn(
        Vec<Tensor<1>>,
        Vec<Tensor<1>>,
        Vec<Tensor<1>>,
        &Sgd,
    ) -> (Vec<Tensor<1>>, Vec<Tensor<1>>);

    const RULES: [&str; 2] = ["sgd", "lars"];

    fn run(bencher: Bencher, rule: &str, step: Step) {
        let device = device();
        let all = parameters(&device);
        let ratio = (rule == "lars").then_some(Ratio::OfDecayed { trust: 1e-3 });
        let rule = Sgd {
            rate: 0.1,
            momentum: 0.9,
            decay: 1e-4,
            nesterov: false,
            rate_inside: false,
            ratio,
        };
        bencher.counter(ItemsCount::new(all.len())).bench_local(|| {
            let result = step(all.clone(), all.clone(), all.clone(), &rule);
            device.sync().expect("the device");
            result
        });
    }

    #[divan::bench(args = RULES)]
    fn fused(bencher: Bencher, rule: &str) {
        run(bencher, rule, super::fused::sgd);
    }

    #[divan::bench(args = RULES)]
    fn plain(bencher: Bencher, rule: &str) {
        run(bencher, rule, reference::sgd);
    }
}

#[divan::bench_group(sample_count = 10, sample_size = 1)]
mod moving_averages {
    use super::*;

    fn run(bencher: Bencher, average: fn(Vec<Tensor<1>>, Vec<Tensor<1>>, f64) -> Vec<Tensor<1>>) {
        let device = device();
        let all = parameters(&device);
        bencher.counter(ItemsCount::new(all.len())).bench_local(|| {
            let result = average(all.clone(), all.clone(), 0.996);
            device.sync().expect("the device");
            result
        });
    }

    #[divan::bench]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::moving_averages);
    }

    #[divan::bench]
    fn plain(bencher: Bencher) {
        run(bencher, reference::moving_averages);
    }
}

#[divan::bench_group(sample_count = 10, sample_size = 1)]
mod views {
    use super::*;

    fn run(bencher: Bencher, views: fn(&[Plan], &[Picture<'_>], &Device) -> Tensor<4>) {
        let (device, side) = (device(), 96);
        let bytes =
            (0..3 * side * side).map(|i: usize| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        let picture = Picture::new(side, side, bytes.collect::<Vec<_>>());
        let [pipeline, _] = Augmentation::Simclr.pipelines(64);
        let key = |picture| Key { seed: 0, epoch: 0, picture, side: Side::Left };
        let plans: Vec<_> = (0..64).map(|i| pipeline.plan(side, side, key(i))).collect();
        let pictures = vec![picture; plans.len()];
        bencher.counter(ItemsCount::new(plans.len())).bench_local(|| {
            let result = views(&plans, &pictures, &device);
            device.sync().expect("the device");
            result
        });
    }

    #[divan::bench]
    fn fused(bencher: Bencher) {
        run(bencher, super::fused::views);
    }

    #[divan::bench]
    fn plain(bencher: Bencher) {
        run(bencher, reference::views);
    }
}
