use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::ManifestRow;
use crate::PictureSource;

/// Counts of pairs, classes and pictures in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestSummary {
    /// Number of pairs.
    pub pairs: usize,
    /// Pairs whose pictures are of different classes.
    pub mixed: usize,
    /// Pairs with a picture of unknown class.
    pub unlabelled: usize,
    /// Classes with at least one pair within the class.
    pub classes: usize,
    /// Smallest number of pairs of such a class.
    pub min_per_class: usize,
    /// Median number of pairs of such a class; the lower median for an even number of classes.
    pub median_per_class: usize,
    /// Largest number of pairs of such a class.
    pub max_per_class: usize,
    /// Number of distinct pictures in all pairs.
    pub pictures: usize,
    /// The picture that appears in the most pairs (the first one if tied), and in how many.
    pub most_used: Option<(String, usize)>,
}

impl ManifestSummary {
    pub(super) fn of(rows: &[ManifestRow], source: &dyn PictureSource) -> Self {
        let mut per_class = BTreeMap::<&str, usize>::new();
        let mut per_picture = BTreeMap::<usize, usize>::new();
        let (mut mixed, mut unlabelled) = (0, 0);
        for row in rows {
            // The manifest's class is used for pictures that the source does not label.
            let class = |index| {
                let class = source.class(index).map(|class| source.classes()[class].as_str());
                class.or(row.class.as_deref())
            };
            match (class(row.pair.left), class(row.pair.right)) {
                (Some(left), Some(right)) if left == right => {
                    *per_class.entry(left).or_default() += 1;
                }
                (Some(_), Some(_)) => mixed += 1,
                _ => unlabelled += 1,
            }
            *per_picture.entry(row.pair.left).or_default() += 1;
            *per_picture.entry(row.pair.right).or_default() += 1;
        }
        let mut counts: Vec<usize> = per_class.into_values().collect();
        counts.sort_unstable();
        let most = per_picture.iter().rev().max_by_key(|(_, uses)| **uses);
        Self {
            pairs: rows.len(),
            mixed,
            unlabelled,
            classes: counts.len(),
            min_per_class: counts.first().copied().unwrap_or(0),
            median_per_class: counts.get(counts.len().saturating_sub(1) / 2).copied().unwrap_or(0),
            max_per_class: counts.last().copied().unwrap_or(0),
            pictures: per_picture.len(),
            most_used: most.map(|(&index, &uses)| (source.name(index), uses)),
        }
    }
}

impl fmt::Display for ManifestSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pairs              {}", self.pairs)?;
        writeln!(f, "across classes     {}", self.mixed)?;
        if self.unlabelled > 0 {
            writeln!(f, "without a class    {}", self.unlabelled)?;
        }
        writeln!(f, "classes            {}", self.classes)?;
        writeln!(
            f,
            "pairs of a class   {} to {}, median {}",
            self.min_per_class, self.max_per_class, self.median_per_class
        )?;
        write!(f, "pictures used      {}", self.pictures)?;
        match &self.most_used {
            Some((name, uses)) => write!(f, "\nmost used          {name}, {uses} times"),
            None => Ok(()),
        }
    }
}
