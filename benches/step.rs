//! One training step, forward and backward, of residual networks: fused against plain.
//!
//! `cargo bench --bench step -- [FILTER]` prints the median seconds of each, and how many
//! times faster the fused one is. They are timed in turns, so that all meet the same machine.
//! `ROUNDS` is the number of timed steps of each (5), and `ONLY_FUSED=1` leaves out the others.

use std::time::Instant;

use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Distribution, Tensor};
use sempairs_kernels as fused;
use sempairs_kernels::reference;

type Normalised = (Tensor<4>, Tensor<1>, Tensor<1>);

#[derive(Clone, Copy)]
struct Operations {
    conv2d: fn(Tensor<4>, Tensor<4>, [usize; 2], [usize; 2]) -> Tensor<4>,
    batch_norm: fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
    batch_norm_relu: fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
    batch_norm_add_relu: fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
    pool: fn(Tensor<4>) -> Tensor<2>,
}

const FUSED: Operations = Operations {
    conv2d: fused::conv2d,
    batch_norm: fused::batch_norm,
    batch_norm_relu: fused::batch_norm_relu,
    batch_norm_add_relu: fused::batch_norm_add_relu,
    pool: fused::global_average_pool,
};

const PLAIN: Operations = Operations {
    conv2d: reference::conv2d,
    batch_norm: reference::batch_norm,
    batch_norm_relu: reference::batch_norm_relu,
    batch_norm_add_relu: reference::batch_norm_add_relu,
    pool: reference::global_average_pool,
};

const FUSED_CONVOLUTION_ALONE: Operations = Operations { conv2d: fused::conv2d, ..PLAIN };

/// A convolution and the normalisation behind it.
struct Layer {
    filters: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    stride: usize,
    padding: usize,
}

impl Layer {
    fn new(c_in: usize, c_out: usize, kernel: usize, stride: usize, device: &Device) -> Self {
        let deviation = (2.0 / (c_out * kernel * kernel) as f64).sqrt();
        let normal = Distribution::Normal(0.0, deviation);
        Self {
            filters: Tensor::random([c_out, c_in, kernel, kernel], normal, device).require_grad(),
            weight: Tensor::ones([c_out], device).require_grad(),
            bias: Tensor::zeros([c_out], device).require_grad(),
            stride,
            padding: kernel / 2,
        }
    }

    fn convolve(&self, x: Tensor<4>, ops: Operations) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
        let y = (ops.conv2d)(x, self.filters.clone(), [self.stride; 2], [self.padding; 2]);
        (y, self.weight.clone(), self.bias.clone())
    }

    fn relu(&self, x: Tensor<4>, ops: Operations) -> Tensor<4> {
        let (y, weight, bias) = self.convolve(x, ops);
        (ops.batch_norm_relu)(y, weight, bias, 1e-5).0
    }
}

struct Block {
    body: Vec<Layer>,
    shortcut: Option<Layer>,
}

impl Block {
    fn forward(&self, x: Tensor<4>, ops: Operations) -> Tensor<4> {
        let skip = match &self.shortcut {
            Some(layer) => {
                let (y, weight, bias) = layer.convolve(x.clone(), ops);
                (ops.batch_norm)(y, weight, bias, 1e-5).0
            }
            None => x.clone(),
        };
        let (last, body) = self.body.split_last().expect("a block has layers");
        let y = body.iter().fold(x, |x, layer| layer.relu(x, ops));
        let (y, weight, bias) = last.convolve(y, ops);
        (ops.batch_norm_add_relu)(y, skip, weight, bias, 1e-5).0
    }
}

struct Network {
    stem: Layer,
    max_pool: bool,
    blocks: Vec<Block>,
}

impl Network {
    /// The networks of He et al. 2016, and a narrow one of four blocks without a pooled stem.
    fn new(name: &str, device: &Device) -> Self {
        let (stem, widths, counts, bottleneck) = match name {
            "narrow10" => ((32, 3), [32, 64, 128, 512], [1, 1, 1, 1], false),
            "resnet18" => ((64, 7), [64, 128, 256, 512], [2, 2, 2, 2], false),
            "resnet50" => ((64, 7), [64, 128, 256, 512], [3, 4, 6, 3], true),
            _ => panic!("no network {name}"),
        };
        let mut blocks = Vec::new();
        let mut c_in = stem.0;
        for (stage, (&width, &count)) in widths.iter().zip(&counts).enumerate() {
            for index in 0..count {
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                let c_out = if bottleneck { 4 * width } else { width };
                let body = if bottleneck {
                    vec![
                        Layer::new(c_in, width, 1, 1, device),
                        Layer::new(width, width, 3, stride, device),
                        Layer::new(width, c_out, 1, 1, device),
                    ]
                } else {
                    vec![
                        Layer::new(c_in, width, 3, stride, device),
                        Layer::new(width, width, 3, 1, device),
                    ]
                };
                let changes = stride != 1 || c_in != c_out;
                let shortcut = changes.then(|| Layer::new(c_in, c_out, 1, stride, device));
                blocks.push(Block { body, shortcut });
                c_in = c_out;
            }
        }
        let max_pool = stem.1 == 7;
        Self { stem: Layer::new(3, stem.0, stem.1, 2, device), max_pool, blocks }
    }

    fn step(&self, x: Tensor<4>, ops: Operations) -> f32 {
        let mut x = self.stem.relu(x, ops);
        if self.max_pool {
            x = max_pool2d(x, MaxPoolOptions::new([3; 2]).with_stride([2; 2]).with_padding([1; 2]));
        }
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, ops));
        let loss = (ops.pool)(x).powi_scalar(2).mean();
        let value = loss.clone().into_scalar::<f32>();
        let grads = loss.backward();
        assert!(self.stem.filters.grad(&grads).is_some());
        value
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let only_fused = std::env::var("ONLY_FUSED").is_ok();
    let device = Device::flex().autodiff();
    let networks =
        [("narrow10", 32, 256), ("resnet18", 64, 16), ("resnet50", 64, 16), ("resnet18", 32, 256)];
    for (name, size, batch) in networks {
        let title = format!("{name} {size} px 2x{batch}");
        if wanted.as_ref().is_some_and(|wanted| !title.contains(wanted.as_str())) {
            continue;
        }
        let network = Network::new(name, &device);
        let normal = Distribution::Normal(0.0, 1.0);
        let x = Tensor::<4>::random([2 * batch, 3, size, size], normal, &device);
        let all = [FUSED, FUSED_CONVOLUTION_ALONE, PLAIN];
        let all = if only_fused { &all[..1] } else { &all[..] };
        let mut times = vec![Vec::new(); all.len()];
        for round in 0..=rounds {
            for (ops, times) in all.iter().zip(&mut times) {
                let start = Instant::now();
                let loss = network.step(x.clone(), *ops);
                let seconds = start.elapsed().as_secs_f64();
                assert!(loss.is_finite());
                // The first round warms up.
                if round > 0 {
                    times.push(seconds);
                }
            }
        }
        let medians: Vec<f64> = times.into_iter().map(median).collect();
        print!("{title}: fused {:.3} s, {:.1} pairs/s", medians[0], batch as f64 / medians[0]);
        if let [fused, convolution, plain] = medians[..] {
            print!(
                "; fused convolution alone {convolution:.3} s; plain {plain:.3} s; ratio {:.2}",
                plain / fused
            );
        }
        println!();
    }
}
