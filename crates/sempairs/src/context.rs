//! What a comparison shows around its scores: what needs no network, what features ignore, and a map of them.

use burn::tensor::Device;
use sempairs_backbone::Backbone;
use sempairs_data::PictureSource;
use sempairs_eval::analysis::invariance::{InvarianceReport, invariance};
use sempairs_eval::analysis::tsne;
use sempairs_eval::{
    Downstream, EvalError, Features, ProgressBar, Protocol, Score, colour_histogram, raw_pixels,
};
use sempairs_internal::progress_bar;

use crate::Error;
use crate::comparison::Map;
use crate::experiment::Evaluation;

/// Pictures on the map of embeddings; more make a blot, and t-SNE's cost grows with their square.
const MAP_PICTURES: usize = 600;

/// A bar, if the downstream's are shown.
fn bar(downstream: &Downstream, what: String) -> ProgressBar {
    if downstream.progress { progress_bar(what, 0) } else { ProgressBar::hidden() }
}

/// What needs no network: weighted k-NN on pixels and on colours. Source of the settings: the sizes are
/// those at which such baselines are usually given, 32 pixels a side and 8 bins a channel.
pub(crate) fn baselines(downstream: &Downstream) -> Result<Vec<Score>, Error> {
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
pub(crate) fn ignored<B: Backbone>(
    backbone: &B,
    evaluation: &Evaluation,
    downstream: &Downstream,
    device: &Device,
) -> Result<Option<InvarianceReport>, Error> {
    let Some(per_class) = evaluation.invariance_scenes else { return Ok(None) };
    // Scenes of their own, which the probe was neither fitted nor scored on.
    let Some(scenes) = evaluation.test.scenes(per_class, 1)? else { return Ok(None) };
    let (pipeline, bar) = (&downstream.pipeline, bar(downstream, "invariance".into()));
    Ok(Some(invariance(backbone, &scenes, pipeline, device, downstream.batch, &bar)?))
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
