//! MoCo's linear classification on cached features.

use rand::RngExt;
use rand::seq::SliceRandom;
use sempairs_data::{DataError, Key, Side, interrupt};
use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use super::logistic_regression::{Logistic, to_residual};
use crate::limits::{BATCHES, EPOCHS, MILESTONES, RATES};
use crate::linalg::{Matrix, multiply};
use crate::{
    ConfigError, EvalError, EvaluationProtocol, Features, Predictions, ProtocolInput,
    ProtocolOutput, ProtocolSettings,
};

/// Linear classification as in MoCo's evaluation (He et al., 2020, section 4.1, and the authors'
/// settings): SGD with momentum 0.9, learning rate 30, batch size 256, 100 epochs, learning rate
/// divided by ten after epochs 60 and 80, no weight decay, weights from a normal distribution with
/// standard deviation 0.01, and bias 0. Features are not scaled.
///
/// **A variant of the original**: features are computed once from the fixed evaluation view,
/// whereas MoCo crops and flips the training pictures at random in every epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdMoco {
    /// Initial learning rate, not scaled by the batch size.
    pub learning_rate: f64,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Batch size; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// Number of epochs.
    pub epochs: usize,
    /// Epochs, counted from 0, at whose start the learning rate is divided by ten.
    pub milestones: Vec<usize>,
    /// Random seed of the initial weights and of the order of pictures.
    pub seed: u64,
}

impl Default for SgdMoco {
    fn default() -> Self {
        Self {
            learning_rate: 30.0,
            momentum: 0.9,
            batch: 256,
            epochs: 100,
            milestones: vec![60, 80],
            seed: 0,
        }
    }
}

/// Standard deviation of the initial weights.
const INITIAL_STD: f64 = 0.01;

impl EvaluationProtocol for SgdMoco {
    fn name(&self) -> String {
        // The original evaluation of MoCo crops and flips training pictures at random in every
        // epoch.
        "sgd-moco-fixed-view".into()
    }

    fn settings(&self) -> ProtocolSettings {
        self.clone().into()
    }

    fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("learning_rate", self.learning_rate, RATES)?;
        ConfigError::unless_share("momentum", self.momentum)?;
        ConfigError::unless_within("batch", self.batch, BATCHES)?;
        ConfigError::unless_within("epochs", self.epochs, EPOCHS)?;
        match MILESTONES.contains(&self.milestones.len()) {
            true => Ok(()),
            false => {
                let (count, most) = (self.milestones.len(), MILESTONES.end());
                let reason = format!("has {count} values, but must have at most {most}");
                Err(ConfigError::new("milestones", reason))
            }
        }
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        let (train, queries) = input.features()?;
        Ok(self.predict_with(train, queries, input.progress())?.into())
    }
}

impl SgdMoco {
    /// Trains the classifier on `train` and ranks the classes for every query.
    ///
    /// # Shapes
    /// - queries: `[n, dim]`, row-major
    ///
    /// # Errors
    ///
    /// [`EvalError::Config`] for settings out of range, [`EvalError::Diverged`] if weights or
    /// outputs are not finite.
    pub fn predict(&self, train: &Features, queries: &[f32]) -> Result<Predictions, EvalError> {
        self.predict_with(train, queries, &ProgressBar::hidden())
    }

    /// [`predict`](Self::predict) with a progress bar that counts epochs.
    pub(crate) fn predict_with(
        &self,
        train: &Features,
        queries: &[f32],
        progress: &ProgressBar,
    ) -> Result<Predictions, EvalError> {
        self.check()?;
        let rate = |epoch| self.rate(epoch);
        self.classifier(&rate)
            .predict(train, queries, progress)
            .map_err(|failure| failure.of(self, self.learning_rate))
    }

    /// Learning rate of an epoch, counted from 0.
    fn rate(&self, epoch: usize) -> f64 {
        let passed = self.milestones.iter().filter(|&&at| epoch >= at).count();
        self.learning_rate * 0.1f64.powi(passed as i32)
    }

    fn classifier<'a>(&self, rate: &'a dyn Fn(usize) -> f64) -> LinearSgd<'a> {
        let Self { momentum, batch, epochs, seed, .. } = *self;
        LinearSgd { momentum, batch, epochs, seed, rate }
    }
}

/// Reason why the training of a classifier gives no predictions.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The process was interrupted.
    #[error(transparent)]
    Interrupted(#[from] DataError),
    /// A weight is not finite.
    #[error("the classifier's weights are not finite after epoch {epoch}")]
    Weights { epoch: usize },
    /// A logit of a test picture is not finite, although the weights are.
    #[error("the classifier's outputs for the test pictures are not finite")]
    Logits,
}

