//! Detection of collapsed runs and of runs that learn nothing.

use std::fmt;

use sempairs_objective::{Clock, TEACHER_ENTROPY};
use serde::{Deserialize, Serialize};

use super::metric_line::MetricLine;

/// Thresholds beyond which a measurement at the end of an epoch raises an [`Alarm`].
///
/// The default thresholds are this project's choice: far from the values of any method while it
/// learns, close to those of a collapsed run.
///
/// | measurement | alarm |
/// |---|---|
/// | standard deviation of the L2-normalised embeddings × `sqrt(d)`, 1 if isotropic | < 0.02 |
/// | effective rank of the embeddings | < 1.5 |
/// | loss, relative to the chance-level loss | within 0.1 % of it |
/// | entropy of the teacher's outputs, as a fraction of `ln K` | < 2 % or > 98 % |
///
/// The first two apply to all methods. The third applies to methods with a chance-level loss
/// ([`Method::chance`](sempairs_objective::Method::chance)): SimCLR, DCL, SupCon, NNCLR and MoCo
/// (the logarithm of the number of candidates), SwAV and DINO (`ln K`), Barlow Twins and VICReg
/// (the loss of embeddings without variance). The fourth applies to DINO: below 2 % the teacher
/// assigns every picture to one prototype, above 98 % to all prototypes equally.
///
/// A single measurement raises no alarm: two consecutive epoch ends must exceed the threshold.
/// Freshly initialised networks look collapsed, with a chance-level loss and nearly parallel
/// embeddings, so the first quarter of a run is ignored. For a contrastive method with
/// nearly uniform embeddings a chance-level loss is no collapse, but it means that the method has
/// learned nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Minimum standard deviation of the embeddings, in units of `1 / sqrt(d)`.
    pub deviation: f64,
    /// Minimum effective rank.
    pub rank: f64,
    /// Minimum distance of the loss from the chance-level loss, as a fraction of the latter.
    pub chance: f64,
    /// Minimum and maximum entropy of the teacher, as a fraction of `ln K`.
    pub entropy: [f64; 2],
    /// Fraction of the run, from its start, that is ignored.
    pub from: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { deviation: 0.02, rank: 1.5, chance: 0.001, entropy: [0.02, 0.98], from: 0.25 }
    }
}

/// Sign of collapse: a measurement beyond its threshold at the ends of the last two epochs. The
/// values are those of the last epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// All embeddings point in nearly the same direction.
    Deviation {
        /// Standard deviation of the L2-normalised embeddings, in units of `1 / sqrt(d)`.
        value: f64,
    },
    /// The embeddings vary along a single direction.
    Rank {
        /// Effective rank of the embeddings.
        value: f64,
    },
    /// The loss is at chance level.
    Chance {
        /// Mean loss.
        value: f64,
        /// Chance-level loss.
        chance: f64,
    },
    /// The teacher assigns every picture to the same prototype, or to all prototypes equally.
    TeacherEntropy {
        /// Entropy of the teacher, as a fraction of `ln K`.
        value: f64,
    },
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deviation { value } => {
                write!(f, "all embeddings are nearly equal (normalised deviation {value:.4})")
            }
            Self::Rank { value } => {
                write!(f, "the embeddings vary in one dimension (effective rank {value:.2})")
            }
            Self::Chance { value, chance } => {
                write!(f, "the loss {value:.4} is at chance level, {chance:.4}")
            }
            Self::TeacherEntropy { value } if *value < 0.5 => {
                write!(f, "the teacher selects a single prototype (entropy {value:.3} ln K)")
            }
            Self::TeacherEntropy { value } => {
                write!(f, "the teacher's outputs are uniform (entropy {value:.3} ln K)")
            }
        }
    }
}

impl Bounds {
    /// Returns the alarms of a run after the last of its lines that ends an epoch. `chance` is the
    /// chance-level loss, if the method has one.
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

    /// Measurements of one line that are beyond their thresholds.
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
            information_bound: None,
            negatives: None,
            collapse: Some(Collapse { deviation, rank }),
        }
    }

    fn of(lines: &[MetricLine], chance: Option<f64>) -> Vec<Alarm> {
        Bounds::default().alarms(lines, chance, Clock::new(10, 100))
    }

    #[test]
    fn two_consecutive_epochs_raise_an_alarm_and_the_start_is_ignored() {
        let (good, bad) =
            (|step| line(step, 1.0, 0.9, 20.0, None), |step| line(step, 1.0, 0.0, 1.0, None));
        assert_eq!(of(&[bad(30)], None), []);
        assert_eq!(of(&[good(30), bad(40)], None), []);
        assert_eq!(of(&[bad(30), good(40)], None), []);
        assert_eq!(of(&[bad(10), bad(20)], None), []);
        assert_eq!(of(&[bad(20), bad(30)], None), [], "the first line is in the ignored quarter");
        let both = [Alarm::Deviation { value: 0.0 }, Alarm::Rank { value: 1.0 }];
        assert_eq!(of(&[bad(30), bad(40)], None), both);
        // Lines between the ends of epochs are ignored.
        let between = MetricLine { collapse: None, ..good(35) };
        assert_eq!(of(&[bad(30), between, bad(40)], None), both);
        // Two different alarms in consecutive epochs raise none.
        let flat = |step| line(step, 1.0, 0.0, 20.0, None);
        let lying = |step| line(step, 1.0, 0.9, 1.0, None);
        assert_eq!(of(&[flat(30), lying(40)], None), []);
    }

    #[test]
    fn a_chance_level_loss_and_an_extreme_teacher_entropy_raise_alarms() {
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
