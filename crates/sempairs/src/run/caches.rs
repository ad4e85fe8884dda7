//! What the runs of a study share: pairs, and the scores of untrained networks; and what the
//! studies of a grid share: the baselines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sempairs_data::{Identity, PairDataset};
use sempairs_eval::{Downstream, Score};

use crate::Error;
use crate::experiment::Evaluation;

/// A cache of the pairs that are still in use, with the settings of the draw as the key.
#[derive(Clone, Default)]
pub(super) struct DrawnPairs(Arc<Mutex<HashMap<String, Weak<PairDataset>>>>);

impl DrawnPairs {
    /// Returns the pairs with this key, made by `draw` unless they are still in use.
    pub fn of(
        &self,
        key: String,
        draw: impl FnOnce() -> Result<PairDataset, Error>,
    ) -> Result<Arc<PairDataset>, Error> {
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pairs) = drawn.get(&key).and_then(Weak::upgrade) {
            return Ok(pairs);
        }
        let pairs = Arc::new(draw()?);
        drawn.retain(|_, pairs| pairs.strong_count() > 0);
        drawn.insert(key, Arc::downgrade(&pairs));
        Ok(pairs)
    }
}

/// A cache of the scores of untrained networks. All arms of a study start from the same weights,
/// which are therefore scored once per seed.
#[derive(Clone, Default)]
pub(super) struct UntrainedScores(Arc<Mutex<HashMap<String, Vec<Score>>>>);

impl UntrainedScores {
    /// Returns the scores of these weights on these data, computed by `make` at the first request.
    pub fn of(
        &self,
        weights: Identity,
        evaluation: &Evaluation,
        downstream: &Downstream,
        make: impl FnOnce() -> Result<Vec<Score>, Error>,
    ) -> Result<Vec<Score>, Error> {
        let Evaluation { dataset, train, test, protocols, .. } = evaluation;
        let key = (weights.to_string(), dataset, train, test, protocols, downstream.views());
        let key = serde_json::to_string(&key).expect("plain data");
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scores) = known().get(&key) {
            return Ok(scores.clone());
        }
        let scores = make()?;
        known().insert(key, scores.clone());
        Ok(scores)
    }
}

/// A cache of the baselines without a network, which the studies of a grid share that are scored on
/// the same data.
#[derive(Clone, Default)]
pub(super) struct BaselineScores(Arc<Mutex<HashMap<String, Vec<Score>>>>);

impl BaselineScores {
    /// Returns the baselines on these data, computed by `make` at the first request.
    pub fn of(
        &self,
        evaluation: &Evaluation,
        downstream: &Downstream,
        make: impl FnOnce() -> Result<Vec<Score>, Error>,
    ) -> Result<Vec<Score>, Error> {
        let Evaluation { dataset, train, test, .. } = evaluation;
        let pictures = [&downstream.train, &downstream.test].map(|source| source.len());
        let key = serde_json::to_string(&(dataset, train, test, pictures)).expect("plain data");
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scores) = known().get(&key) {
            return Ok(scores.clone());
        }
        let scores = make()?;
        known().insert(key, scores.clone());
        Ok(scores)
    }
}
