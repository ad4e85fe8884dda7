//! Linear probe: logistic regression on frozen features.

use sempairs_data::interrupt;
use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use super::logistic_regression::{Logistic, cross_entropy};
use super::stratified_split::stratified_split;
use crate::features::StandardScaler;
use crate::features::check_finite;
use crate::limits::{GRID, ITERATIONS, STRENGTHS};
use crate::linalg::{Lbfgs, Minimum, Stop};
use crate::{
    ConfigError, EvalError, EvaluationProtocol, Features, Predictions, ProtocolInput,
    ProtocolOutput, ProtocolSettings,
};

/// Linear probe: multinomial logistic regression with L2 regularisation on frozen features, fitted
/// by L-BFGS.
///
/// 1. Features are standardised with the mean and the standard deviation of the pictures that are
///    fitted on.
/// 2. A class-stratified, seeded part of the training set is held out. λ is selected from a grid
///    by the accuracy on the held-out part after a fit on the rest; ties are broken by the lower
///    cross-entropy. The grid is searched from the strongest λ to the weakest, and each fit starts
///    from the previous one (warm start).
/// 3. The probe is fitted on the whole training set with the selected λ.
/// 4. The test set is classified once; no step above uses it.
///
/// The selection follows SimCLR's transfer protocol (Chen et al., 2020, appendix B.8). The grid
/// differs from SimCLR's, because λ here is relative to the *mean* cross-entropy on *standardised*
/// features, where weights vanish above 10 and regularisation has no effect below 1e-5.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// Smallest λ of the grid.
    pub weakest: f64,
    /// Largest λ of the grid.
    pub strongest: f64,
    /// Number of values of the grid, evenly spaced in log λ, including both ends.
    pub values: usize,
    /// Fraction of every class that is held out for the selection of λ.
    pub held_out: f64,
    /// Random seed of the held-out part.
    pub seed: u64,
    /// Maximum number of L-BFGS iterations per fit.
    pub iterations: usize,
    /// A fit has converged when no component of the gradient exceeds this value.
    pub tolerance: f64,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            weakest: 1e-5,
            strongest: 10.0,
            values: 13,
            held_out: 0.2,
            seed: 0,
            iterations: 200,
            tolerance: 1e-6,
        }
    }
}

/// A value of the grid with its result on the held-out part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Regularisation strength λ.
    pub lambda: f64,
    /// Top-1 accuracy on the held-out part, in [0, 1].
    pub accuracy: f64,
    /// Mean cross-entropy on the held-out part, in nats.
    pub cross_entropy: f64,
}

/// A fitted probe.
#[derive(Clone, Debug)]
pub struct FittedProbe {
    probe: Probe,
    scaler: StandardScaler,
    dim: usize,
    classes: usize,
    minimum: Minimum,
    /// The selected value.
    pub chosen: Trial,
    /// All values of the grid in the order of the search.
    pub trials: Vec<Trial>,
}

impl EvaluationProtocol for Probe {
    fn name(&self) -> String {
        "probe-lbfgs".into()
    }

    fn settings(&self) -> ProtocolSettings {
        (*self).into()
    }

    fn check(&self) -> Result<(), ConfigError> {
        let error = |key, reason: String| Err(ConfigError::new(key, reason));
        let Self { weakest, strongest, values, held_out, .. } = *self;
        ConfigError::unless_within("weakest", weakest, STRENGTHS)?;
        ConfigError::unless_within("strongest", strongest, STRENGTHS)?;
        if strongest < weakest {
            return error("strongest", format!("is {strongest}, less than `weakest`, {weakest}"));
        }
        ConfigError::unless_within("values", values, GRID)?;
        if values == 1 && strongest > weakest {
            return error("values", "is 1, but the grid has two ends".into());
        }
        if !(held_out > 0.0 && held_out < 1.0) {
            let reason = format!("must be more than 0 and less than 1, not {held_out}");
            return error("held_out", reason);
        }
        ConfigError::unless_within("iterations", self.iterations, ITERATIONS)?;
        ConfigError::unless_positive("tolerance", self.tolerance)
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        let (train, queries) = input.features()?;
        let fitted = self.fit_with(train, input.progress())?;
        let extra = [
            ("lambda", fitted.chosen.lambda),
            ("held_out_top1", fitted.chosen.accuracy),
            ("train_loss", fitted.minimum().value),
            ("iterations", fitted.minimum().iterations as f64),
            ("largest_gradient", fitted.minimum().gradient),
        ];
        let extra = extra.map(|(name, value)| (name.to_owned(), value)).into();
        Ok(ProtocolOutput { predictions: fitted.predict(queries)?, extra })
    }
}

impl Probe {
    /// The grid, from the largest value to the smallest.
    pub fn grid(&self) -> Vec<f64> {
        let (ratio, last) = (self.weakest / self.strongest, self.values - 1);
        let value = |i: usize| self.strongest * ratio.powf(i as f64 / last.max(1) as f64);
        (0..self.values).map(|i| if i == last { self.weakest } else { value(i) }).collect()
    }

