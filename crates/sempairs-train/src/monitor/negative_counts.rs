//! Composition of the negatives: how many show the anchor's class, the anchor itself or its
//! partner.

use std::collections::{HashMap, VecDeque};

use sempairs_data::{Moment, Pair, PairDataset};
use sempairs_objective::{Clock, Negatives};
use serde::{Deserialize, Serialize};

use crate::data::{moment, order};

/// Number of negatives per anchor, averaged over the anchors of an epoch.
///
/// An anchor is the left picture of a pair. Depending on the method, its negatives in a batch are
/// both pictures of every other pair, one of them, or both pictures of every pair of another class;
/// in a queue they are the right pictures of the pairs of earlier steps that the queue still holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NegativeCounts {
    /// Negatives that are embeddings of pictures. The random vectors of a queue that is not yet
    /// full are not counted.
    pub all: f64,
    /// Negatives that show another picture of the anchor's class, neither the anchor nor its
    /// partner; `None` if a picture has no class.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub same_class: Option<f64>,
    /// Negatives that show the anchor's own picture: its earlier keys in a queue, or, since with
    /// semantic pairs the picture may also be the partner of another anchor, pictures in the batch.
    pub own: f64,
    /// Negatives that show the anchor's partner; 0 for augmented pairs, which have no partner. A
    /// mixed pair has one in the steps in which it shows it.
    pub partner: f64,
}

/// Counts the negatives over the steps of the current epoch before `clock.step`; at the start of an
/// epoch, over the whole previous epoch. `None` for a method without negatives, and before the
/// first step.
///
/// This is a pure function of the pairs, their classes and the order given by the seed, so a
/// resumed run reports the same counts as an uninterrupted one.
pub fn negative_counts(
    dataset: &PairDataset,
    negatives: Negatives,
    seed: u64,
    batch: usize,
    clock: Clock,
) -> Option<NegativeCounts> {
    if negatives == Negatives::None || clock.step == 0 {
        return None;
    }
    let last = clock.at(clock.step - 1);
    let (epoch, steps) = (last.epoch(), last.step_in_epoch() + 1);
    // The pairs of each step of an epoch, with the partners that they have in it.
    let steps_of = |epoch: usize| -> Vec<Vec<Pair>> {
        let order = order(dataset.len(), seed, epoch);
        let first = epoch * clock.steps_per_epoch;
        let batches = order.chunks_exact(batch).take(clock.steps_per_epoch).enumerate();
        let pairs = |numbers: &[u32], moment: Moment| -> Vec<Pair> {
            numbers.iter().map(|&number| dataset.pair_at(number as usize, moment)).collect()
        };
        batches.map(|(i, numbers)| pairs(numbers, moment(seed, clock.at(first + i)))).collect()
    };
    let now = steps_of(epoch);
    let mut shown = Shown::new(dataset);
    let mut sums = [0; 4];
    if let Negatives::Queue { keys } = negatives {
        // Fills the queue backwards, starting with the newest keys of the previous epochs.
        let mut queue = VecDeque::with_capacity(keys + batch);
        for before in (0..epoch).rev() {
            let fits = keys - queue.len();
            if fits == 0 {
                break;
            }
            for pair in steps_of(before).iter().flatten().rev().take(fits) {
                queue.push_front(pair.right);
            }
        }
        queue.iter().for_each(|&picture| shown.add(picture));
        for step in now.iter().take(steps) {
            step.iter().for_each(|&anchor| shown.count(anchor, 0, &mut sums));
            for pair in step {
                queue.push_back(pair.right);
                shown.add(pair.right);
            }
            for old in queue.drain(..queue.len().saturating_sub(keys)) {
                shown.remove(old);
            }
        }
    } else if negatives == Negatives::OtherClasses {
        // The class of a pair is that of its left picture; pairs of the same class are positives.
        let class = |pair: &Pair| dataset.source().class(pair.left);
        for step in now.iter().take(steps) {
            let others = |anchor| step.iter().filter(|p| class(p) != class(anchor)).count();
            sums[0] += step.iter().map(|anchor| 2 * others(anchor)).sum::<usize>();
        }
    } else {
        let itself = if negatives == Negatives::OneView { 1 } else { 2 };
        for step in now.iter().take(steps) {
            let both = |pair: &Pair| [pair.right, pair.left];
            let pictures = || step.iter().flat_map(|p| both(p).into_iter().take(itself));
            pictures().for_each(|picture| shown.add(picture));
            step.iter().for_each(|&anchor| shown.count(anchor, itself, &mut sums));
            pictures().for_each(|picture| shown.remove(picture));
        }
    }
    let anchors = (steps * batch) as f64;
    let [all, same_class, own, partner] = sums.map(|sum| sum as f64 / anchors);
    let same_class = shown.labelled.then_some(same_class);
    Some(NegativeCounts { all, same_class, own, partner })
}

/// Number of occurrences of each picture and each class among the candidates of an anchor.
struct Shown<'a> {
    dataset: &'a PairDataset,
    all: usize,
    pictures: HashMap<usize, usize>,
    classes: HashMap<usize, usize>,
    labelled: bool,
}

impl<'a> Shown<'a> {
    fn new(dataset: &'a PairDataset) -> Self {
        let source = dataset.source();
        let has_class = |picture| source.class(picture).is_some();
        let labelled = dataset.pairs().iter().all(|p| has_class(p.left) && has_class(p.right));
        Self { dataset, all: 0, pictures: HashMap::new(), classes: HashMap::new(), labelled }
    }

    fn add(&mut self, picture: usize) {
        self.all += 1;
        *self.pictures.entry(picture).or_default() += 1;
        if let Some(class) = self.dataset.source().class(picture) {
            *self.classes.entry(class).or_default() += 1;
        }
    }

    fn remove(&mut self, picture: usize) {
        self.all -= 1;
        *self.pictures.get_mut(&picture).expect("it was added") -= 1;
        if let Some(class) = self.dataset.source().class(picture) {
            *self.classes.get_mut(&class).expect("it was added") -= 1;
        }
    }

    /// Adds the counts of an anchor to `sums`. The first `itself` pictures of its own pair, right
    /// before left, are among the candidates and are not counted, since they are not negatives.
    fn count(&self, pair: Pair, itself: usize, sums: &mut [usize; 4]) {
        let class = |picture| self.dataset.source().class(picture);
        let of = |picture| self.pictures.get(&picture).copied().unwrap_or(0);
        let of_class = class(pair.left).and_then(|class| self.classes.get(&class).copied());
        let (mut own, mut partner) = (of(pair.left), 0);
        // Occurrences of the anchor's class, minus those of the anchor and of its partner.
        let mut apart = own;
        if pair.right == pair.left {
            own -= itself;
        } else {
            partner = of(pair.right);
            apart += if class(pair.right) == class(pair.left) { partner } else { 0 };
            own -= itself / 2;
            partner -= itself.min(1);
        }
        let same = of_class.unwrap_or(0).saturating_sub(apart);
        for (sum, count) in sums.iter_mut().zip([self.all - itself, same, own, partner]) {
            *sum += count;
        }
    }
}
