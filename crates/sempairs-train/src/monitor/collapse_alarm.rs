//! What tells that a run has collapsed, or learns nothing.

use std::fmt;

use sempairs_objective::{Clock, TEACHER_ENTROPY};
use serde::{Deserialize, Serialize};

use crate::MetricLine;

/// The bounds beyond which a reading at the end of an epoch is an alarm. They are this project's
/// choice: far from what any method shows while it learns, near what it shows when it has
/// collapsed.
///
/// | reading | alarm | methods |
/// |---|---|---|
/// | deviation of the normalised embeddings, 1 for directions spread evenly | below 0.02 | all |
/// | effective rank of the embeddings | below 1.5 | all |
/// | loss against that of guessing, [`Method::chance`](sempairs_objective::Method::chance) | within 0.1 % of it | those that have such a value: SimCLR, DCL, SupCon, NNCLR, MoCo (`ln` of the number of candidates); SwAV, DINO (`ln K`); Barlow Twins, VICReg (what embeddings without variance cost) |
/// | teacher's entropy as a share of `ln K` | below 2 % (every picture falls to one prototype) or above 98 % (to all alike) | DINO |
///
/// One reading is no alarm: two ends of epochs in a row have to show it. And since networks start
/// out with what looks like a collapse, at chance and with nearly parallel embeddings, nothing
/// counts in the first quarter of a run. A loss at chance is no collapse for a contrastive method
/// whose embeddings are spread out; but it tells nothing apart either.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least deviation.
    pub deviation: f64,
    /// The least effective rank.
    pub rank: f64,
    /// How near the loss of guessing a loss may come, as a share of it.
    pub chance: f64,
    /// The least and the greatest entropy of the teacher, as a share of `ln K`.
    pub entropy: [f64; 2],
    /// The share of a run in which nothing counts.
    pub from: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { deviation: 0.02, rank: 1.5, chance: 0.001, entropy: [0.02, 0.98], from: 0.25 }
    }
}

/// What was beyond its bounds at the ends of the last two epochs; the value is the last one's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// All embeddings point the same way.
    Deviation {
        /// Over `1 / sqrt(d)`.
        value: f64,
    },
    /// The embeddings lie on a line.
    Rank {
        /// The effective rank.
        value: f64,
    },
    /// The loss is that of guessing.
    Chance {
        /// The loss.
        value: f64,
        /// The loss of guessing.
        chance: f64,
    },
    /// The teacher gives every picture the same prototype, or all of them alike.
    TeacherEntropy {
        /// As a share of `ln K`.
        value: f64,
    },
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deviation { value } => {
                write!(f, "all embeddings point the same way (deviation {value:.4})")
            }
            Self::Rank { value } => {
                write!(f, "the embeddings lie on a line (effective rank {value:.2})")
            }
            Self::Chance { value, chance } => {
                write!(f, "the loss, {value:.4}, is that of guessing, {chance:.4}")
            }
            Self::TeacherEntropy { value } if *value < 0.5 => {
                write!(f, "the teacher sees one prototype alone (entropy {value:.3} of ln K)")
            }
            Self::TeacherEntropy { value } => {
                write!(f, "the teacher sees all prototypes alike (entropy {value:.3} of ln K)")
            }
        }
    }
}

impl Bounds {
    /// The alarms of a run at its last line, where that ends an epoch. `chance` is the loss of
    /// guessing, if the method has one.
    pub fn alarms(&self, lines: &[MetricLine], chance: Option<f64>, clock: Clock) -> Vec<Alarm> {
        let start = self.from * clock.steps as f64;
        let counts = |line: &&MetricLine| line.collapse.is_some() && line.step as f64 >= start;
        let mut ends = lines.iter().rev().filter(counts);
        let (Some(last), Some(before)) = (ends.next(), ends.next()) else { return Vec::new() };
        let mut alarms = self.readings(last, chance);
        let earlier = self.readings(before, chance);
        let kind = std::mem::discriminant::<Alarm>;
        alarms.retain(|alarm| earlier.iter().any(|other| kind(other) == kind(alarm)));
        alarms
    }