    /// Selects λ on a held-out part of `train` and fits the probe on all of `train`.
    ///
    /// # Errors
    ///
    /// [`EvalError::Config`] for settings out of range, [`EvalError::TooFew`] if no class has two
    /// pictures; [`EvalError::NotFinite`] for features that are infinite or NaN.
    pub fn fit(&self, train: &Features) -> Result<FittedProbe, EvalError> {
        self.fit_with(train, &ProgressBar::hidden())
    }

    /// [`fit`](Self::fit) with a progress bar that counts fits.
    pub(crate) fn fit_with(
        &self,
        train: &Features,
        progress: &ProgressBar,
    ) -> Result<FittedProbe, EvalError> {
        self.check()?;
        check_finite(&train.values)?;
        progress.set_length(self.values as u64 + 1);
        let split = stratified_split(&train.labels, self.held_out, self.seed);
        if split.held_out.is_empty() {
            let what = "the held-out part of the linear probe".into();
            return Err(EvalError::TooFew { what, found: train.labels.len() });
        }
        let scaler = StandardScaler::fit(train.rows(&split.fit), train.dim);
        let fit = scaler.transform(train.rows(&split.fit));
        let fit_labels = train.labels_of(&split.fit);
        let held_out = scaler.transform(train.rows(&split.held_out));
        let held_out_labels = train.labels_of(&split.held_out);
        let (dim, classes) = (train.dim, train.classes.len());

        let mut point = vec![0.0; classes * (dim + 1)];
        let mut trials = Vec::with_capacity(self.values);
        let mut best: Option<(Trial, Vec<f64>)> = None;
        for lambda in self.grid() {
            let logistic = Logistic { rows: &fit, labels: &fit_labels, dim, classes, lambda };
            point = self.minimise(&logistic, point).point;
            interrupt::check()?;
            progress.inc(1);
            let logits = Logistic::logits(&held_out, dim, classes, &point);
            let ranked = Predictions::from_scores(&logits, classes).ok_or_else(|| {
                self.diverged(format!("with λ = {lambda} its outputs are not finite"))
            })?;
            let trial = Trial {
                lambda,
                accuracy: ranked.top_k_accuracy(1, &held_out_labels),
                cross_entropy: cross_entropy(&logits, &held_out_labels, classes),
            };
            trials.push(trial);
            let better = |(best, _): &(Trial, Vec<f64>)| {
                (trial.accuracy, -trial.cross_entropy) > (best.accuracy, -best.cross_entropy)
            };
            if best.as_ref().is_none_or(better) {
                best = Some((trial, point.clone()));
            }
        }
        let (chosen, start) = best.expect("a grid with at least one value");

        let scaler = StandardScaler::fit(train.all_rows(), dim);
        let rows = scaler.transform(train.all_rows());
        let (labels, lambda) = (&train.labels, chosen.lambda);
        let logistic = Logistic { rows: &rows, labels, dim, classes, lambda };
        let minimum = self.minimise(&logistic, start);
        interrupt::check()?;
        progress.inc(1);
        if minimum.stop == Stop::NotFinite {
            return Err(self.diverged(format!("with λ = {lambda} its loss is not finite")));
        }
        Ok(FittedProbe { probe: *self, scaler, dim, classes, minimum, chosen, trials })
    }

    fn diverged(&self, what: String) -> EvalError {
        let advice =
            "check that training and test features come from the same weights and views".into();
        EvalError::Diverged { protocol: self.name(), what, advice }
    }

    fn minimise(&self, logistic: &Logistic<'_>, start: Vec<f64>) -> Minimum {
        assert_eq!(start.len(), logistic.variables(), "one weight per class and feature");
        let (iterations, tolerance) = (self.iterations, self.tolerance);
        let lbfgs = Lbfgs { iterations, tolerance, ..Lbfgs::default() };
        lbfgs.minimise(start, |point, gradient| logistic.evaluate(point, gradient))
    }
}

impl FittedProbe {
    /// Ranks the classes for every query.
    ///
    /// # Shapes
    /// - queries: `[n, dim]`, row-major, not standardised
    ///
    /// # Errors
    ///
    /// [`EvalError::Diverged`] if outputs are not finite, as for queries that are extremely far
    /// from the training features.
    pub fn predict(&self, queries: &[f32]) -> Result<Predictions, EvalError> {
        let rows = self.scaler.transform(queries.chunks_exact(self.dim));
        let logits = Logistic::logits(&rows, self.dim, self.classes, &self.minimum.point);
        Predictions::from_scores(&logits, self.classes).ok_or_else(|| {
            self.probe.diverged("its outputs for the test pictures are not finite".into())
        })
    }

