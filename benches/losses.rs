//! Losses with their gradients, and one step of each optimiser on the parameters of a ResNet-18.
//!
//! `cargo bench --bench losses -- [FILTER]`; one item is one pair, or one parameter.

use std::cell::RefCell;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor};
use divan::Bencher;
use divan::counter::ItemsCount;
use sempairs_backbone::{Backbone, ResNetConfig};
use sempairs_objective::{
    Reduction, VarianceTerm, VicRegWeights, barlow_twins_loss, byol_loss, decoupled_loss,
    dino_loss, info_nce, nearest_neighbours, nnclr_loss, normalize, nt_xent, simsiam_loss,
    sinkhorn, sup_con_loss, swav_loss, vicreg_loss,
};
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

/// Each loss with its gradient at batch size 256. The widths are those of the publications, except
/// for the heads of Barlow Twins and VICReg (2048 instead of 8192) and DINO's prototypes (4096).
#[divan::bench(
    args = [
        "moco",
        "byol",
        "simsiam",
        "swav",
        "dino",
        "barlow_twins",
        "vicreg",
        "sup_con",
        "dcl",
        "nnclr",
    ],
    sample_count = 10,
    sample_size = 1
)]
fn loss_and_gradient(bencher: Bencher, name: &str) {
    const PAIRS: usize = 256;
    let device = Device::flex().autodiff();
    let normal = Distribution::Normal(0.0, 1.0);
    let random = |rows, width| Tensor::<2>::random([rows, width], normal, &device);
    let width = match name {
        "byol" | "nnclr" => 256,
        "simsiam" | "barlow_twins" | "vicreg" => 2048,
        "swav" => 3000,
        "dino" => 4096,
        _ => OUTPUT,
    };
    let leaves = [(); 2].map(|()| random(PAIRS, width).require_grad());
    let targets = [(); 2].map(|()| random(PAIRS, width));
    let stored = if ["moco", "nnclr"].contains(&name) { 16_384 } else { 1 };
    let queue = normalize(random(stored, width));
    let classes: Vec<u32> = (0..PAIRS as u32).map(|i| i % 187).collect();
    let centre = Tensor::<1>::zeros([width], &device);
    let weights = VicRegWeights::paper(VarianceTerm::Halved);
    let loss = |[left, right]: [Tensor<2>; 2]| match name {
        "moco" => info_nce(left, right, queue.clone(), 0.2),
        "byol" => byol_loss([left, right], targets.clone()),
        "simsiam" => simsiam_loss([left, right], targets.clone()),
        "swav" => {
            let scores = [left, right].map(|x| x / 10.0);
            let assignments = scores.clone().map(|scores| sinkhorn(scores, 0.05, 3));
            swav_loss(&scores, &assignments, 0.1)
        }
        "dino" => dino_loss(&[left, right], &targets, centre.clone(), 0.1, 0.04),
        "barlow_twins" => barlow_twins_loss(left, right, 0.0051),
        "vicreg" => vicreg_loss(left, right, &weights),
        "sup_con" => sup_con_loss(left, right, &classes, 0.1),
        "dcl" => decoupled_loss(left, right, 0.1),
        _ => {
            let nearest = nearest_neighbours(left.clone(), queue.clone());
            nnclr_loss(queue.clone().select(0, nearest), right, 0.1)
        }
    };
    bencher.counter(ItemsCount::new(PAIRS)).bench_local(|| {
        let mut gradients = loss(leaves.clone()).backward();
        leaves.each_ref().map(|leaf| leaf.grad_remove(&mut gradients))
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
