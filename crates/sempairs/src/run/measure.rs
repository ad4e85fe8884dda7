//! Further results of a comparison: scores of untrained networks, invariance of the features to
//! nuisance factors, and a t-SNE map of the features.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;
use sempairs_backbone::Backbone;
use sempairs_data::Identity;
use sempairs_eval::analysis::invariance::InvarianceReport;
use sempairs_eval::analysis::tsne;
use sempairs_eval::{Downstream, Score};

use crate::Error;
use crate::comparison::Map;
use crate::experiment::Evaluation;

/// Maximum number of pictures on the map of embeddings, because more points overlap and t-SNE takes
/// quadratic time.
const MAP_PICTURES: usize = 600;

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

/// Computes the invariance report, if the test pictures are scenes and the experiment requests it.
pub(super) fn invariance_report<B: Backbone>(
    backbone: &B,
    evaluation: &Evaluation,
    downstream: &Downstream,
    device: &Device,
) -> Result<Option<InvarianceReport>, Error> {
    let Some(per_class) = evaluation.invariance_scenes else { return Ok(None) };
    // These scenes differ from those that the probe is trained and tested on.
    let Some(scenes) = evaluation.test.scene_source(per_class, 1)? else { return Ok(None) };
    Ok(Some(downstream.invariance(backbone, &scenes, device)?))
}

/// Computes a 2-D t-SNE map of the test set's features.
pub(super) fn map<B: Backbone>(
    backbone: &B,
    downstream: &Downstream,
    device: &Device,
) -> Result<Map, Error> {
    let test = downstream.test_features(backbone, device)?;
    // The pictures are evenly spaced, because sources are often sorted by class.
    let step = test.len().div_ceil(MAP_PICTURES).max(1);
    let chosen: Vec<usize> = (0..test.len()).step_by(step).collect();
    let values: Vec<f32> = chosen.iter().flat_map(|&i| test.row(i).to_vec()).collect();
    Ok(Map {
        points: tsne(&values, test.dim, 0),
        labels: chosen.iter().map(|&i| test.labels[i]).collect(),
        classes: test.classes,
    })
}
