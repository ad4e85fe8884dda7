//! Multinomial logistic regression: the objective function of a linear probe.

use rayon::prelude::*;

use crate::linalg::{Matrix, dot, multiply};

/// Number of rows per matrix product: 256 rows of 512 features fit into the L2 cache, so that the
/// gradient reuses the rows that the logits have loaded.
const BLOCK: usize = 256;
/// Number of parts into which the rows are split. It does not depend on the number of threads, so
/// that the order of every sum is fixed.
const PARTS: usize = 16;

/// `f(W, b) = 1/n sum_i [ logsumexp(W x_i + b) - (W x_i + b)_{y_i} ] + λ/2 |W|^2`; the
/// bias is not regularised.
///
/// Features and matrix products are f32, sums over pictures f64.
pub(crate) struct Logistic<'a> {
    /// `[n, dim]`, row-major.
    pub(crate) rows: &'a [f32],
    pub(crate) labels: &'a [usize],
    pub(crate) dim: usize,
    pub(crate) classes: usize,
    /// λ, the regularisation strength.
    pub(crate) lambda: f64,
}

/// Sums over a part of the rows.
struct Sums {
    loss: f64,
    weights: Vec<f64>,
    bias: Vec<f64>,
}

impl Logistic<'_> {
    /// Number of variables: `W` as `[classes, dim]`, row-major, then `b`.
    pub(crate) fn variables(&self) -> usize {
        self.classes * (self.dim + 1)
    }

    /// Returns the value at a point and writes the gradient to `gradient`.
    pub(crate) fn evaluate(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let n = self.labels.len();
        let (weights, bias) = point.split_at(self.classes * self.dim);
        let weights32: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
        let part = n.div_ceil(PARTS).next_multiple_of(BLOCK);
        let parts: Vec<Sums> = self
            .rows
            .par_chunks(part * self.dim)
            .zip(self.labels.par_chunks(part))
            .map(|(rows, labels)| self.sums(rows, labels, &weights32, bias))
            .collect();
        let (to_weights, to_bias) = gradient.split_at_mut(weights.len());
        to_weights.iter_mut().zip(weights).for_each(|(g, w)| *g = self.lambda * w);
        to_bias.fill(0.0);
        let mut loss = 0.0;
        for sums in &parts {
            loss += sums.loss;
            let scale = 1.0 / n as f64;
            to_weights.iter_mut().zip(&sums.weights).for_each(|(g, sum)| *g += scale * sum);
            to_bias.iter_mut().zip(&sums.bias).for_each(|(g, sum)| *g += scale * sum);
        }
        loss / n as f64 + 0.5 * self.lambda * dot(weights, weights)
    }

    fn sums(&self, rows: &[f32], labels: &[usize], weights: &[f32], bias: &[f64]) -> Sums {
        let (d, c) = (self.dim, self.classes);
        let mut sums = Sums { loss: 0.0, weights: vec![0.0; c * d], bias: vec![0.0; c] };
        let mut residual = vec![0.0; BLOCK * c];
        let mut product = vec![0.0; c * d];
        for (rows, labels) in rows.chunks(BLOCK * d).zip(labels.chunks(BLOCK)) {
            let residual = &mut residual[..labels.len() * c];
            multiply(residual, Matrix::new(rows, d), Matrix::new(weights, d).t());
            for (logits, &label) in residual.chunks_exact_mut(c).zip(labels) {
                sums.loss += to_residual(logits, bias, label);
                sums.bias.iter_mut().zip(&*logits).for_each(|(sum, &r)| *sum += f64::from(r));
            }
            multiply(&mut product, Matrix::new(residual, c).t(), Matrix::new(rows, d));
            sums.weights.iter_mut().zip(&product).for_each(|(sum, &p)| *sum += f64::from(p));
        }
        sums
    }

    /// The logits of all rows, `[n, classes]`.
    pub(crate) fn logits(rows: &[f32], dim: usize, classes: usize, point: &[f64]) -> Vec<f64> {
        let (weights, bias) = point.split_at(classes * dim);
        let weights: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
        let mut logits = vec![0.0; rows.len() / dim * classes];
        let blocks = logits.par_chunks_mut(BLOCK * classes).zip(rows.par_chunks(BLOCK * dim));
        blocks.for_each(|(logits, rows)| {
            let mut product = vec![0f32; logits.len()];
            multiply(&mut product, Matrix::new(rows, dim), Matrix::new(&weights, dim).t());
            for (i, (logit, &p)) in logits.iter_mut().zip(&product).enumerate() {
                *logit = f64::from(p) + bias[i % classes];
            }
        });
        logits
    }
}

