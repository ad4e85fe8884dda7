//! The text of a table's entry, independent of the table's format.

use sempairs_eval::stats::{Estimate, Interval};

use crate::comparison::grid::{DifferenceCell, ScoreCell, State};
use crate::report::number;

/// An entry of a table.
pub enum Entry<'a> {
    /// The accuracy of an arm.
    Score(&'a ScoreCell),
    /// The difference between two arms.
    Difference(&'a DifferenceCell),
    /// There is no such point.
    None,
}

/// The text of an entry: one value and notes on it, in percent or percentage points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The value, or why there is none.
    pub value: String,
    /// Whether there is a value.
    pub is_number: bool,
    /// Interval, p-values and published value, one note each.
    pub notes: Vec<String>,
}

impl Entry<'_> {
    /// Returns the text of the entry.
    pub fn said(&self) -> Said {
        match self {
            Self::Score(cell) => score(cell),
            Self::Difference(cell) => difference(cell),
            Self::None => missing(number::MISSING),
        }
    }
}

fn missing(reason: &str) -> Said {
    Said { value: reason.into(), is_number: false, notes: Vec::new() }
}

fn score(cell: &ScoreCell) -> Said {
    let mut said = match (&cell.accuracy, cell.state) {
        (Some(found), _) => {
            let mut notes = vec![interval(found)];
            if cell.missing > 0 {
                let all = cell.values.len() + cell.missing;
                notes.push(format!("{} of {}", cell.values.len(), number::seeds(all)));
            }
            Said { value: number::fixed(100.0 * found.mean, 2), is_number: true, notes }
        }
        (None, State::NotRun) => missing("not run yet"),
        (None, State::NoArm) => missing(number::MISSING),
        (None, State::Scored | State::NotScored) => missing("not scored"),
    };
    let published = |value: f64| format!("published {}", number::fixed(100.0 * value, 2));
    said.notes.extend(cell.published.map(published));
    said
}

fn difference(cell: &DifferenceCell) -> Said {
    let mut said = match &cell.difference {
        Some(found) => {
            let mut notes = vec![interval(found)];
            notes.extend(p_values(found.p_value, cell.holm));
            let pictures = cell.pictures.as_ref().and_then(over_pictures);
            notes.extend(pictures.map(|interval| format!("pictures {interval}")));
            Said { value: number::points(found.mean), is_number: true, notes }
        }
        None => missing(number::MISSING),
    };
    said.notes.extend(cell.published.map(|value| format!("published {}", number::points(value))));
    said
}

/// The t interval over the seeds, or why there is none.
pub fn interval(found: &Estimate) -> String {
    number::interval(found).unwrap_or_else(|| "one seed: no interval".into())
}

/// The bootstrap interval over the test pictures.
pub fn over_pictures(of: &Interval) -> Option<String> {
    let estimate =
        Estimate { mean: 0.0, low: Some(of.low), high: Some(of.high), n: 0, p_value: None };
    number::interval(&estimate)
}

/// The p-value of the paired t-test, and the one after Holm's correction.
fn p_values(p: Option<f64>, holm: Option<f64>) -> Option<String> {
    let said = |p: Option<f64>| match number::p_value(p) {
        less if less.starts_with('<') => less,
        value => format!("= {value}"),
    };
    p.filter(|p| p.is_finite()).map(|p| format!("p {}, Holm {}", said(Some(p)), said(holm)))
}

#[cfg(test)]
mod tests {
    use sempairs_eval::stats::mean;

    use super::*;

    fn cell(samples: &[f64]) -> DifferenceCell {
        DifferenceCell {
            point: 0,
            dataset: "far".into(),
            arm: "sp".into(),
            against_point: 0,
            against: "ap".into(),
            names: ["sp", "ap"].map(String::from),
            values: (0..).zip(samples.iter().copied()).collect(),
            difference: (!samples.is_empty()).then(|| mean(samples)),
            holm: None,
            pictures: None,
            published: Some(0.0383),
        }
    }

    #[test]
    fn a_difference_is_said_with_all_its_intervals() {
        let mut cell = cell(&[0.01, 0.02, 0.03]);
        cell.holm = Some(0.1484);
        cell.pictures = Some(Interval { low: 0.015, high: 0.025 });
        let said = Entry::Difference(&cell).said();
        assert_eq!(said.value, "+2.00");
        assert_eq!(
            said.notes,
            [
                "[\u{2212}0.48, 4.48]",
                "p = 0.074, Holm = 0.148",
                "pictures [1.50, 2.50]",
                "published +3.83"
            ]
        );
    }

    #[test]
    fn one_seed_has_no_interval_and_says_so() {
        let said = Entry::Difference(&cell(&[0.01])).said();
        assert_eq!(said.notes, ["one seed: no interval", "published +3.83"]);
        let said = Entry::Difference(&cell(&[])).said();
        assert_eq!((said.value.as_str(), said.is_number), (number::MISSING, false));
    }

    #[test]
    fn missing_runs_are_said() {
        let mut cell = ScoreCell {
            point: 0,
            dataset: "far".into(),
            arm: "sp".into(),
            state: State::NotRun,
            values: Vec::new(),
            missing: 3,
            accuracy: None,
            published: None,
        };
        assert_eq!(Entry::Score(&cell).said().value, "not run yet");
        cell.state = State::Scored;
        cell.values = vec![(0, 0.5), (1, 0.52)];
        (cell.missing, cell.accuracy) = (1, Some(mean(&[0.5, 0.52])));
        let said = Entry::Score(&cell).said();
        assert_eq!((said.value.as_str(), &*said.notes[1]), ("51.00", "2 of 3 seeds"));
    }
}
