//! Published numbers and the cells they belong to.

use super::{GridComparison, GridTable};
use crate::comparison::ScoreName;
use crate::experiment::{Published, TOP1};

impl GridComparison {
    /// The published numbers that are accuracies as those of the tables.
    pub(super) fn published_accuracies(&self) -> impl Iterator<Item = &Published> {
        self.record.about.published.iter().filter(|entry| entry.metric == TOP1)
    }

    /// The published accuracy of a cell in [0, 1].
    pub(super) fn published(&self, point: usize, cell: [&str; 3]) -> Option<f64> {
        let stands = |entry: &&Published| self.stands_beside(entry, point, cell);
        self.record.about.published.iter().find(stands).map(|entry| entry.value / 100.0)
    }

    /// Returns true if a published number belongs to the cell of a point, data set, protocol and
    /// arm. One without a protocol belongs to the first protocol of its data set.
    fn stands_beside(
        &self,
        entry: &Published,
        point: usize,
        [dataset, protocol, arm]: [&str; 3],
    ) -> bool {
        let of_protocol = || match &entry.protocol {
            _ if protocol.is_empty() => true,
            Some(prefix) => protocol.starts_with(prefix.as_str()),
            None => self.first_protocol(point, dataset) == Some(protocol),
        };
        entry.metric == TOP1
            && (entry.arm.as_str(), entry.dataset.as_str()) == (arm, dataset)
            && self.is_at(entry, point)
            && of_protocol()
    }

    /// The first protocol on a data set at a point, or at any point if this one has no result.
    fn first_protocol(&self, point: usize, dataset: &str) -> Option<&str> {
        let mut results = self.points[point].iter().chain(self.points.iter().flatten());
        let is_it = |name: &ScoreName| name.dataset == dataset;
        results.find_map(|comparison| {
            comparison.score_names().into_iter().find(is_it).map(|name| name.protocol)
        })
    }

    /// Returns true if the point has the labels of a published number.
    pub(super) fn is_at(&self, entry: &Published, point: usize) -> bool {
        let labels = &self.record.points[point].labels;
        entry.at.iter().all(|(name, label)| {
            let axis = self.record.axes.iter().position(|axis| axis.name == *name);
            axis.and_then(|axis| labels.get(axis)) == Some(label)
        })
    }
}

/// The published numbers that no cell of the tables and no time stands beside: those of another
/// metric, and those of an arm, a data set or a protocol that is not scored here.
pub fn unmatched<'a>(grid: &'a GridComparison, tables: &[GridTable]) -> Vec<&'a Published> {
    let times = grid.times();
    let shown = |entry: &&Published| {
        let is_time = times.iter().any(|cell| cell.published.as_ref() == Some(*entry));
        is_time
            || tables.iter().any(|table| {
                table.scores.iter().any(|cell| {
                    let place = [&cell.dataset, &table.protocol, &cell.arm].map(String::as_str);
                    grid.stands_beside(entry, cell.point, place)
                })
            })
    };
    grid.record.about.published.iter().filter(|entry| !shown(entry)).collect()
}
