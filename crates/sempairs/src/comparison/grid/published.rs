//! Published numbers and the cells they belong to.

use super::{GridComparison, GridTable};
use crate::comparison::Comparison;
use crate::experiment::Published;

/// The metric of the accuracies of a table.
const TOP1: &str = "top-1";

impl GridComparison {
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
        let first = |comparison: &'_ Comparison| {
            comparison.last_scores().iter().position(|score| score.dataset == dataset)
        };
        results.find_map(|c| Some(c.last_scores()[first(c)?].protocol.as_str()))
    }

    /// Returns true if the point has the labels of a published number.
    fn is_at(&self, entry: &Published, point: usize) -> bool {
        let labels = &self.record.points[point].labels;
        entry.at.iter().all(|(name, label)| {
            let axis = self.record.axes.iter().position(|axis| axis.name == *name);
            axis.and_then(|axis| labels.get(axis)) == Some(label)
        })
    }
}

/// The published numbers that no cell of the tables stands beside: those of another metric, and
/// those of an arm, a data set or a protocol that is not scored here.
pub fn unmatched<'a>(grid: &'a GridComparison, tables: &[GridTable]) -> Vec<&'a Published> {
    let shown = |entry: &&Published| {
        tables.iter().any(|table| {
            table.scores.iter().any(|cell| {
                let place = [&cell.dataset, &table.protocol, &cell.arm].map(String::as_str);
                grid.stands_beside(entry, cell.point, place)
            })
        })
    };
    grid.record.about.published.iter().filter(|entry| !shown(entry)).collect()
}