    /// What is beyond its bounds in one line.
    fn readings(&self, line: &MetricLine, chance: Option<f64>) -> Vec<Alarm> {
        let mut found = Vec::new();
        if let Some(collapse) = line.collapse {
            if collapse.deviation < self.deviation {
                found.push(Alarm::Deviation { value: collapse.deviation });
            }
            if collapse.rank < self.rank {
                found.push(Alarm::Rank { value: collapse.rank });
            }
        }
        if let Some(chance) = chance {
            let value = line.loss;
            if (value - chance).abs() < self.chance * chance.abs() {
                found.push(Alarm::Chance { value, chance });
            }
            let entropy = line.scalars.get(TEACHER_ENTROPY).map(|entropy| entropy / chance);
            let [least, most] = self.entropy;
            if let Some(value) = entropy.filter(|share| !(least..=most).contains(share)) {
                found.push(Alarm::TeacherEntropy { value });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collapse;

    fn line(step: usize, loss: f64, deviation: f64, rank: f64, entropy: Option<f64>) -> MetricLine {
        MetricLine {
            step,
            epoch: 0.0,
            loss,
            learning_rate: 0.1,
            pairs_per_second: 1.0,
            waiting: 0.0,
            scalars: entropy.map(|value| (TEACHER_ENTROPY.to_owned(), value)).into_iter().collect(),
            negatives: None,
            collapse: Some(Collapse { deviation, rank }),
        }
    }

    fn of(lines: &[MetricLine], chance: Option<f64>) -> Vec<Alarm> {
        Bounds::default().alarms(lines, chance, Clock::new(10, 100))
    }

    #[test]
    fn two_epochs_in_a_row_make_an_alarm_and_the_start_none() {
        let (good, bad) =
            (|step| line(step, 1.0, 0.9, 20.0, None), |step| line(step, 1.0, 0.0, 1.0, None));
        assert_eq!(of(&[bad(30)], None), []);
        assert_eq!(of(&[good(30), bad(40)], None), []);
        assert_eq!(of(&[bad(30), good(40)], None), []);
        assert_eq!(of(&[bad(10), bad(20)], None), []);
        assert_eq!(of(&[bad(20), bad(30)], None), [], "the first is too early");
        let both = [Alarm::Deviation { value: 0.0 }, Alarm::Rank { value: 1.0 }];
        assert_eq!(of(&[bad(30), bad(40)], None), both);
        // A line between the ends of epochs counts for nothing.
        let between = MetricLine { collapse: None, ..good(35) };
        assert_eq!(of(&[bad(30), between, bad(40)], None), both);
        // One after the other is not twice the same.
        let flat = |step| line(step, 1.0, 0.0, 20.0, None);
        let lying = |step| line(step, 1.0, 0.9, 1.0, None);
        assert_eq!(of(&[flat(30), lying(40)], None), []);
    }

    #[test]
    fn a_loss_at_chance_and_a_teacher_without_a_choice_are_alarms() {
        let chance = 4096f64.ln();
        let twice = |loss: f64, entropy: f64| {
            of(&[30, 40].map(|step| line(step, loss, 0.9, 20.0, Some(entropy))), Some(chance))
        };
        assert_eq!(twice(7.0, 0.5 * chance), []);
        assert_eq!(twice(8.32, 0.5 * chance), [Alarm::Chance { value: 8.32, chance }]);
        for share in [0.001, 0.999] {
            let found = twice(7.0, share * chance);
            let [Alarm::TeacherEntropy { value }] = found[..] else { panic!("{found:?}") };
            assert!((value - share).abs() < 1e-9);
        }
        assert_eq!(of(&[30, 40].map(|step| line(step, 8.32, 0.9, 20.0, None)), None), []);
    }
}
