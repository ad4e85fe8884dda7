//! Number of kernel launches of the fused operations and of their reference implementations, on the
//! device that `SEMPAIRS_DEVICE` names.
#![cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]

#[path = "support/on_device.rs"]
#[allow(dead_code, reason = "each test binary uses some of it")]
mod on_device;

use burn::tensor::{Device, Tensor};
use sempairs_kernels::launches::count;
use sempairs_kernels::{self as fused, AdamW, Ratio, Sgd, reference};

/// Launches of the second execution of `work`.
fn launches<T>(work: impl Fn() -> T) -> usize {
    work();
    let kernels = count(|| {
        work();
    });
    kernels.iter().map(|kernel| kernel.launches).sum()
}

/// 161 tensors, the number of parameters of a ResNet-50.
fn parameters(device: &Device) -> Vec<Tensor<1>> {
    (0..161).map(|index| Tensor::ones([index * 37 % 5000 + 1], device)).collect()
}

type Step =
    fn(Vec<Tensor<1>>, Vec<Tensor<1>>, Vec<Tensor<1>>, &Sgd) -> (Vec<Tensor<1>>, Vec<Tensor<1>>);

/// A single test, because a process has only one observer. Without a GPU there are no launches, so
/// under `SEMPAIRS_DEVICE=flex` it only prints that it is skipped.
#[test]
fn a_fused_operation_takes_fewer_launches_than_its_reference() {
    let device = on_device::device();
    if device == Device::flex() {
        return println!("skipped: the CPU has no launches to count");
    }
    let plain = std::env::var("SEMPAIRS_PLAIN").is_ok_and(|plain| plain == "1");
    assert!(!plain, "unset SEMPAIRS_PLAIN: nothing is fused under it");
    let conv = std::env::var("SEMPAIRS_CONV").unwrap_or_else(|_| "gemm".into());
    assert_eq!(conv, "gemm", "unset SEMPAIRS_CONV: the numbers are those of the default path");
    let all = parameters(&device);
    let mut rows = Vec::new();
    // With 31 bindings, nine parameters share a launch.
    for (name, ratio) in [("sgd", None), ("lars", Some(Ratio::OfDecayed { trust: 1e-3 }))] {
        let rule = Sgd {
            rate: 0.1,
            momentum: 0.9,
            decay: 1e-4,
            nesterov: false,
            rate_inside: false,
            ratio,
        };
        let of: [Step; 2] = [fused::sgd, reference::sgd];
        let counts = of.map(|step| launches(|| step(all.clone(), all.clone(), all.clone(), &rule)));
        rows.push((name, counts, 10));
    }
    let rule = AdamW { rate: 0.1, betas: [0.9, 0.999], epsilon: 1e-8, decay: 0.05, time: 3 };
    let of: [fn(_, _, _, &AdamW) -> _; 2] = [fused::adamw, reference::adamw];
    let counts = of
        .map(|step| launches(|| step(all.clone(), all.clone(), [all.clone(), all.clone()], &rule)));
    rows.push(("adamw", counts, 20));
    let of: [fn(_, _, _) -> _; 2] = [fused::moving_averages, reference::moving_averages];
    rows.push(("moving averages", of.map(|f| launches(|| f(all.clone(), all.clone(), 0.9))), 10));

    let tracked = device.clone().autodiff();
    let matrix = Tensor::<2>::ones([128, 128], &tracked).require_grad();
    let of: [fn(_, _) -> Tensor<1>; 2] =
        [fused::log_sum_exp_of_others, reference::log_sum_exp_of_others];
    rows.push((
        "log-sum-exp of others and its gradient",
        of.map(|f| launches(|| f(matrix.clone(), 0.2).sum().backward())),
        2,
    ));
    let centre = Tensor::<1>::ones([128], &tracked);
    let of: [fn(_, _, _, _, _) -> Tensor<1>; 2] =
        [fused::soft_cross_entropy, reference::soft_cross_entropy];
    let counts = of.map(|f| {
        launches(|| {
            let teacher = matrix.clone().detach();
            f(matrix.clone(), teacher, centre.clone(), 0.1, 0.04).sum().backward()
        })
    });
    rows.push(("soft cross-entropy and its gradient", counts, 2));
    let of: [fn(_, _) -> Tensor<1>; 2] = [fused::redundancy, reference::redundancy];
    let counts = of.map(|f| launches(|| f(matrix.clone(), 0.005).backward()));
    rows.push(("redundancy and its gradient", counts, 2));

    let maps = innermost(Tensor::<4>::ones([4, 16, 8, 8], &tracked)).require_grad();
    let channels = Tensor::<1>::ones([16], &tracked).require_grad();
    type Normalise = fn(Tensor<4>, Tensor<1>, Tensor<1>, f64) -> (Tensor<4>, Tensor<1>, Tensor<1>);
    let of: [Normalise; 2] = [fused::batch_norm_relu, reference::batch_norm_relu];
    let counts = of.map(|f| {
        launches(|| f(maps.clone(), channels.clone(), channels.clone(), 1e-5).0.sum().backward())
    });
    rows.push(("batch normalisation with a ReLU and its gradient", counts, 3));
    let of: [fn(_, _, _, _) -> [Tensor<1>; 2]; 2] =
        [fused::running_statistics, reference::running_statistics];
    let plain = Tensor::<1>::ones([16], &device);
    let counts = of.map(|f| {
        let pair = || [plain.clone(), plain.clone()];
        launches(|| f(pair(), pair(), 0.1, 9))
    });
    rows.push(("running statistics", counts, 7));

    let tokens = Tensor::<2>::ones([130, 96], &tracked).require_grad();
    let width = Tensor::<1>::ones([96], &tracked).require_grad();
    let of: [fn(_, _, _, _) -> Tensor<2>; 2] = [fused::layer_norm, reference::layer_norm];
    let counts = of.map(|f| {
        launches(|| f(tokens.clone(), width.clone(), width.clone(), 1e-6).sum().backward())
    });
    rows.push(("layer normalisation and its gradient", counts, 3));
    let of: [fn(_) -> Tensor<2>; 2] = [fused::gelu, reference::gelu];
    let counts = of.map(|f| launches(|| f(tokens.clone()).sum().backward()));
    rows.push(("gelu and its gradient", counts, 2));
    let qkv = Tensor::<3>::ones([2, 65, 96], &tracked).require_grad();
    let of: [fn(_, _) -> Tensor<3>; 2] = [fused::attention, reference::attention];
    let counts = of.map(|f| launches(|| f(qkv.clone(), 2).sum().backward()));
    rows.push(("attention and its gradient", counts, 2));

    convolutions_take_two_or_three_launches_a_pass(&device);
    for (name, [actual, expected], _) in &rows {
        println!("{name}: {actual} launches, the reference is {expected}");
    }
    for (name, [actual, expected], fewer) in rows {
        assert!(
            fewer * actual <= expected,
            "{name}: {actual} launches, the reference is {expected}"
        );
    }
}

