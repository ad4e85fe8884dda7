//! Training steps on the CPU: forward and backward passes of residual networks with the fused
//! operations and with their reference implementations, and whole steps of SimCLR with head, loss
//! and SGD, as `sempairs bench step` times them.
//!
//! `cargo bench --bench step -- [FILTER]`; one item is one pair.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use sempairs::backbone::{Architecture, BackboneConfig};
use sempairs::objective::{Clock, Method, ProjectorConfig, Reduction, SimClrConfig, Views};
use sempairs::train::OptimizerConfig;
use sempairs_kernels as fused;
use sempairs_kernels::reference;

fn main() {
    divan::main();
}

type Normalised = (Tensor<4>, Tensor<1>, Tensor<1>);

#[derive(Clone, Copy)]
struct Operations {
    conv2d: fn(Tensor<4>, Tensor<4>, [usize; 2], [usize; 2]) -> Tensor<4>,
    batch_norm: fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
    batch_norm_relu: fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
    batch_norm_add_relu: fn(Tensor<4>, Tensor<4>, Tensor<1>, Tensor<1>, f64) -> Normalised,
    max_pool2d: fn(Tensor<4>, [usize; 2], [usize; 2], [usize; 2]) -> Tensor<4>,
    global_average_pool: fn(Tensor<4>) -> Tensor<2>,
}

const FUSED: Operations = Operations {
    conv2d: fused::conv2d,
    batch_norm: fused::batch_norm,
    batch_norm_relu: fused::batch_norm_relu,
    batch_norm_add_relu: fused::batch_norm_add_relu,
    max_pool2d: fused::max_pool2d,
    global_average_pool: fused::global_average_pool,
};

const PLAIN: Operations = Operations {
    conv2d: reference::conv2d,
    batch_norm: reference::batch_norm,
    batch_norm_relu: reference::batch_norm_relu,
    batch_norm_add_relu: reference::batch_norm_add_relu,
    max_pool2d: reference::max_pool2d,
    global_average_pool: reference::global_average_pool,
};

/// A convolution and the batch normalisation after it.
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
    /// ResNets of He et al. (2016), and a narrow one with four blocks and no max pooling in the
    /// stem.
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
            x = (ops.max_pool2d)(x, [3; 2], [2; 2], [1; 2]);
        }
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, ops));
        let loss = (ops.global_average_pool)(x).powi_scalar(2).mean();
        let value = loss.clone().into_scalar::<f32>();
        let grads = loss.backward();
        assert!(self.stem.filters.grad(&grads).is_some());
        value
    }
}

/// Network, side length of the views in pixels, and number of pairs.
const CASES: [(&str, usize, usize); 4] =
    [("narrow10", 32, 128), ("resnet18", 32, 128), ("resnet18", 64, 32), ("resnet50", 64, 16)];

#[divan::bench(args = CASES, sample_count = 5, sample_size = 1)]
fn fused_step(bencher: Bencher, case: (&str, usize, usize)) {
    step(bencher, case, FUSED);
}

#[divan::bench(args = CASES, sample_count = 5, sample_size = 1)]
fn plain_step(bencher: Bencher, case: (&str, usize, usize)) {
    step(bencher, case, PLAIN);
}

fn step(bencher: Bencher, (name, size, pairs): (&str, usize, usize), ops: Operations) {
    let device = Device::flex().autodiff();
    let network = Network::new(name, &device);
    let normal = Distribution::Normal(0.0, 1.0);
    let x = Tensor::<4>::random([2 * pairs, 3, size, size], normal, &device);
    bencher.counter(ItemsCount::new(pairs)).bench_local(|| {
        let loss = network.step(x.clone(), ops);
        assert!(loss.is_finite());
    });
}

/// Network and number of pairs; the views have 64x64 pixels.
const METHODS: [(Architecture, usize); 3] =
    [(Architecture::Resnet18, 16), (Architecture::Resnet50, 8), (Architecture::VitSmall, 8)];

#[divan::bench(args = METHODS, sample_count = 5, sample_size = 1)]
fn simclr(bencher: Bencher, (architecture, pairs): (Architecture, usize)) {
    let (plain, size) = (Device::flex(), 64);
    let network = match architecture.is_transformer() {
        true => BackboneConfig::transformer(architecture, 8, size),
        false => BackboneConfig::new(architecture),
    };
    let projector = ProjectorConfig::simclr();
    let simclr = SimClrConfig { temperature: 0.5, reduction: Reduction::Mean, projector };
    let method = simclr.init(network.init_seeded(&plain, 0), 0, &plain).train();
    let mut state = Some((method, OptimizerConfig::sgd(0.0).init()));
    let device = plain.autodiff();
    let view = || {
        let normal = Distribution::Normal(0.0, 1.0);
        Tensor::<4>::random([pairs, 3, size, size], normal, &device)
    };
    let views = Views::pair(view(), view());
    bencher.counter(ItemsCount::new(pairs)).bench_local(|| {
        let (method, mut optimizer) = state.take().expect("put back after each step");
        let loss = method.loss(views.clone(), Clock::new(1, 1)).value;
        assert!(loss.clone().into_scalar::<f32>().is_finite());
        let gradients = GradientsParams::from_grads(loss.backward(), &method);
        state = Some((optimizer.step(0.01, method, gradients), optimizer));
    });
}
