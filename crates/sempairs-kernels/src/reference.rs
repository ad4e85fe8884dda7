//! Reference implementations: every operation of this crate in Burn's own tensor operations.

use burn::tensor::activation::{log_softmax, relu, softmax};
use burn::tensor::module::{adaptive_avg_pool2d, batch_norm_train};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Bool, Device, Tensor, TensorData};

use sempairs_augment::{Plan, apply_batch};
use sempairs_data::Picture;

use crate::precision::{cast_like, widen};
use crate::step_rule::{AdamW, Ratio, Sgd};
use crate::support::is_flex;

/// Reference implementation of [`conv2d`](crate::conv2d()): [`burn::tensor::module::conv2d`]
/// without bias, dilation or groups.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`
/// - `weight`: `[c_out, c_in, k_h, k_w]`
/// - output: `[n, c_out, h', w']`
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    burn::tensor::module::conv2d(x, weight, None, ConvOptions::new(stride, padding, [1, 1], 1))
}

/// Reference implementation of [`batch_norm`](crate::batch_norm()).
///
/// # Shapes
/// - `x`: `[n, c, h, w]`; `weight`, `bias`: `[c]`
/// - output: `[n, c, h, w]`, mean `[c]`, variance `[c]`
pub fn batch_norm(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let result = batch_norm_train(x, weight, bias, epsilon);
    (result.output, result.mean, result.variance)
}

/// Reference implementation of [`batch_norm_relu`](crate::batch_norm_relu).
///
/// # Shapes
/// - as [`batch_norm`]
pub fn batch_norm_relu(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (y, mean, variance) = batch_norm(x, weight, bias, epsilon);
    (relu(y), mean, variance)
}

/// Reference implementation of [`batch_norm_add_relu`](crate::batch_norm_add_relu).
///
/// # Shapes
/// - `skip`: `[n, c, h, w]`; the others as [`batch_norm`]
pub fn batch_norm_add_relu(
    x: Tensor<4>,
    skip: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (y, mean, variance) = batch_norm(x, weight, bias, epsilon);
    (relu(y + skip), mean, variance)
}