    /// Result of the fit on the whole training set.
    pub fn minimum(&self) -> &Minimum {
        &self.minimum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::clouds;

    #[test]
    fn separable_classes_are_classified_without_error() {
        let train = clouds(400, 16, 8, 0.1, 1);
        let fitted = Probe::default().fit(&train).unwrap();
        let test = clouds(200, 16, 8, 0.1, 2);
        assert_eq!(fitted.predict(&test.values).unwrap().top_k_accuracy(1, &test.labels), 1.0);
        assert_eq!(fitted.trials.len(), 13);
    }

    #[test]
    fn overlapping_classes_need_regularisation() {
        let train = clouds(240, 60, 6, 4.0, 1);
        let fitted = Probe::default().fit(&train).unwrap();
        let best = fitted.trials.iter().map(|t| t.accuracy).fold(0.0, f64::max);
        assert_eq!(fitted.chosen.accuracy, best);
        assert!(fitted.chosen.lambda > 1e-3, "{:?}", fitted.chosen);
        let test = clouds(600, 60, 6, 4.0, 2);
        let accuracy = fitted.predict(&test.values).unwrap().top_k_accuracy(1, &test.labels);
        assert!(accuracy > 0.4, "{accuracy}; chance level is 1/6");
    }

    /// At the minimum of the regularised problem, λ W is the mean of residual times features, and
    /// the residuals of every class sum to zero.
    #[test]
    fn the_fit_is_a_stationary_point() {
        let train = clouds(500, 10, 5, 1.5, 4);
        let fitted = Probe::default().fit(&train).unwrap();
        assert_eq!(fitted.minimum().stop, Stop::Converged);
        let rows = fitted.scaler.transform(train.all_rows());
        let point = &fitted.minimum().point;
        let logits = Logistic::logits(&rows, 10, 5, point);
        let mut expected = [0.0; 55];
        for (i, row) in rows.chunks_exact(10).enumerate() {
            let logits = &logits[5 * i..][..5];
            let total: f64 = logits.iter().map(|l| l.exp()).sum();
            for c in 0..5 {
                let hit = f64::from(u8::from(train.labels[i] == c));
                let residual = (hit - logits[c].exp() / total) / 500.0;
                for j in 0..10 {
                    expected[10 * c + j] += residual * f64::from(row[j]);
                }
                expected[50 + c] += residual;
            }
        }
        for i in 0..50 {
            let found = fitted.chosen.lambda * point[i];
            assert!((found - expected[i]).abs() < 2e-5, "{i}: {found} not {}", expected[i]);
        }
        assert!(expected[50..].iter().all(|sum| sum.abs() < 2e-5));
    }

    #[test]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        let train = clouds(3000, 24, 7, 2.0, 1);
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Probe { values: 4, ..Probe::default() }.fit(&train).unwrap())
        };
        let (one, three) = (fit(1), fit(3));
        let bits = |fitted: &FittedProbe| -> Vec<u64> {
            fitted.minimum.point.iter().map(|x| x.to_bits()).collect()
        };
        assert_eq!(bits(&one), bits(&three));
        assert_eq!(one.trials, three.trials);
    }

    #[test]
    fn features_that_are_not_finite_are_an_error() {
        let train = clouds(60, 3, 4, 0.1, 3);
        let mut broken = train.clone();
        broken.values[17] = f32::NAN;
        assert!(matches!(Probe::default().fit(&broken), Err(EvalError::NotFinite)));
        // Nearly equal training features and very different test features: standardisation
        // overflows.
        let mut narrow = train.clone();
        narrow.values.iter_mut().for_each(|x| *x *= 1e-36);
        let fitted = Probe::default().fit(&narrow).unwrap();
        let message = fitted.predict(&[1e30; 3]).unwrap_err().to_string();
        assert!(message.contains("probe-lbfgs gives no score"), "{message}");
    }

    #[test]
    fn the_grid_includes_both_ends_and_settings_out_of_range_are_named() {
        let grid = Probe::default().grid();
        assert!((grid[0] / 10.0 - 1.0).abs() < 1e-12 && (grid[12] / 1e-5 - 1.0).abs() < 1e-12);
        assert!((grid[1] / grid[0] - 10f64.powf(-0.5)).abs() < 1e-12);
        let message = |probe: Probe| probe.check().unwrap_err().to_string();
        assert!(message(Probe { weakest: 0.0, ..Probe::default() }).contains("`weakest`"));
        assert!(message(Probe { strongest: 1e-9, ..Probe::default() }).contains("`strongest`"));
        assert!(message(Probe { held_out: 1.0, ..Probe::default() }).contains("`held_out`"));
        assert!(message(Probe { values: 1, ..Probe::default() }).contains("`values`"));
        let single = clouds(3, 2, 3, 1.0, 1);
        assert!(matches!(Probe::default().fit(&single), Err(EvalError::TooFew { found: 3, .. })));
    }
}
