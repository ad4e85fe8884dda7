//! What a comparison shows beside its scores: invariance of the features and a map of them.

use burn::tensor::Device;
use sempairs_backbone::Backbone;
use sempairs_eval::Downstream;
use sempairs_eval::analysis::invariance::InvarianceReport;
use sempairs_eval::analysis::tsne;

use crate::Error;
use crate::comparison::Map;
use crate::experiment::Evaluation;

/// Pictures on the map of embeddings; more make a blot, and t-SNE's cost grows with their square.
const MAP_PICTURES: usize = 600;

/// What the features ignore, if the test pictures are scenes and the experiment asks for it.
pub(crate) fn ignored<B: Backbone>(
    backbone: &B,
    evaluation: &Evaluation,
    downstream: &Downstream,
    device: &Device,
) -> Result<Option<InvarianceReport>, Error> {
    let Some(per_class) = evaluation.invariance_scenes else { return Ok(None) };
    // Scenes of their own, which the probe was neither fitted nor scored on.
    let Some(scenes) = evaluation.test.scenes(per_class, 1)? else { return Ok(None) };
    Ok(Some(downstream.invariance(backbone, &scenes, device)?))
}

/// The test set's features on a plane.
pub(crate) fn map<B: Backbone>(
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