/// Reference implementation of [`global_average_pool`](crate::global_average_pool).
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c]`
pub fn global_average_pool(x: Tensor<4>) -> Tensor<2> {
    adaptive_avg_pool2d(x, [1, 1]).flatten(1, 3)
}

/// Reference implementation of [`max_pool2d`](crate::max_pool2d):
/// [`burn::tensor::module::max_pool2d`].
///
/// # Shapes
/// - `x`: `[n, c, h, w]`
/// - output: `[n, c, h', w']`
pub fn max_pool2d(
    x: Tensor<4>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    let options = MaxPoolOptions::new(kernel).with_stride(stride).with_padding(padding);
    burn::tensor::module::max_pool2d(x, options)
}

/// Reference implementation of [`linear`](crate::linear()): a matrix product and a sum.
///
/// # Shapes
/// - `x`: `[rows, inputs]`; `weight`: `[inputs, outputs]`; `bias`: `[outputs]`
/// - output: `[rows, outputs]`
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    x.matmul(weight) + bias.unsqueeze()
}

/// Reference implementation of [`layer_norm`](crate::layer_norm()).
///
/// # Shapes
/// - `x`, output: `[.., d]`; `weight`, `bias`: `[d]`
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    let scaled = centred / variance.add_scalar(epsilon).sqrt();
    scaled * weight.unsqueeze() + bias.unsqueeze()
}

/// Reference implementation of [`gelu`](crate::gelu()): [`burn::tensor::activation::gelu`] on Flex
/// and the same formula in elementary operations elsewhere, because there the gradient of Burn
/// 0.22.1's GELU is that of the tanh approximation.
///
/// # Shapes
/// - `x`, output: any
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if is_flex(&x.device()) {
        return burn::tensor::activation::gelu(x);
    }
    let distribution = (x.clone() / std::f64::consts::SQRT_2).erf().add_scalar(1.0);
    x * distribution / 2.0
}

/// Reference implementation of [`attention`](crate::attention()).
///
/// # Shapes
/// - `qkv`: `[n, tokens, 3·d]`
/// - output: `[n, tokens, d]`
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    let [n, tokens, width] = qkv.dims();
    let d = width / 3;
    let [q, k, v] = std::array::from_fn(|part| {
        let part = qkv.clone().narrow(2, part * d, d);
        part.reshape([n, tokens, heads, d / heads]).swap_dims(1, 2)
    });
    let scale = ((d / heads) as f64).sqrt().recip();
    let logits = widen(q.mul_scalar(scale).matmul(k.swap_dims(2, 3)));
    let weights = cast_like(softmax(logits, 3), &v);
    weights.matmul(v).swap_dims(1, 2).reshape([n, tokens, d])
}

/// Reference implementation of [`log_sum_exp`](crate::log_sum_exp), which stores the matrix of
/// similarities.
///
/// # Shapes
/// - queries: `[n, d]`; keys: `[k, d]`
/// - output: `[n]`
pub fn log_sum_exp(queries: Tensor<2>, keys: Tensor<2>, temperature: f64) -> Tensor<1> {
    rows_log_sum_exp(queries.matmul(keys.transpose()) / temperature)
}

/// Reference implementation of [`log_sum_exp_of_others`](crate::log_sum_exp_of_others), which
/// stores the matrix of similarities.
///
/// # Shapes
/// - x: `[n, d]`
/// - output: `[n]`
pub fn log_sum_exp_of_others(x: Tensor<2>, temperature: f64) -> Tensor<1> {
    let ([n, _], device) = (x.dims(), x.device());
    let similarity = x.clone().matmul(x.transpose()) / temperature;
    // The gradient of a filled entry is zero.
    let itself = Tensor::<2, Bool>::diag_mask([n, n], 0, &device).bool_not();
    rows_log_sum_exp(similarity.mask_fill(itself, f32::MIN / 2.0))
}

/// Reference implementation of [`info_nce_from_embeddings`](crate::info_nce_from_embeddings).
///
/// # Shapes
/// - queries, positives: `[n, d]`; keys: `[k, d]`
/// - output: `[n]`
pub fn info_nce_from_embeddings(
    queries: Tensor<2>,
    positives: Tensor<2>,
    keys: Tensor<2>,
    temperature: f64,
) -> Tensor<1> {
    let positive = (queries.clone() * positives).sum_dim(1) / temperature; // [n, 1]
    let negative = queries.matmul(keys.transpose()) / temperature; // [n, k]
    let all = Tensor::cat(vec![positive.clone(), negative], 1);
    rows_log_sum_exp(all) - positive.squeeze_dim::<1>(1)
}

/// Reference implementation of [`soft_cross_entropy`](crate::soft_cross_entropy), which stores both
/// softmaxes.
///
/// # Shapes
/// - student, teacher: `[n, k]`; centre: `[k]`
/// - output: `[n]`
pub fn soft_cross_entropy(
    student: Tensor<2>,
    teacher: Tensor<2>,
    centre: Tensor<1>,
    temperature: f64,
    temperature_of_teacher: f64,
) -> Tensor<1> {
    let centred = teacher.detach() - centre.detach().unsqueeze();
    let target = softmax(centred / temperature_of_teacher, 1);
    (target * log_softmax(student / temperature, 1)).sum_dim(1).neg().squeeze_dim(1)
}

/// Reference implementation of [`off_diagonal_energy`](crate::off_diagonal_energy).
///
/// # Shapes
/// - c: `[d, d]`
/// - output: `[1]`
pub fn off_diagonal_energy(c: Tensor<2>) -> Tensor<1> {
    let on_diagonal = Tensor::<2, Bool>::diag_mask(c.dims(), 0, &c.device()).bool_not();
    c.mask_fill(on_diagonal, 0.0).square().sum()
}

/// Reference implementation of [`redundancy`](crate::redundancy).
///
/// # Shapes
/// - c: `[d, d]`
/// - output: `[1]`
pub fn redundancy(c: Tensor<2>, lambda: f64) -> Tensor<1> {
    let off_diagonal = Tensor::<2, Bool>::diag_mask(c.dims(), 0, &c.device());
    let diagonal = (c.clone() - 1.0).mask_fill(off_diagonal, 0.0).square().sum();
    diagonal + off_diagonal_energy(c) * lambda
}

/// Reference implementation of [`sgd`](crate::sgd), tensor by tensor.
///
/// # Shapes
/// - weights, gradients, velocities and both outputs: the same lengths, tensor by tensor
pub fn sgd(
    weights: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    velocities: Vec<Tensor<1>>,
    rule: &Sgd,
) -> (Vec<Tensor<1>>, Vec<Tensor<1>>) {
    let step = |((w, g), b): ((Tensor<1>, Tensor<1>), Tensor<1>)| {
        let mut update = match rule.decay {
            0.0 => g.clone(),
            decay => g.clone() + w.clone() * decay,
        };
        if let Some(ratio) = rule.ratio {
            update = update.clone() * trust_ratio(ratio, w.clone(), g, update, rule);
        }
        if rule.rate_inside {
            update = update * rule.rate;
        }
        let velocity = b * rule.momentum + update.clone();
        let change = if rule.nesterov {
            update + velocity.clone() * rule.momentum
        } else {
            velocity.clone()
        };
        let change = if rule.rate_inside { change } else { change * rule.rate };
        (w - change, velocity)
    };
    weights.into_iter().zip(gradients).zip(velocities).map(step).unzip()
}

/// Trust ratio `[1]` of a weight, its gradient and its decayed gradient, each `[n]`.
fn trust_ratio(
    ratio: Ratio,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    decayed: Tensor<1>,
    rule: &Sgd,
) -> Tensor<1> {
    let norm = |tensor: Tensor<1>| tensor.square().sum().sqrt();
    let weight = norm(weight);
    let (gradient, denominator) = match ratio {
        Ratio::OfDecayed { .. } => (norm(decayed.clone()), norm(decayed)),
        Ratio::OfParts { .. } => {
            let gradient = norm(gradient);
            (gradient.clone(), gradient + weight.clone() * rule.decay)
        }
    };
    let zero = weight.clone().equal_elem(0.0).bool_or(gradient.equal_elem(0.0));
    let value = weight * ratio.trust() / denominator;
    let value = match ratio {
        Ratio::OfParts { limited: true, .. } => (value / rule.rate).clamp_max(1.0),
        _ => value,
    };
    value.mask_fill(zero, 1.0)
}

/// Reference implementation of [`adamw`](crate::adamw), tensor by tensor.
///
/// # Shapes
/// - weights, gradients, both moments and all three outputs: the same lengths, tensor by tensor
pub fn adamw(
    weights: Vec<Tensor<1>>,
    gradients: Vec<Tensor<1>>,
    [first, second]: [Vec<Tensor<1>>; 2],
    rule: &AdamW,
) -> (Vec<Tensor<1>>, [Vec<Tensor<1>>; 2]) {
    let ([of_first, of_second], [correct_first, correct_second]) = (rule.betas, rule.corrections());
    let step = |(((w, g), m), v): (((Tensor<1>, Tensor<1>), Tensor<1>), Tensor<1>)| {
        let m = m * of_first + g.clone() * (1.0 - of_first);
        let v = v * of_second + g.square() * (1.0 - of_second);
        let root = (v.clone() / correct_second).sqrt() + rule.epsilon;
        let change = m.clone() / correct_first / root;
        (w * rule.decay_factor() - change * rule.rate, (m, v))
    };
    let all = weights.into_iter().zip(gradients).zip(first).zip(second);
    let (weights, (first, second)) = all.map(step).unzip();
    (weights, [first, second])
}

/// Reference implementation of [`moving_averages`](crate::moving_averages), tensor by tensor.
///
/// # Shapes
/// - copies, others, output: the same lengths, tensor by tensor
pub fn moving_averages(
    copies: Vec<Tensor<1>>,
    others: Vec<Tensor<1>>,
    momentum: f64,
) -> Vec<Tensor<1>> {
    let average =
        |(copy, other): (Tensor<1>, Tensor<1>)| copy * momentum + other * (1.0 - momentum);
    copies.into_iter().zip(others).map(average).collect()
}

/// Reference implementation of [`running_statistics`](crate::running_statistics).
///
/// # Shapes
/// - running mean and variance, the batch's mean and biased variance, both outputs: `[c]`
pub fn running_statistics(
    [running_mean, running_variance]: [Tensor<1>; 2],
    [mean, variance]: [Tensor<1>; 2],
    momentum: f64,
    values: usize,
) -> [Tensor<1>; 2] {
    let variance = variance.mul_scalar(unbiased(values));
    [(running_mean, mean), (running_variance, variance)]
        .map(|(running, batch)| running.mul_scalar(1.0 - momentum).add(batch.mul_scalar(momentum)))
}

/// Bessel's correction `n / (n − 1)`, which makes a biased variance unbiased.
pub(crate) fn unbiased(values: usize) -> f64 {
    values as f64 / (values - 1) as f64
}

/// Reference implementation of [`views`](crate::views()): computed by host threads and uploaded.
///
/// # Shapes
/// - output: `[views, 3, size, size]`
pub fn views(plans: &[Plan], pictures: &[Picture<'_>], device: &Device) -> Tensor<4> {
    let (views, size) = (plans.len(), plans[0].size());
    let mut values = vec![0.0; views * 3 * size * size];
    apply_batch(plans, pictures, &mut values);
    Tensor::from_data(TensorData::new(values, [views, 3, size, size]), device)
}

/// Log-sum-exp `[n]` of the rows of a matrix `[n, k]`.
fn rows_log_sum_exp(x: Tensor<2>) -> Tensor<1> {
    let largest = x.clone().detach().max_dim(1);
    ((x - largest.clone()).exp().sum_dim(1).log() + largest).squeeze_dim(1)
}
