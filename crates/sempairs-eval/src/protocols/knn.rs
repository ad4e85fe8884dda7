//! Weighted k-nearest-neighbour classification.

use std::sync::Arc;

use rayon::prelude::*;
use sempairs_data::interrupt;
use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::features::check_finite;
use crate::features::unit_rows;
use crate::limits::NEIGHBOURS;
use crate::linalg::{Matrix, multiply};
use crate::{
    ConfigError, EvalError, EvaluationProtocol, Features, Predictions, ProtocolInput,
    ProtocolOutput, ProtocolSettings,
};

/// Number of queries per task, enough to amortise packing the bank for the matrix product.
const QUERIES: usize = 512;
/// Number of bank rows per matrix product, for 4 MiB of similarities at a time.
const BANK: usize = 2048;

/// Weighted k-nearest-neighbour classification on L2-normalised features:
///
/// `score_c = sum over the k most similar j with y_j = c of exp(s_j / T)`, with `s_j` the cosine
/// similarity to training picture `j`
///
/// (Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", 2018).
/// The defaults k = 20 and T = 0.07 are those of DINO's evaluation (Caron et al., 2021).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Knn {
    /// Number of neighbours. With fewer training pictures all of them are used, and the name in the
    /// score has the reduced number.
    pub k: usize,
    /// Temperature T of the weights.
    pub temperature: f64,
}

impl Default for Knn {
    fn default() -> Self {
        Self { k: 20, temperature: 0.07 }
    }
}

impl EvaluationProtocol for Knn {
    fn name(&self) -> String {
        format!("knn-k{}-t{}", self.k, self.temperature)
    }

    fn settings(&self) -> ProtocolSettings {
        (*self).into()
    }

    fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("k", self.k, NEIGHBOURS)?;
        ConfigError::unless_positive("temperature", self.temperature)
    }

    fn limited_to(&self, pictures: usize) -> Option<Arc<dyn EvaluationProtocol>> {
        match self.k > pictures {
            true => Some(Arc::new(Self { k: pictures, ..*self })),
            false => None,
        }
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        self.check()?;
        let (train, queries) = input.features()?;
        Ok(self.predict_with(train, queries, input.progress())?.into())
    }
}

impl Knn {
    /// Ranks the classes for every query by the weighted votes of its nearest neighbours in the
    /// bank.
    ///
    /// Ties are broken by index: of equally similar pictures the one with the lower index is
    /// nearer, and of classes with equal votes the lower one ranks first. Classes without votes
    /// come last. The result does not depend on the number of threads.
    ///
    /// # Errors
    ///
    /// [`EvalError::NotFinite`] if a feature is infinite or NaN; [`EvalError::Data`] if the process
    /// is [interrupted](interrupt).
    ///
    /// # Panics
    ///
    /// If the bank is empty, the dimensions differ, or the settings fail
    /// [`check`](EvaluationProtocol::check).
    pub fn predict(&self, bank: &Features, queries: &[f32]) -> Result<Predictions, EvalError> {
        self.predict_with(bank, queries, &ProgressBar::hidden())
    }

    /// [`predict`](Self::predict) with a progress bar that counts queries.
    pub(crate) fn predict_with(
        &self,
        bank: &Features,
        queries: &[f32],
        progress: &ProgressBar,
    ) -> Result<Predictions, EvalError> {
        assert!(!bank.labels.is_empty(), "the bank must not be empty");
        self.check().expect("settings must be valid");
        // NaN similarities would be skipped silently.
        [&bank.values, queries].into_iter().try_for_each(check_finite)?;
        let (d, classes) = (bank.dim, bank.classes.len());
        progress.set_length((queries.len() / d) as u64);
        let unit_bank = unit_rows(&bank.values, d);
        let votes = queries
            .par_chunks(QUERIES * d)
            .map(|queries| {
                interrupt::check()?;
                let neighbours = self.neighbours(&unit_bank, &unit_rows(queries, d), d);
                let votes = |near: &Vec<_>| self.votes(near, &bank.labels, classes);
                let votes: Vec<f64> = neighbours.iter().flat_map(votes).collect();
                progress.inc(neighbours.len() as u64);
                Ok(votes)
            })
            .collect::<Result<Vec<_>, EvalError>>()?;
        Predictions::from_scores(&votes.concat(), classes).ok_or(EvalError::NotFinite)
    }