impl Failure {
    /// The error of a protocol with the learning rate `rate`.
    pub(crate) fn of(self, protocol: &dyn EvaluationProtocol, rate: f64) -> EvalError {
        match self {
            Self::Interrupted(error) => error.into(),
            diverged => EvalError::diverged(protocol.name(), diverged, rate),
        }
    }
}

/// SGD training of a linear classifier, initialised with normal weights of standard deviation 0.01
/// and zero bias.
pub(crate) struct LinearSgd<'a> {
    pub momentum: f64,
    pub batch: usize,
    pub epochs: usize,
    pub seed: u64,
    /// Learning rate of an epoch, counted from 0.
    pub rate: &'a dyn Fn(usize) -> f64,
}

impl LinearSgd<'_> {
    /// Trains on `train` and ranks the classes of every query.
    pub fn predict(
        &self,
        train: &Features,
        queries: &[f32],
        progress: &ProgressBar,
    ) -> Result<Predictions, Failure> {
        let (point, classes) = (self.fit(train, progress)?, train.classes.len());
        let logits = Logistic::logits(queries, train.dim, classes, &point);
        Predictions::from_scores(&logits, classes).ok_or(Failure::Logits)
    }

    /// Trained weights `[classes, dim]`, followed by the bias.
    fn fit(&self, train: &Features, progress: &ProgressBar) -> Result<Vec<f64>, Failure> {
        progress.set_length(self.epochs as u64);
        let (d, c) = (train.dim, train.classes.len());
        let mut point = start(self.seed, c * d, c);
        let mut velocity = vec![0.0; point.len()];
        let mut order: Vec<usize> = (0..train.labels.len()).collect();
        for epoch in 0..self.epochs {
            let rate = (self.rate)(epoch) as f32;
            order.sort_unstable();
            order.shuffle(&mut key(self.seed, epoch as u64).rng(0));
            for batch in order.chunks(self.batch) {
                interrupt::check()?;
                let gradient = gradient(train, batch, &point);
                for ((x, v), g) in point.iter_mut().zip(&mut velocity).zip(gradient) {
                    *v = self.momentum as f32 * *v + g;
                    *x -= rate * *v;
                }
            }
            if !point.iter().all(|x| x.is_finite()) {
                return Err(Failure::Weights { epoch: epoch + 1 });
            }
            progress.inc(1);
        }
        Ok(point.into_iter().map(f64::from).collect())
    }
}

fn key(seed: u64, epoch: u64) -> Key {
    Key { seed, epoch, picture: 0, side: Side::Left }
}

