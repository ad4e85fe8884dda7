//! Number of kernel launches of one whole training step on the device named by `SEMPAIRS_DEVICE`.
#![cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Tensor};
use sempairs_backbone::{Backbone, ResNetConfig, VisionTransformerConfig};
use sempairs_kernels::launches::count;
use sempairs_objective::{Clock, Method, ProjectorConfig, Reduction, SimClrConfig, Views};
use sempairs_train::OptimizerConfig;

/// Maximum number of kernel launches of a step of SimCLR with a ResNet-50 and SGD. On wgpu, which
/// has fewer bindings for the optimiser than CUDA, there are 917 in 32 bits, 2,795 without the
/// fused kernels of the layers, and 3,778 if no operation is fused.
const MOST_RESNET: usize = 931;

/// Maximum number of kernel launches of a step of SimCLR with a ViT-S and AdamW. On wgpu there are
/// 694, 26 of them AdamW's, and 4,524 if no operation is fused.
const MOST_VIT: usize = 708;

/// Maximum number of rows in the printed table.
const SHOWN: usize = 25;

/// Held by the test that counts, since the count is of the whole process.
static OBSERVER: Mutex<()> = Mutex::new(());

#[test]
fn a_step_of_simclr_with_a_resnet_launches_few_kernels() {
    let optimizer = OptimizerConfig::sgd(1e-4);
    let name = "a_step_of_simclr_with_a_resnet_launches_few_kernels";
    few_launches(name, MOST_RESNET, optimizer, |device| {
        ResNetConfig::resnet50().init_seeded(device, 0)
    });
}

#[test]
fn a_step_of_simclr_with_a_vit_and_adamw_launches_few_kernels() {
    let optimizer = OptimizerConfig::adamw(0.05);
    let name = "a_step_of_simclr_with_a_vit_and_adamw_launches_few_kernels";
    few_launches(name, MOST_VIT, optimizer, |device| {
        VisionTransformerConfig::small(8, 32).init_seeded(device, 0)
    });
}

/// The number of launches depends on the layers, not on the sizes, so the pictures are small.
/// `name` is the test's.
fn few_launches<B: Backbone>(
    name: &str,
    most: usize,
    optimizer: OptimizerConfig,
    backbone: impl FnOnce(&Device) -> B,
) {
    let _observer = OBSERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let plain = sempairs_testing::gpu!();
    assert_ne!(plain, Device::flex(), "the CPU launches no kernels; set SEMPAIRS_DEVICE to a GPU");
    let tracked = plain.clone().autodiff();
    let simclr = SimClrConfig {
        temperature: 0.5,
        reduction: Reduction::Mean,
        projector: ProjectorConfig::simclr(),
    };
    let mut method = simclr.init(backbone(&plain), 0, &plain).train();
    let mut optimizer = optimizer.init();
    let view = || Tensor::<4>::random([2, 3, 32, 32], Distribution::Normal(0.0, 1.0), &tracked);
    let views = Views::pair(view(), view());
    let mut kernels = Vec::new();
    // The first step also creates the optimiser state, so it is not counted.
    for _ in 0..2 {
        kernels = count(|| {
            let loss = method.loss(views.clone(), Clock::new(1, 1)).value;
            let gradients = GradientsParams::from_grads(loss.backward(), &method);
            method = optimizer.step(0.01, method.clone(), gradients);
            plain.sync().unwrap();
        });
    }
    let launches: usize = kernels.iter().map(|kernel| kernel.launches).sum();
    let is_plain = std::env::var("SEMPAIRS_PLAIN").is_ok_and(|plain| plain == "1");
    let what = if is_plain { "reference operations" } else { "fused operations" };
    println!("{launches} launches in one step, {what}");
    for kernel in kernels.iter().take(SHOWN) {
        println!("{:>6}  {}", kernel.launches, kernel.name);
    }
    assert!(launches > 0, "nothing was observed");
    // The reference operations are only counted for comparison.
    if is_plain {
        return;
    }
    // In an executable with the tests of several crates, the name of a test begins with its module.
    let module = module_path!().split_once("::").map_or("", |(_, module)| module);
    let name = if module.is_empty() { name.into() } else { format!("{module}::{name}") };
    // The switch is read once per process.
    let reference = Command::new(std::env::current_exe().unwrap())
        .args(["--nocapture", "--exact", &name])
        .env("SEMPAIRS_PLAIN", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&reference.stdout);
    let table = printed.lines().skip_while(|line| !line.contains("launches in one step"));
    let table = table.take_while(|line| !line.starts_with("test ")).collect::<Vec<_>>().join("\n");
    println!("{table}");
    let plain: usize =
        table.split(' ').next().unwrap().parse().expect("the launches of the reference operations");
    assert!(launches < plain, "{launches} launches, {plain} where all operations are plain");
    assert!(launches <= most, "{launches} launches, more than {most}");
}