    /// The nearest neighbours of each query as (similarity, index), in order of decreasing
    /// similarity.
    fn neighbours(&self, bank: &[f32], queries: &[f32], d: usize) -> Vec<Vec<(f32, usize)>> {
        let count = queries.len() / d;
        let most = self.k.min(bank.len() / d);
        let mut nearest = vec![Vec::with_capacity(most + 1); count];
        let mut similarity = vec![0.0; count * BANK.min(bank.len() / d)];
        for (part, bank) in bank.chunks(BANK * d).enumerate() {
            let width = bank.len() / d;
            let similarity = &mut similarity[..count * width];
            multiply(similarity, Matrix::new(queries, d), Matrix::new(bank, d).t());
            for (near, row) in nearest.iter_mut().zip(similarity.chunks_exact(width)) {
                for (j, &s) in row.iter().enumerate() {
                    self.insert(near, s, part * BANK + j);
                }
            }
        }
        nearest
    }

    /// Inserts a picture into the sorted list of neighbours, behind equally similar ones.
    fn insert(&self, near: &mut Vec<(f32, usize)>, similarity: f32, index: usize) {
        if near.len() == self.k && near[self.k - 1].0 >= similarity {
            return;
        }
        let place = near.partition_point(|&(s, _)| s >= similarity);
        near.insert(place, (similarity, index));
        near.truncate(self.k);
    }

    /// Sums of `exp((s - s_max) / T)` per class. The common factor `exp(-s_max / T)` does not
    /// change the ranking and avoids overflow for small temperatures.
    fn votes(&self, near: &[(f32, usize)], labels: &[usize], classes: usize) -> Vec<f64> {
        let mut votes = vec![0.0; classes];
        let best = f64::from(near[0].0);
        for &(s, index) in near {
            votes[labels[index]] += ((f64::from(s) - best) / self.temperature).exp();
        }
        votes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clouds, random};

    /// The definition in f64, one query and one picture at a time.
    fn brute_force(knn: Knn, bank: &Features, query: &[f32]) -> Vec<u32> {
        let cosine = |a: &[f32], b: &[f32]| {
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
            };
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        let rows = bank.values.chunks_exact(bank.dim).zip(&bank.labels);
        let mut all: Vec<(f64, usize)> = rows.map(|(row, &y)| (cosine(query, row), y)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut votes = vec![0.0; bank.classes.len()];
        for (s, y) in all.into_iter().take(knn.k) {
            votes[y] += (s / knn.temperature).exp();
        }
        let mut order: Vec<u32> = (0..votes.len() as u32).collect();
        order.sort_by(|&a, &b| votes[b as usize].total_cmp(&votes[a as usize]));
        order
    }

    #[test]
    fn agrees_with_brute_force_across_blocks() {
        let bank = clouds(5000, 6, 9, 2.0, 1);
        let queries = random(300 * 6, 2);
        for k in [1, 20, 6000] {
            let knn = Knn { k, ..Knn::default() };
            let ranked = knn.predict(&bank, &queries).unwrap();
            assert_eq!(ranked.len(), 300);
            for (i, query) in queries.chunks_exact(6).enumerate().step_by(7) {
                assert_eq!(ranked.query(i), brute_force(knn, &bank, query), "k {k}, query {i}");
            }
        }
    }

    #[test]
    fn ties_are_broken_by_index() {
        let mut bank = clouds(4, 2, 2, 0.0, 1);
        bank.values = vec![1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 0.0, 1.0];
        bank.labels = vec![1, 0, 0, 1];
        let first =
            |k| Knn { k, ..Knn::default() }.predict(&bank, &[1.0, 0.0]).unwrap().query(0)[0];
        assert_eq!(first(1), 1, "the earliest of three equals");
        assert_eq!(first(2), 0, "one vote each: the lower class");
        assert_eq!(first(3), 0);
    }

    #[test]
    fn a_small_temperature_does_not_overflow() {
        let bank = clouds(50, 3, 4, 0.1, 3);
        let ranked = Knn { k: 5, temperature: 1e-4 }.predict(&bank, &bank.values).unwrap();
        assert_eq!(ranked.top_k_accuracy(1, &bank.labels), 1.0);
    }

    #[test]
    fn features_that_are_not_finite_are_an_error() {
        let bank = clouds(50, 3, 4, 0.1, 3);
        for wrong in [f32::NAN, f32::INFINITY] {
            for k in [1, 5, 60] {
                let knn = Knn { k, ..Knn::default() };
                let mut broken = bank.clone();
                broken.values[70] = wrong;
                assert!(matches!(knn.predict(&broken, &bank.values), Err(EvalError::NotFinite)));
                assert!(matches!(knn.predict(&bank, &broken.values), Err(EvalError::NotFinite)));
            }
        }
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let message = |knn: Knn| knn.check().unwrap_err().to_string();
        assert!(message(Knn { k: 0, ..Knn::default() }).contains("`k`"));
        assert!(message(Knn { temperature: 0.0, ..Knn::default() }).contains("`temperature`"));
        assert!(message(Knn { temperature: f64::NAN, ..Knn::default() }).contains("`temperature`"));
    }
}
