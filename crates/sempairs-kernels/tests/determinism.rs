//! Bit-identical results in every run and on any number of threads, and gradients only for the
//! tensors that require one.

mod support;

use burn::tensor::Tensor;
use sempairs_kernels::{
    attention, batch_norm, batch_norm_add_relu, batch_norm_relu, conv2d, gelu, layer_norm, linear,
    max_pool2d,
};
use support::{Outcome, random, run};

/// Shapes that cover every algorithm: pointwise, Winograd, one product per tap, and im2col stored
/// whole or in tiles, with few and with many channels.
const CASES: [([usize; 4], [usize; 4], usize, usize); 7] = [
    ([16, 40, 9, 9], [72, 40, 1, 1], 1, 0),
    ([8, 40, 9, 9], [72, 40, 3, 3], 2, 1),
    ([24, 40, 9, 9], [72, 40, 3, 3], 1, 1),
    ([24, 40, 9, 9], [72, 40, 3, 3], 2, 1),
    ([16, 16, 48, 48], [8, 16, 3, 3], 1, 1),
    ([64, 3, 50, 52], [8, 3, 3, 3], 1, 1),
    ([16, 33, 65, 63], [8, 33, 3, 3], 2, 1),
];

fn network((input, filters, stride, padding): ([usize; 4], [usize; 4], usize, usize)) -> Outcome {
    let c = filters[0];
    run([random(input, 1), random(filters, 2), random([1, 1, 1, c], 3)], |[x, weight, scale]| {
        let (scale, bias) = (scale.clone().reshape([c]), scale.reshape([c]));
        let y = conv2d(x, weight, [stride; 2], [padding; 2]);
        let (a, ..) = batch_norm_relu(y.clone(), scale.clone(), bias.clone(), 1e-5);
        let (b, ..) = batch_norm(y, scale.clone(), bias.clone(), 1e-5);
        batch_norm_add_relu(a, b, scale, bias, 1e-5).0
    })
}

#[test]
fn results_do_not_depend_on_the_run_or_the_number_of_threads() {
    for case in CASES {
        let first = network(case);
        assert!(first == network(case), "{case:?}: a second run differs");
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let other = pool.install(|| network(case));
            assert!(first == other, "{case:?}: {threads} threads differ");
        }
    }
}

#[test]
fn only_what_requires_a_gradient_gets_one() {
    let conv = |x, w| conv2d(x, w, [1; 2], [1; 2]).sum();
    let (x, w) = (random([2, 3, 5, 5], 1), random([4, 3, 3, 3], 2));

    let tracked = w.clone().require_grad();
    let grads = conv(x.clone(), tracked.clone()).backward();
    assert!(tracked.grad(&grads).is_some() && x.grad(&grads).is_none());

    let tracked = x.clone().require_grad();
    let grads = conv(tracked.clone(), w.clone()).backward();
    assert!(tracked.grad(&grads).is_some() && w.grad(&grads).is_none());

    let (scale, bias) =
        (random([1, 1, 1, 3], 3).reshape([3]), random([1, 1, 1, 3], 4).reshape([3]));
    let skip = x.clone().require_grad();
    let (y, mean, variance) =
        batch_norm_add_relu(x.clone(), skip.clone(), scale.clone(), bias.clone(), 1e-5);
    let grads = (y.sum() + mean.sum() + variance.sum()).backward();
    assert!(skip.grad(&grads).is_some());
    assert!(x.grad(&grads).is_none() && scale.grad(&grads).is_none());
    assert!(bias.grad(&grads).is_none());
}

#[test]
fn an_input_used_twice_sums_its_gradients() {
    let (x, w) = (random([3, 4, 6, 6], 1), random([4, 4, 3, 3], 2));
    let twice = run([x.clone(), w.clone()], |[x, w]| {
        conv2d(x.clone(), w.clone(), [1; 2], [1; 2]) + conv2d(x, w, [1; 2], [1; 2])
    });
    let once = run([x, w], |[x, w]| conv2d(x, w, [1; 2], [1; 2]));
    for (twice, once) in twice.gradients.iter().zip(&once.gradients) {
        let twice: Tensor<1> = Tensor::from_data(flat(twice), &support::device());
        let once: Tensor<1> = Tensor::from_data(flat(once), &support::device());
        assert_eq!(twice.into_data(), (once * 2.0).into_data());
    }
}

fn flat(data: &Option<burn::tensor::TensorData>) -> burn::tensor::TensorData {
    let values = data.as_ref().expect("a gradient").try_to_vec::<f32>().unwrap();
    burn::tensor::TensorData::from(values.as_slice())
}

/// Neither the width of the vector registers nor the instructions for fused multiply-adds change
/// the bits of the fused operations. scripts/older-cpus.sh runs this test on emulated CPUs.
#[test]
fn results_are_the_same_bits_on_every_cpu() {
    let tokens = run([random([1, 5, 65, 96], 4), random([1, 1, 96, 192], 5)], |[x, weight]| {
        let ones = |width: usize| Tensor::<1>::ones([width], &support::device());
        let x = layer_norm(x.reshape([325, 96]), ones(96), ones(96), 1e-6);
        let y = gelu(linear(x, weight.reshape([96, 192]), ones(192)));
        attention(y.reshape([5, 65, 192]), 2).reshape([1, 5, 65, 64])
    });
    let maps = random([20, 8, 9, 9], 6);
    let pooled = run([maps], |[x]| max_pool2d(x, [3; 2], [2; 2], [1; 2]));
    let outcomes = CASES.map(network).into_iter().chain([tokens, pooled]);
    // FNV-1a over 32-bit values.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for outcome in outcomes {
        let gradients = outcome.gradients.into_iter().flatten();
        for value in outcome.values.into_iter().chain(gradients) {
            for value in value.iter::<f32>() {
                hash = (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    assert_eq!(hash, 0xd0b1_b4cb_f394_10c9, "the hash is {hash:#018x}");
}
