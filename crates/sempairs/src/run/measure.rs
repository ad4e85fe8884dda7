//! What a comparison shows besides the scores of trained networks: baselines without a network, the
//! scores of untrained networks, the invariance of features, and a t-SNE map of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Device;
use sempairs_backbone::Backbone;
use sempairs_data::PictureSource;
use sempairs_eval::analysis::invariance::{InvarianceReport, invariance};
use sempairs_eval::analysis::tsne;
use sempairs_eval::{
    Downstream, EvalError, Features, Identity, ProgressBar, Protocol, Score, colour_histogram,
    raw_pixels,
};
use sempairs_internal::progress_bar;

use crate::Error;
use crate::comparison::Map;
use crate::experiment::Evaluation;

/// Pictures on the map of embeddings; more make a blot, and t-SNE's cost grows with their square.
const MAP_PICTURES: usize = 600;

/// The scores of untrained networks. All arms of a study begin with the same weights, so they are
/// scored once.
#[derive(Clone, Default)]
pub(super) struct UntrainedScores(Arc<Mutex<HashMap<String, Vec<Score>>>>);

impl UntrainedScores {
    /// The scores of these weights on this data, which `make` makes if nobody has asked before.
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

/// A bar, if the downstream's are shown.
fn bar(downstream: &Downstream, what: String) -> ProgressBar {
    if downstream.progress { progress_bar(what, 0) } else { ProgressBar::hidden() }
}

/// What needs no network: weighted k-NN on pixels and on colours. Source of the settings: the sizes are
/// those at which such baselines are usually given, 32 pixels a side and 8 bins a channel.
pub(super) fn baselines(downstream: &Downstream) -> Result<Vec<Score>, Error> {
    type Describe = fn(&dyn PictureSource, &ProgressBar) -> Result<Features, EvalError>;
    let knn: Protocol = "knn".parse()?;
    let describe: [(&str, Describe); 2] = [
        ("raw pixels 32x32", |source, bar| raw_pixels(source, 32, bar)),
        ("colour histogram 8x8x8", |source, bar| colour_histogram(source, 8, bar)),
    ];
    describe
        .into_iter()
        .map(|(name, describe)| {
            let described = bar(downstream, format!("{} as {name}", downstream.name));
            let train = describe(&*downstream.train, &described)?;
            let test = describe(&*downstream.test, &described)?;
            drop(described);
            let bar = bar(downstream, format!("{} {knn} on {name}", downstream.name));
            Ok(knn.score_with(&downstream.name, name, &train, &test, &bar)?)
        })
        .collect()
}

/// What the features ignore, if the test pictures are scenes and the experiment asks for it.
pub(super) fn ignored<B: Backbone>(
    backbone: &B,
    evaluation: &Evaluation,
    downstream: &Downstream,
    device: &Device,
) -> Result<Option<InvarianceReport>, Error> {
    let Some(per_class) = evaluation.invariance_scenes else { return Ok(None) };
    // Scenes of their own, which the probe was neither fitted nor scored on.
    let Some(scenes) = evaluation.test.scene_source(per_class, 1)? else { return Ok(None) };
    let (pipeline, bar) = (&downstream.pipeline, bar(downstream, "invariance".into()));
    Ok(Some(invariance(backbone, &scenes, pipeline, device, downstream.batch, &bar)?))
}

/// The test set's features on a plane.
pub(super) fn map<B: Backbone>(
    backbone: &B,
    downstream: &Downstream,
    device: &Device,
) -> Result<Map, Error> {
    let test = downstream.test_features(backbone, device)?;
    // Every so many-th picture: sources often have their classes one after the other.
    let step = test.len().div_ceil(MAP_PICTURES).max(1);
    let chosen: Vec<usize> = (0..test.len()).step_by(step).collect();
    let values: Vec<f32> = chosen.iter().flat_map(|&i| test.row(i).to_vec()).collect();
    Ok(Map {
        points: tsne(&values, test.dim, 0),
        labels: chosen.iter().map(|&i| test.labels[i]).collect(),
        classes: test.classes,
    })
}