/// Initial weights, drawn from a normal distribution by the Box-Muller method (1958), followed by
/// the bias.
fn start(seed: u64, weights: usize, bias: usize) -> Vec<f32> {
    let mut rng = key(seed, 0).rng(1);
    let mut normal = || {
        let (u, v): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let mut point: Vec<f32> = (0..weights).map(|_| (INITIAL_STD * normal()) as f32).collect();
    point.resize(weights + bias, 0.0);
    point
}

/// Gradient of the mean cross-entropy over a batch.
fn gradient(train: &Features, batch: &[usize], point: &[f32]) -> Vec<f32> {
    let (d, c) = (train.dim, train.classes.len());
    let (weights, bias) = point.split_at(c * d);
    let bias: Vec<f64> = bias.iter().map(|&b| f64::from(b)).collect();
    let rows: Vec<f32> = train.rows(batch).flatten().copied().collect();
    let mut residual = vec![0.0; batch.len() * c];
    multiply(&mut residual, Matrix::new(&rows, d), Matrix::new(weights, d).t());
    let mut gradient = vec![0.0; c * (d + 1)];
    let (to_weights, to_bias) = gradient.split_at_mut(c * d);
    for (logits, &index) in residual.chunks_exact_mut(c).zip(batch) {
        to_residual(logits, &bias, train.labels[index]);
        for (r, to_bias) in logits.iter_mut().zip(&mut *to_bias) {
            *r /= batch.len() as f32;
            *to_bias += *r;
        }
    }
    multiply(to_weights, Matrix::new(&residual, c).t(), Matrix::new(&rows, d));
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clouds;

    /// The weights after training.
    fn fitted(sgd: &SgdMoco, train: &Features) -> Vec<f64> {
        let rate = |epoch| sgd.rate(epoch);
        sgd.classifier(&rate).fit(train, &ProgressBar::hidden()).unwrap()
    }

    #[test]
    fn separable_classes_are_separated_reproducibly() {
        let (train, test) = (clouds(300, 8, 5, 0.1, 1), clouds(100, 8, 5, 0.1, 2));
        let sgd = SgdMoco { epochs: 20, ..SgdMoco::default() };
        let ranked = sgd.predict(&train, &test.values).unwrap();
        assert_eq!(ranked.top_k_accuracy(1, &test.labels), 1.0);
        assert_eq!(ranked, sgd.predict(&train, &test.values).unwrap());
    }

    #[test]
    fn one_step_matches_values_computed_by_hand() {
        // One batch, one epoch: W1 = W0 - lr * gradient(W0).
        let train = clouds(12, 3, 3, 1.0, 1);
        let sgd = SgdMoco { epochs: 1, batch: 12, learning_rate: 0.5, ..SgdMoco::default() };
        let start: Vec<f64> = super::start(sgd.seed, 9, 3).into_iter().map(f64::from).collect();
        let (rows, labels) = (&train.values, &train.labels);
        let logistic = Logistic { rows, labels, dim: 3, classes: 3, lambda: 0.0 };
        let mut slope = vec![0.0; 12];
        logistic.evaluate(&start, &mut slope);
        let after: Vec<f64> = start.iter().zip(&slope).map(|(x, g)| x - 0.5 * g).collect();
        let fitted = fitted(&sgd, &train);
        assert_eq!(fitted.len(), after.len());
        for (ours, by_hand) in fitted.iter().zip(&after) {
            assert!((ours - by_hand).abs() < 1e-6, "{fitted:?} is not {after:?}");
        }
        assert!(
            start.iter().zip(&after).any(|(x, y)| (x - y).abs() > 1e-2),
            "a step that is not negligible"
        );
        let ranked =
            Predictions::from_scores(&Logistic::logits(&train.values, 3, 3, &fitted), 3).unwrap();
        assert_eq!(sgd.predict(&train, &train.values).unwrap(), ranked);
    }

    #[test]
    fn two_steps_with_momentum_and_milestone_match_values_computed_by_hand() {
        // v1 = g(W0), W1 = W0 - lr v1; v2 = m v1 + g(W1), W2 = W1 - lr / 10 v2 after the milestone
        // at epoch 1.
        let train = clouds(12, 3, 3, 1.0, 1);
        let (momentum, learning_rate) = (0.75, 0.5);
        let sgd = SgdMoco {
            epochs: 2,
            batch: 12,
            milestones: vec![1],
            learning_rate,
            momentum,
            ..SgdMoco::default()
        };
        let (rows, labels) = (&train.values, &train.labels);
        let logistic = Logistic { rows, labels, dim: 3, classes: 3, lambda: 0.0 };
        let mut point: Vec<f64> = super::start(sgd.seed, 9, 3).into_iter().map(f64::from).collect();
        let mut velocity = vec![0.0; 12];
        for rate in [learning_rate, learning_rate / 10.0] {
            let mut slope = vec![0.0; 12];
            logistic.evaluate(&point, &mut slope);
            for ((x, v), g) in point.iter_mut().zip(&mut velocity).zip(slope) {
                *v = momentum * *v + g;
                *x -= rate * *v;
            }
        }
        let fitted = fitted(&sgd, &train);
        for (ours, by_hand) in fitted.iter().zip(&point) {
            assert!((ours - by_hand).abs() < 1e-6, "{fitted:?} is not {point:?}");
        }
    }

    #[test]
    fn initial_weights_have_their_standard_deviation() {
        let start = super::start(0, 20_000, 4);
        let square: f64 = start.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / 20_000.0;
        assert!((square.sqrt() / 0.01 - 1.0).abs() < 0.02);
        assert_eq!(start[20_000..], [0.0; 4]);
    }

    #[test]
    fn divergence_is_an_error() {
        let mut train = clouds(64, 4, 3, 1.0, 1);
        // Gradients are proportional to the features, so the first step overflows f32.
        train.values.iter_mut().for_each(|x| *x *= 1e36);
        let sgd = SgdMoco { learning_rate: 1e6, ..SgdMoco::default() };
        let message = sgd.predict(&train, &[0.0; 4]).unwrap_err().to_string();
        assert!(message.starts_with("sgd-moco-fixed-view gives no score"), "{message}");
        assert!(message.contains("weights") && message.contains("`learning_rate`"), "{message}");
    }

    #[test]
    fn learning_rates_out_of_range_are_named() {
        for learning_rate in [0.0, -1.0, 1.1e6, f64::INFINITY, f64::NAN] {
            let sgd = SgdMoco { learning_rate, ..SgdMoco::default() };
            let message = sgd.check().unwrap_err().to_string();
            assert!(message.contains("`learning_rate`: must be from 1e-12 to "), "{message}");
        }
        assert!(SgdMoco { learning_rate: 1e6, ..SgdMoco::default() }.check().is_ok());
    }

    /// The weights are finite, but their products with the test features are not.
    #[test]
    fn outputs_that_are_not_finite_are_an_error() {
        let train = clouds(64, 4, 3, 1.0, 1);
        let sgd = SgdMoco { epochs: 2, ..SgdMoco::default() };
        let message = sgd.predict(&train, &[1e38; 4]).unwrap_err().to_string();
        assert!(message.contains("outputs for the test pictures are not finite"), "{message}");
    }
}