/// Replaces the products `W x` by `softmax(W x + b) - onehot(label)` and returns the cross-entropy.
pub(crate) fn to_residual(logits: &mut [f32], bias: &[f64], label: usize) -> f64 {
    logits.iter_mut().zip(bias).for_each(|(logit, &b)| *logit += b as f32);
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let own = f64::from(logits[label] - top);
    let mut sum = 0.0;
    for logit in &mut *logits {
        *logit = (*logit - top).exp();
        sum += f64::from(*logit);
    }
    let scale = (1.0 / sum) as f32;
    logits.iter_mut().for_each(|p| *p *= scale);
    logits[label] -= 1.0;
    sum.ln() - own
}

/// Mean cross-entropy of logits, `[n, classes]`.
pub(crate) fn cross_entropy(logits: &[f64], labels: &[usize], classes: usize) -> f64 {
    let one = |(logits, &label): (&[f64], &usize)| {
        let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        logits.iter().map(|logit| (logit - top).exp()).sum::<f64>().ln() + top - logits[label]
    };
    logits.chunks_exact(classes).zip(labels).map(one).sum::<f64>() / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clouds, random};

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        let features = clouds(700, 5, 4, 1.0, 3);
        let logistic = Logistic {
            rows: &features.values,
            labels: &features.labels,
            dim: 5,
            classes: 4,
            lambda: 0.03,
        };
        let point: Vec<f64> = random(24, 9).into_iter().map(f64::from).collect();
        let mut gradient = vec![0.0; 24];
        logistic.evaluate(&point, &mut gradient);
        let mut unused = vec![0.0; 24];
        for i in 0..24 {
            let mut at = |offset: f64| {
                let mut point = point.clone();
                point[i] += offset;
                logistic.evaluate(&point, &mut unused)
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((slope - gradient[i]).abs() < 1e-4, "{i}: {slope} not {}", gradient[i]);
        }
    }

    #[test]
    fn zero_weights_have_the_loss_of_uniform_probabilities() {
        let features = clouds(600, 3, 6, 1.0, 3);
        let logistic = Logistic {
            rows: &features.values,
            labels: &features.labels,
            dim: 3,
            classes: 6,
            lambda: 1.0,
        };
        let mut gradient = vec![0.0; logistic.variables()];
        let value = logistic.evaluate(&vec![0.0; logistic.variables()], &mut gradient);
        assert!((value - 6f64.ln()).abs() < 1e-6);
        assert!(gradient[18..].iter().all(|g| g.abs() < 1e-6), "classes of equal size");
    }

    #[test]
    fn logits_and_cross_entropy_agree_with_the_value() {
        let features = clouds(300, 5, 3, 1.0, 3);
        let (rows, labels) = (&features.values, &features.labels);
        let logistic = Logistic { rows, labels, dim: 5, classes: 3, lambda: 0.0 };
        let point: Vec<f64> = random(18, 4).into_iter().map(f64::from).collect();
        let value = logistic.evaluate(&point, &mut [0.0; 18]);
        let logits = Logistic::logits(rows, 5, 3, &point);
        assert!((cross_entropy(&logits, labels, 3) - value).abs() < 1e-6);
    }
}
