//! Convolutions against their reference implementation on the device that `SEMPAIRS_DEVICE` names:
//! values and gradients.

#[path = "support/on_device.rs"]
mod on_device;

use burn::tensor::{DType, Tensor, TensorData};
use on_device::{assert_parity, device, types};
use sempairs_kernels as fused;
use sempairs_kernels::reference;

/// Random feature maps or filters.
fn random(shape: [usize; 4], seed: u64) -> TensorData {
    let [first, rest @ ..] = shape;
    on_device::random([first, rest.iter().product()], seed)
}

type Convolve = fn(Tensor<4>, Tensor<4>, [usize; 2], [usize; 2]) -> Tensor<4>;
type View = fn(Tensor<4>) -> Tensor<4>;

fn assert_equal(
    name: &str,
    x: [usize; 4],
    filters: [usize; 4],
    view: View,
    stride: [usize; 2],
    padding: [usize; 2],
) {
    let both: [Convolve; 2] = [fused::conv2d, reference::conv2d];
    let [actual, expected] = both.map(|conv2d| {
        move |[a, b]: [Tensor<2>; 2]| {
            let y = conv2d(view(a.reshape(x)), b.reshape(filters), stride, padding);
            let length = y.shape().num_elements();
            y.reshape([length])
        }
    });
    assert_parity(name, [random(x, 1), random(filters, 2)], actual, expected);
}

/// `[n, c_in, h, w, c_out, kernel, stride, padding]`.
const CASES: [[usize; 8]; 22] = [
    // Shapes of a residual network.
    [4, 3, 32, 32, 16, 7, 2, 3],
    [5, 16, 8, 8, 24, 3, 1, 1],
    [5, 16, 8, 8, 24, 3, 2, 1],
    [5, 16, 8, 8, 24, 1, 2, 0],
    [3, 64, 8, 8, 64, 1, 1, 0],
    [2, 64, 6, 6, 130, 3, 1, 1],
    [3, 130, 4, 4, 64, 3, 2, 1],
    // Single channels, and numbers of channels that are not vectorisable.
    [1, 1, 1, 1, 1, 1, 1, 0],
    [2, 1, 5, 5, 3, 3, 1, 1],
    [3, 5, 7, 8, 17, 3, 1, 0],
    [2, 17, 7, 9, 5, 5, 2, 2],
    [3, 17, 4, 4, 1, 1, 1, 0],
    [2, 5, 6, 6, 7, 1, 1, 0],
    [2, 3, 9, 9, 5, 1, 3, 0],
    [2, 3, 5, 5, 5, 1, 1, 1],
    [2, 3, 5, 6, 5, 1, 2, 2],
    // Strides that skip positions, and leave some at the end uncovered.
    [2, 4, 11, 10, 6, 3, 3, 1],
    [2, 4, 10, 11, 6, 2, 3, 0],
    [1, 8, 13, 13, 8, 5, 1, 0],
    [2, 2, 9, 9, 3, 7, 2, 3],
    [1, 3, 1, 1, 4, 3, 1, 1],
    // Enough windows for the weight gradient to be split into parts.
    [16, 8, 16, 16, 8, 3, 1, 1],
];

#[test]
fn conv2d_equals_its_reference() {
    for case in CASES {
        let [n, c_in, h, w, c_out, kernel, stride, padding] = case;
        let (x, filters) = ([n, c_in, h, w], [c_out, c_in, kernel, kernel]);
        let name = format!("conv2d {case:?}");
        assert_equal(&name, x, filters, |x| x, [stride; 2], [padding; 2]);
    }
}

#[test]
fn conv2d_supports_unequal_strides_and_paddings() {
    for (stride, padding) in [([1, 2], [0, 2]), ([3, 1], [2, 0]), ([2, 3], [1, 1])] {
        let name = format!("stride {stride:?}, padding {padding:?}");
        assert_equal(&name, [3, 4, 9, 11], [6, 4, 3, 5], |x| x, stride, padding);
    }
}

#[test]
fn conv2d_supports_any_memory_layout() {
    let views: [(&str, View); 6] = [
        ("permuted", |x| x.permute([3, 1, 0, 2])),
        // Max pooling over a single value is the identity; it sets the layout.
        ("channels innermost", |x| fused::max_pool2d(x, [1, 1], [1, 1], [0, 0])),
        ("transposed", |x| x.swap_dims(2, 3)),
        ("sliced", |x| x.slice([1..6, 0..7, 2..7, 1..6])),
        ("flipped", |x| x.flip([0, 3])),
        ("expanded", |x| x.slice([0..1, 0..7, 0..7, 0..7]).expand([7, 7, 7, 7])),
    ];
    for (name, view) in views {
        for kernel in [1, 3] {
            let filters = [9, 7, kernel, kernel];
            let name = format!("{name}, kernel {kernel}");
            assert_equal(&name, [7; 4], filters, view, [1, 1], [kernel / 2; 2]);
        }
    }
}

/// Every sum has at least 8,192 equal products: it would stop growing at 2,048 in f16 and at 256 in
/// bf16. Types in which the selected path refuses training are skipped.
#[test]
#[cfg_attr(
    not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")),
    ignore = "needs a GPU backend"
)]
fn the_weight_gradient_accumulates_in_32_bits() {
    let device = device().autodiff();
    for dtype in types().into_iter().filter(|dtype| fused::check_sums(&device, *dtype).is_ok()) {
        for kernel in [1, 3] {
            let x = Tensor::<4>::ones([32, 8, 18, 18], &device).cast(dtype);
            let filters = Tensor::<4>::ones([8, 8, kernel, kernel], &device).require_grad();
            let y = fused::conv2d(x, filters.clone(), [1, 1], [0, 0]);
            let [n, _, h, w] = y.dims();
            let mut gradients = y.cast(DType::F32).sum().backward();
            let gradient = filters.grad_remove(&mut gradients).unwrap();
            assert_eq!(gradient.dtype(), DType::F32);
            let found = gradient.into_data().try_to_vec::<f32>().unwrap();
            let expected = (n * h * w) as f32;
            assert!(found.iter().all(|sum| *sum == expected), "{dtype:?}: {found:?}");
        }
    }
}

/// Sums have the same order in every run.
#[test]
fn gradients_are_bit_identical_in_every_run() {
    let device = device().autodiff();
    let once = || {
        let x = Tensor::<2>::from_data(random([16, 8, 16, 16], 1), &device);
        let weight = Tensor::<2>::from_data(random([8, 8, 3, 3], 2), &device);
        let x = x.reshape([16, 8, 16, 16]).require_grad();
        let weight = weight.reshape([8, 8, 3, 3]).require_grad();
        let y = fused::conv2d(x.clone(), weight.clone(), [1, 1], [1, 1]);
        let mut gradients = y.powi_scalar(2).sum().backward();
        [x, weight].map(|of| {
            let gradient = of.grad_remove(&mut gradients).unwrap().into_data();
            gradient.try_to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect::<Vec<_>>()
        })
    };
    assert_eq!(once(), once());
}
