//! Negative counts compared with a brute-force enumeration of every anchor and every negative.

use std::sync::Arc;

use sempairs_data::{Pair, PairDataset, Ramp, Share};
use sempairs_objective::{Clock, Negatives};
use sempairs_testing::Generated;
use sempairs_train::{NegativeCounts, moment, negative_counts, order, semantic_share};

/// Pictures of three classes, or without classes.
fn source(labelled: bool) -> Arc<Generated> {
    let class = if labelled { |index| Some(index % 3) } else { |_| None };
    Arc::new(Generated::new(22).classes(&[], class))
}

const SEED: u64 = 11;
const BATCH: usize = 4;

/// Enumerates every negative of every anchor of the last epoch up to `clock`.
fn by_hand(dataset: &PairDataset, negatives: Negatives, clock: Clock) -> NegativeCounts {
    let class = |picture: usize| dataset.source().class(picture);
    let mut history: Vec<usize> = Vec::new();
    let epoch = (clock.step - 1) / clock.steps_per_epoch;
    let (mut anchors, mut counts) = (0.0, [0.0; 4]);
    for step in 0..clock.step {
        let order = order(dataset.len(), SEED, step / clock.steps_per_epoch);
        let start = step % clock.steps_per_epoch * BATCH;
        let batch: Vec<usize> = order[start..start + BATCH].iter().map(|&p| p as usize).collect();
        let pair = |index| dataset.pair_at(index, moment(SEED, clock.at(step)));
        for &anchor in &batch {
            let Pair { left, right } = pair(anchor);
            let against: Vec<usize> = match negatives {
                Negatives::Queue { keys } => history.iter().rev().take(keys).copied().collect(),
                _ => {
                    let of_one = negatives == Negatives::OneView;
                    let others = batch.iter().filter(|&&other| match negatives {
                        Negatives::OtherClasses => dataset.class(other) != dataset.class(anchor),
                        _ => other != anchor,
                    });
                    let pictures = others.map(|&o| [pair(o).right, pair(o).left]);
                    pictures
                        .flat_map(|both| both.into_iter().take(2 - usize::from(of_one)))
                        .collect()
                }
            };
            if step / clock.steps_per_epoch != epoch {
                continue;
            }
            anchors += 1.0;
            for picture in against {
                counts[0] += 1.0;
                if negatives == Negatives::OtherClasses {
                    // Only the class of the pair decides; the other counts stay 0.
                } else if picture == left {
                    counts[2] += 1.0;
                } else if picture == right {
                    counts[3] += 1.0;
                } else if class(picture) == class(left) {
                    counts[1] += 1.0;
                }
            }
        }
        history.extend(batch.iter().map(|&index| pair(index).right));
    }
    let [all, same_class, own, partner] = counts.map(|count| count / anchors);
    let same_class = class(0).map(|_| same_class);
    NegativeCounts { all, same_class, own, partner }
}

#[test]
fn counts_equal_a_brute_force_enumeration() {
    let mut seen_own = [false; 2];
    let ramp = Ramp { from: 0.1, to: 1.0, begin: 0.02, end: 0.2 };
    for (labelled, shift, share) in [
        (true, 0, None),
        (true, 3, None),
        (true, 1, None),
        (false, 3, None),
        (true, 3, Some(Share::Constant(0.5))),
        (true, 3, Some(Share::Linear(ramp))),
        (true, 1, Some(Share::Linear(ramp))),
    ] {
        // Paired with itself, with another picture of its class, and with one of another class.
        let pairs = (0..22).map(|i| Pair { left: i, right: (i + shift) % 22 }).collect();
        let plain = PairDataset::new(source(labelled), pairs);
        let dataset = share.map_or(plain.clone(), |share| plain.clone().mixed(share));
        let clock = Clock::new(22 / BATCH, 100);
        for negatives in [
            Negatives::Batch,
            Negatives::OneView,
            Negatives::OtherClasses,
            Negatives::Queue { keys: 8 },
            Negatives::Queue { keys: 20 },
            Negatives::Queue { keys: 40 },
        ] {
            for step in [1, 4, 5, 6, 10, 13, 25] {
                let found = negative_counts(&dataset, negatives, SEED, BATCH, clock.at(step));
                let found = found.expect("counts");
                let expected = by_hand(&dataset, negatives, clock.at(step));
                for (a, b) in [
                    (found.all, expected.all),
                    (found.same_class.unwrap_or(-1.0), expected.same_class.unwrap_or(-1.0)),
                    (found.own, expected.own),
                    (found.partner, expected.partner),
                ] {
                    let what = format!("{negatives:?}, {shift}, {step}: {found:?}, {expected:?}");
                    assert!((a - b).abs() < 1e-12, "{what}");
                }
                seen_own[usize::from(negatives == Negatives::Batch)] |= found.own > 0.0;
            }
        }
    }
    assert_eq!(seen_own, [true; 2], "a picture is its own negative, in a queue and in a batch");
}

#[test]
fn methods_without_negatives_and_runs_without_steps_have_no_counts() {
    let pairs = (0..22).map(|i| Pair { left: i, right: i }).collect();
    let dataset = PairDataset::new(source(true), pairs);
    let clock = Clock::new(5, 100);
    assert_eq!(negative_counts(&dataset, Negatives::None, 0, BATCH, clock.at(5)), None);
    assert_eq!(negative_counts(&dataset, Negatives::Batch, 0, BATCH, clock), None);
}

#[test]
fn the_share_of_semantic_pairs_is_that_of_the_epoch() {
    let pairs = || (0..22).map(|i| Pair { left: i, right: (i + 3) % 22 }).collect();
    let plain = PairDataset::new(source(true), pairs());
    let clock = Clock::new(5, 20);
    assert_eq!(semantic_share(&plain, SEED, BATCH, clock.at(5)), None);
    let ramp = Ramp { from: 0.0, to: 1.0, begin: 0.25, end: 0.75 };
    let mixed = PairDataset::new(source(true), pairs()).mixed(ramp.into());
    assert_eq!(semantic_share(&mixed, SEED, BATCH, clock), None);
    let share = |step| semantic_share(&mixed, SEED, BATCH, clock.at(step)).expect("a share");
    assert_eq!((share(5), share(20)), (0.0, 1.0));
    // By hand, over the first three steps of the second epoch.
    let order = order(22, SEED, 1);
    let different = (0..12).filter(|&at| {
        let pair = mixed.pair_at(order[at] as usize, moment(SEED, clock.at(5 + at / BATCH)));
        pair.left != pair.right
    });
    assert_eq!(share(8), different.count() as f64 / 12.0);
}
