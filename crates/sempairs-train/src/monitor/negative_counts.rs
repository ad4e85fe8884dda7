//! What an anchor is pushed away from: how much of it shows the anchor's own class, or the anchor
//! itself.

use std::collections::{HashMap, VecDeque};

use sempairs_data::PairDataset;
use sempairs_objective::{Clock, Negatives};
use serde::{Deserialize, Serialize};

use crate::data::order;

/// The negatives of an anchor, on average over the anchors of an epoch.
///
/// An anchor is the left picture of a pair. In a batch its negatives are both pictures of every
/// other pair, or one of them, or both of those of other classes; in a queue they are the right
/// pictures of the pairs of earlier steps, as far as they are still there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NegativeCounts {
    /// Negatives that are made of pictures; a queue that is not yet full holds random directions
    /// besides.
    pub all: f64,
    /// Those that show another picture of the anchor's class, neither the anchor nor its partner;
    /// left out where a picture has no class.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub same_class: Option<f64>,
    /// Those that show the anchor's own picture: its old keys in the queue, or, since a semantic
    /// pair's picture may be a partner elsewhere, in the batch.
    pub own: f64,
    /// Those that show the anchor's partner; for augmented pairs, which have none, 0.
    pub partner: f64,
}

/// The counts over the steps of the epoch that `clock` is in, up to and without `clock.step`; at
/// the start of an epoch over the whole epoch before. `None` for a method without negatives, and
/// before the first step.
///
/// A pure function of the pairs, their classes and the order that follows from the seed: after a
/// resume it says what it would have said without.
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
    let order_of = |epoch| -> Vec<usize> {
        let order = order(dataset.len(), seed, epoch);
        order[..clock.steps_per_epoch * batch].iter().map(|&pair| pair as usize).collect()
    };
    let now = order_of(epoch);
    let mut shown = Shown::new(dataset);
    let mut sums = [0; 4];
    if let Negatives::Queue { keys } = negatives {
        // From the newest of the epochs before backwards, until the queue is full.
        let mut queue = VecDeque::with_capacity(keys + batch);
        for before in (0..epoch).rev() {
            let fits = keys - queue.len();
            if fits == 0 {
                break;
            }
            for &pair in order_of(before).iter().rev().take(fits) {
                queue.push_front(dataset.pair(pair).right);
            }
        }
        queue.iter().for_each(|&picture| shown.add(picture));
        for step in now.chunks_exact(batch).take(steps) {
            step.iter().for_each(|&anchor| shown.count(anchor, 0, &mut sums));
            for &pair in step {
                queue.push_back(dataset.pair(pair).right);
                shown.add(dataset.pair(pair).right);
            }
            for old in queue.drain(..queue.len().saturating_sub(keys)) {
                shown.remove(old);
            }
        }
    } else if negatives == Negatives::OtherClasses {
        // The class of a pair is its left picture's; what shares it is attracted.
        let class = |&pair: &usize| dataset.class(pair);
        for step in now.chunks_exact(batch).take(steps) {
            let others = |anchor| step.iter().filter(|p| class(p) != class(anchor)).count();
            sums[0] += step.iter().map(|anchor| 2 * others(anchor)).sum::<usize>();
        }
    } else {
        let itself = if negatives == Negatives::OneView { 1 } else { 2 };
        for step in now.chunks_exact(batch).take(steps) {
            let both = |&p: &usize| [dataset.pair(p).right, dataset.pair(p).left];
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

/// How often each picture and each class stands among what an anchor is compared with.
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

    /// Adds an anchor's counts, without the pictures of its own pair if these are among all: both,
    /// if `itself` is two, or the right one. A pair is no negative of its own.
    fn count(&self, anchor: usize, itself: usize, sums: &mut [usize; 4]) {
        let pair = self.dataset.pair(anchor);
        let class = |picture| self.dataset.source().class(picture);
        let of = |picture| self.pictures.get(&picture).copied().unwrap_or(0);
        let of_class = class(pair.left).and_then(|class| self.classes.get(&class).copied());
        let (mut own, mut partner) = (of(pair.left), 0);
        // All of the anchor's class, less its own pictures and its partner's.
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
