//! Further results of a comparison: invariance of the features to nuisance factors, and a t-SNE map
//! of the features.

use burn::tensor::Device;
use sempairs_backbone::Backbone;
use sempairs_eval::Downstream;
use sempairs_eval::analysis::invariance::InvarianceReport;
use sempairs_eval::analysis::tsne;

use crate::Error;
use crate::comparison::Map;
use crate::experiment::Evaluations;

/// Maximum number of pictures on the map of embeddings, because more points overlap and t-SNE takes
/// quadratic time.
const MAP_PICTURES: usize = 600;

/// Computes the invariance report on the first data set for which the experiment requests it, if
/// its test pictures are scenes.
pub(super) fn invariance_report<B: Backbone>(
    backbone: &B,
    evaluations: &Evaluations,
    downstream: &[Downstream],
    device: &Device,
) -> Result<Option<InvarianceReport>, Error> {
    for (evaluation, downstream) in evaluations.iter().zip(downstream) {
        let Some(per_class) = evaluation.invariance_scenes else { continue };
        // These scenes differ from those that the probe is trained and tested on.
        let Some(scenes) = evaluation.test.scene_source(per_class, 1)? else { continue };
        return Ok(Some(downstream.invariance(backbone, &scenes, device)?));
    }
    Ok(None)
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
