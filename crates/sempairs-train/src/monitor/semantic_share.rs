use sempairs_data::PairDataset;
use sempairs_objective::Clock;

use crate::data::{moment, order};

/// Fraction of the pairs shown in the steps of the current epoch before `clock.step` that consist
/// of two different pictures; at the start of an epoch, over the whole previous epoch. `None` for
/// a data set whose pairs are not mixed, and before the first step.
///
/// Like [`negative_counts`](crate::negative_counts), this is computed from the order of the pairs.
pub fn semantic_share(dataset: &PairDataset, seed: u64, batch: usize, clock: Clock) -> Option<f64> {
    if dataset.share().is_none() || clock.step == 0 {
        return None;
    }
    let last = clock.at(clock.step - 1);
    let first = last.step - last.step_in_epoch();
    let order = order(dataset.len(), seed, last.epoch());
    let mut different = 0;
    for (step, pairs) in (first..=last.step).zip(order.chunks_exact(batch)) {
        let moment = moment(seed, clock.at(step));
        let differs = |&&pair: &&u32| {
            let pair = dataset.pair_at(pair as usize, moment);
            pair.left != pair.right
        };
        different += pairs.iter().filter(differs).count();
    }
    Some(different as f64 / (batch * (last.step_in_epoch() + 1)) as f64)
}
