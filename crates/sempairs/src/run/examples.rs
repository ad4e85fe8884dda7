//! Example pairs of every arm, for the report.

use std::sync::Arc;

use sempairs_data::{Key, PairDataset, Side};
use sempairs_objective::Clock;
use sempairs_train::moment;

use crate::Error;
use crate::experiment::Study;
use crate::rendered::visible;
use crate::report::ExamplePairs;

/// Number of pairs per arm in a report.
const PAIRS: usize = 6;

/// Returns some pairs of every arm, as original pictures and as the augmented views of the first
/// epoch. `drawn` are the pairs of the arms with the first seed. Mixed pairs are those of moments
/// that are evenly spaced over the run, so that a schedule of the share can be seen.
pub(super) fn examples<M, B>(
    study: &Study<M, B>,
    drawn: &[Arc<PairDataset>],
) -> Result<Vec<ExamplePairs>, Error> {
    let pipelines = study.views.pipelines()?;
    let seed = study.seeds[0];
    let mut examples = Vec::new();
    for (arm, dataset) in study.arms.iter().zip(drawn) {
        let (mut pairs, mut views) = (Vec::new(), Vec::new());
        let step = (dataset.len() / PAIRS).max(1);
        for number in (0..dataset.len()).step_by(step).take(PAIRS) {
            let clock = shown_at(study, dataset, pairs.len());
            let pair = dataset.pair_at(number, moment(seed, clock));
            let left = dataset.source().read(pair.left)?.into_owned();
            let right = dataset.source().read(pair.right)?.into_owned();
            let epoch = clock.epoch() as u64;
            let key = |side| Key { seed, epoch, picture: number as u64, side };
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

/// The moment of example number `example`: the first step, or for mixed pairs the middle of one of
/// [`PAIRS`] equal parts of the run.
fn shown_at<M, B>(study: &Study<M, B>, dataset: &PairDataset, example: usize) -> Clock {
    let per_epoch = (dataset.len() / study.training.batch).max(1);
    let clock = Clock::new(per_epoch, study.training.steps.unwrap_or(0));
    match dataset.share() {
        Some(_) => clock.at((clock.steps * (2 * example + 1)) / (2 * PAIRS)),
        None => clock,
    }
}
