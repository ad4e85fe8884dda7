use sempairs_augment::{Pipeline, Scratch};
use sempairs_data::{Key, Picture, Side};

use crate::Error;
use crate::experiment::Experiment;
use crate::report::ExamplePairs;
use crate::run::Runner;

/// Pairs of each arm that a report shows.
const PAIRS: usize = 6;

/// Some pairs of every arm, as pictures and as the network sees them in the first epoch.
pub(crate) fn examples(
    runner: &Runner,
    experiment: &Experiment,
) -> Result<Vec<ExamplePairs>, Error> {
    let pipelines = experiment.views.pipelines()?;
    let seed = experiment.seeds[0];
    let mut examples = Vec::new();
    for arm in &experiment.arms {
        let dataset = runner.pairs(experiment, arm, seed)?;
        let (mut pairs, mut views) = (Vec::new(), Vec::new());
        let step = (dataset.len() / PAIRS).max(1);
        for number in (0..dataset.len()).step_by(step).take(PAIRS) {
            let pair = dataset.pair(number);
            let left = dataset.source().read(pair.left)?.into_owned();
            let right = dataset.source().read(pair.right)?.into_owned();
            let key = |side| Key { seed, epoch: 0, picture: number as u64, side };
            views.push([
                visible(&pipelines[0], &left, key(Side::Left)),
                visible(&pipelines[1], &right, key(Side::Right)),
            ]);
            pairs.push([left, right]);
        }
        examples.push(ExamplePairs { arm: arm.name.clone(), pairs, views });
    }
    Ok(examples)
}

/// A view as an 8-bit picture, before the normalisation.
pub(crate) fn visible(pipeline: &Pipeline, picture: &Picture<'_>, key: Key) -> Picture<'static> {
    let pipeline = pipeline.without("normalize").expect("a transform's name");
    let size = pipeline.size();
    let mut planes = vec![0.0; 3 * size * size];
    pipeline.plan(picture.width(), picture.height(), key).apply(
        picture,
        &mut planes,
        &mut Scratch::default(),
    );
    let byte = |i: usize| {
        let (pixel, channel) = (i / 3, i % 3);
        (255.0 * planes[channel * size * size + pixel]).round().clamp(0.0, 255.0) as u8
    };
    Picture::new(size, size, (0..3 * size * size).map(byte).collect::<Vec<u8>>())
}
