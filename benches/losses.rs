//! The losses with their gradients, and a step of every optimiser over a ResNet-18's parameters.
//!
//! `cargo bench --bench losses -- [FILTER]`; one item is one pair, or one parameter.

use std::cell::RefCell;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use sempairs_backbone::{Backbone, ResNetConfig};
use sempairs_objective::{Reduction, nt_xent};
use sempairs_train::{LarsConfig, LarsVariant, OptimizerConfig};

fn main() {
    divan::main();
}

const OUTPUT: usize = 128;

#[divan::bench(args = [32, 256])]
fn nt_xent_and_gradient(bencher: Bencher, pairs: usize) {
    let device = Device::flex().autodiff();
    let [left, right] = [(); 2].map(|()| {
        let normal = Distribution::Normal(0.0, 1.0);
        Tensor::<2>::random([pairs, OUTPUT], normal, &device).require_grad()
    });
    bencher.counter(ItemsCount::new(pairs)).bench_local(|| {
        let loss = nt_xent(left.clone(), right.clone(), 0.2, Reduction::Mean);
        let mut gradients = loss.backward();
        [&left, &right].map(|side| side.grad_remove(&mut gradients).expect("a gradient"))
    });
}

#[divan::bench(args = ["sgd", "adamw", "lars"], sample_count = 10, sample_size = 1)]
fn optimizer_step(bencher: Bencher, name: &str) {
    let config = match name {
        "sgd" => OptimizerConfig::sgd(1e-4),
        "adamw" => OptimizerConfig::adamw(1e-4),
        _ => OptimizerConfig::Lars(LarsConfig {
            variant: LarsVariant::Google,
            momentum: 0.9,
            weight_decay: 1e-6,
            trust: 1e-3,
            ..LarsConfig::default()
        }),
    };
    let device = Device::flex();
    let network = ResNetConfig::resnet18().init_seeded(&device, 0).train();
    let x = Tensor::<4>::ones([2, 3, 32, 32], &device.autodiff());
    let parameters = network.num_params();
    let mut optimizer = config.init();
    let network = RefCell::new(Some(network));
    bencher
        .counter(ItemsCount::new(parameters))
        .with_inputs(|| {
            let network = network.borrow().clone().expect("it is put back");
            let loss = network.forward(x.clone()).sum();
            GradientsParams::from_grads(loss.backward(), &network)
        })
        .bench_local_values(|gradients| {
            let before = network.take().expect("it is put back");
            network.replace(Some(optimizer.step(1e-3, before, gradients)));
        });
}