/// Feature maps in the memory layout of the fused layers, channels innermost; Burn's elementwise
/// operations keep it.
fn innermost(x: Tensor<4>) -> Tensor<4> {
    fused::max_pool2d(x, [1, 1], [1, 1], [0, 0]).detach()
}

/// The launches of a pass are the matrix product, the rearrangement of the weights and im2col where
/// needed, and the sum of the partial weight gradients.
fn convolutions_take_two_or_three_launches_a_pass(device: &Device) {
    // Kernel size, stride, and the launches of the forward pass and of all three passes.
    for (kernel, stride, forward, passes) in
        [(1, 1, 1, 4), (1, 2, 2, 7), (3, 1, 3, 9), (3, 2, 3, 9)]
    {
        let name = format!("convolution, kernel {kernel}, stride {stride}");
        let padding = [kernel / 2; 2];
        let operands = |device: &Device| {
            let x = innermost(Tensor::<4>::ones([4, 16, 8, 8], device));
            (x, Tensor::<4>::ones([32, 16, kernel, kernel], device))
        };
        let (x, weight) = operands(device);
        let actual = launches(|| fused::conv2d(x.clone(), weight.clone(), [stride; 2], padding));
        println!("{name}: {actual} launches forward");
        assert_eq!(actual, forward, "{name}: forward");
        let (x, weight) = operands(&device.clone().autodiff());
        let (x, weight) = (x.require_grad(), weight.require_grad());
        let all =
            launches(|| fused::conv2d(x.clone(), weight.clone(), [stride; 2], padding).backward());
        // The output gradient is row-major ones: one launch creates them, and each of the two
        // gradients converts them to channels-last.
        let actual = all - 3;
        println!("{name}: {actual} launches forward and backward");
        assert_eq!(actual, passes, "{name}: forward and backward");
    }
}
