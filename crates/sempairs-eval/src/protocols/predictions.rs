//! Predictions: ranked classes and accuracies.

use crate::Correct;

/// Predictions: for every query all classes, ranked by score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predictions {
    classes: usize,
    order: Vec<u32>,
}

impl Predictions {
    /// Ranks classes by decreasing score; of equal scores the lower class ranks first. `None` if a
    /// score is infinite or NaN, as after divergence of a classifier.
    ///
    /// # Shapes
    /// - scores: `[queries, classes]`, row-major
    ///
    /// # Panics
    ///
    /// If `classes` is zero or the number of scores is not a multiple of it.
    pub fn from_scores(scores: &[f64], classes: usize) -> Option<Self> {
        assert!(classes > 0 && scores.len().is_multiple_of(classes), "one score per class");
        if !scores.iter().all(|score| score.is_finite()) {
            return None;
        }
        let mut order = Vec::with_capacity(scores.len());
        for scores in scores.chunks_exact(classes) {
            let start = order.len();
            order.extend(0..classes as u32);
            // A stable sort keeps equal scores in the order of the classes.
            order[start..].sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        }
        Some(Self { classes, order })
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.order.len() / self.classes
    }

    /// Returns true if there are no queries.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All classes for one query, the highest-scoring first.
    pub fn query(&self, index: usize) -> &[u32] {
        &self.order[index * self.classes..][..self.classes]
    }

    /// Top-k accuracy: the fraction of queries whose label is among the first `k` classes.
    ///
    /// # Panics
    ///
    /// If there is no query, or the numbers of labels and queries differ.
    pub fn top_k_accuracy(&self, k: usize, labels: &[usize]) -> f64 {
        let hits = self.hits(k, labels).filter(|&(_, hit)| hit).count();
        hits as f64 / self.len() as f64
    }

    /// Top-1 accuracy of each class that occurs among the labels.
    ///
    /// # Panics
    ///
    /// As [`top_k_accuracy`](Self::top_k_accuracy).
    pub fn per_class_accuracy(&self, labels: &[usize]) -> Vec<(usize, f64)> {
        let mut counts = vec![(0usize, 0usize); self.classes];
        for (label, hit) in self.hits(1, labels) {
            counts[label].0 += 1;
            counts[label].1 += usize::from(hit);
        }
        let share = |(all, right): (usize, usize)| right as f64 / all as f64;
        let occurring = counts.into_iter().enumerate().filter(|(_, (all, _))| *all > 0);
        occurring.map(|(class, counts)| (class, share(counts))).collect()
    }

    /// Which queries have their label as the highest-scoring class, in the order of the queries.
    ///
    /// # Panics
    ///
    /// As [`top_k_accuracy`](Self::top_k_accuracy).
    pub fn correct(&self, labels: &[usize]) -> Correct {
        self.hits(1, labels).map(|(_, hit)| hit).collect()
    }

    fn hits<'a>(&'a self, k: usize, labels: &'a [usize]) -> impl Iterator<Item = (usize, bool)> {
        assert!(labels.len() == self.len() && !labels.is_empty(), "one label per query");
        let k = k.min(self.classes);
        let among = move |i: usize, label: usize| self.query(i)[..k].contains(&(label as u32));
        labels.iter().enumerate().map(move |(i, &label)| (label, among(i, label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_lower_class() {
        let ranked =
            Predictions::from_scores(&[0.0, 2.0, 2.0, -1.0, 5.0, 5.0, 5.0, 5.0], 4).unwrap();
        assert_eq!(ranked.query(0), [1, 2, 0, 3]);
        assert_eq!(ranked.query(1), [0, 1, 2, 3]);
    }

    #[test]
    fn scores_that_are_not_finite_have_no_ranking() {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Predictions::from_scores(&[0.0, 1.0, 2.0, wrong], 2), None);
        }
    }

    #[test]
    fn accuracies_match_values_computed_by_hand() {
        let scores = [3.0, 2.0, 1.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 1.0, 3.0, 2.0];
        let ranked = Predictions::from_scores(&scores, 3).unwrap();
        let labels = [0, 1, 2, 2];
        assert_eq!(ranked.top_k_accuracy(1, &labels), 0.5);
        assert_eq!(ranked.top_k_accuracy(2, &labels), 1.0);
        assert_eq!(ranked.top_k_accuracy(5, &labels), 1.0);
        let correct: Vec<bool> = ranked.correct(&labels).iter().collect();
        assert_eq!(correct, [true, false, true, false]);
        assert_eq!(ranked.per_class_accuracy(&labels), [(0, 1.0), (1, 0.0), (2, 0.5)]);
        assert_eq!(
            ranked.per_class_accuracy(&[0, 0, 0, 0]),
            [(0, 0.5)],
            "absent classes are omitted"
        );
    }
}
