use std::fmt;

use rand::RngExt;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::Moment;
use crate::{ConfigError, Identity, Key, Side};

/// Operation number of the random draws, which does not collide with those of augmentation.
const MIX: u64 = u64::from_be_bytes(*b"pairmixd");

/// Fraction of [mixed](super::Pairing::Mixed) pairs that have their partner: a constant or a linear
/// schedule over the run.
///
/// In a file it is a number from 0 to 1 or a table, such as `{ from = 0.0, to = 1.0, begin = 0.1,
/// end = 0.5 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Share {
    /// The same fraction at every step.
    Constant(f64),
    /// A fraction that changes over the run.
    Linear(Ramp),
}

/// Linear schedule of a fraction: constant at `from` until the run's fraction `begin`, then linear,
/// and constant at `to` from the run's fraction `end`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Value at the beginning of the run, from 0 to 1.
    pub from: f64,
    /// Value at the end of the run, from 0 to 1.
    pub to: f64,
    /// Fraction of the run at which the change begins.
    #[serde(default)]
    pub begin: f64,
    /// Fraction of the run at which the change ends. If it equals `begin`, the value jumps there.
    #[serde(default = "whole")]
    pub end: f64,
}

fn whole() -> f64 {
    1.0
}

impl Share {
    /// Checks that all fractions are from 0 to 1 and that a schedule does not end before it begins.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key, which is empty for a constant.
    pub fn check(&self) -> Result<(), ConfigError> {
        let Self::Linear(ramp) = self else {
            return ConfigError::unless_within("", self.at(0.0), 0.0..=1.0);
        };
        let Ramp { from, to, begin, end } = *ramp;
        for (key, value) in [("from", from), ("to", to), ("begin", begin), ("end", end)] {
            ConfigError::unless_within(key, value, 0.0..=1.0)?;
        }
        if end < begin {
            let reason = format!("is {end}, but must not be before `begin`, which is {begin}");
            return Err(ConfigError::new("end", reason));
        }
        Ok(())
    }

    /// The fraction when the fraction `progress` of the run is completed:
    /// `from + (to - from) (progress - begin) / (end - begin)` between `begin` and `end`.
    pub fn at(&self, progress: f64) -> f64 {
        match *self {
            Self::Constant(share) => share,
            Self::Linear(Ramp { to, end, .. }) if progress >= end => to,
            Self::Linear(Ramp { from, begin, .. }) if progress <= begin => from,
            Self::Linear(Ramp { from, to, begin, end }) => {
                from + (to - from) * (progress - begin) / (end - begin)
            }
        }
    }

    /// Returns true if no pair ever has its partner.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Constant(share) => *share == 0.0,
            Self::Linear(ramp) => ramp.from == 0.0 && ramp.to == 0.0,
        }
    }

    /// Draws whether the pair with index `pair` has its partner at this moment: true if a uniform
    /// number from [0, 1) with the key (seed, epoch, pair) is below the share.
    ///
    /// The number does not depend on the share. At equal moments, the pairs that have their partner
    /// under a smaller share therefore also have it under a larger one.
    pub fn draw(&self, pair: usize, moment: Moment) -> bool {
        let Moment { seed, epoch, progress } = moment;
        let key = Key { seed, epoch, picture: pair as u64, side: Side::Right };
        key.rng(MIX).random::<f64>() < self.at(progress)
    }

    /// Extends an identity with the values.
    pub(super) fn identity(self, identity: Identity) -> Identity {
        let and = |identity: Identity, value: &f64| identity.and(&value.to_le_bytes());
        match self {
            Self::Constant(share) => and(identity.and_field(b"share"), &share),
            Self::Linear(Ramp { from, to, begin, end }) => {
                [from, to, begin, end].iter().fold(identity.and_field(b"ramp"), and)
            }
        }
    }
}

impl From<f64> for Share {
    fn from(share: f64) -> Self {
        Self::Constant(share)
    }
}

impl From<Ramp> for Share {
    fn from(ramp: Ramp) -> Self {
        Self::Linear(ramp)
    }
}

/// Written out, since the errors of an untagged enum do not name the wrong key.
impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Share;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 to 1, or a table with `from` and `to`")
            }

            fn visit_f64<E>(self, share: f64) -> Result<Share, E> {
                Ok(Share::Constant(share))
            }

            fn visit_i64<E>(self, share: i64) -> Result<Share, E> {
                Ok(Share::Constant(share as f64))
            }

            fn visit_u64<E>(self, share: u64) -> Result<Share, E> {
                Ok(Share::Constant(share as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Share, A::Error> {
                Ramp::deserialize(MapAccessDeserializer::new(map)).map(Share::Linear)
            }
        }

        deserializer.deserialize_any(Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISING: Share = Share::Linear(Ramp { from: 0.2, to: 1.0, begin: 0.25, end: 0.75 });

    #[test]
    fn a_schedule_is_linear_between_its_ends_and_constant_beyond() {
        for (progress, share) in
            [(0.0, 0.2), (0.25, 0.2), (0.375, 0.4), (0.5, 0.6), (0.75, 1.0), (1.0, 1.0)]
        {
            assert!((RISING.at(progress) - share).abs() < 1e-12, "{progress}");
        }
        let falling = Share::Linear(Ramp { from: 1.0, to: 0.0, begin: 0.0, end: 1.0 });
        assert!((falling.at(0.75) - 0.25).abs() < 1e-12);
        let jump = Share::Linear(Ramp { from: 0.0, to: 1.0, begin: 0.5, end: 0.5 });
        assert_eq!((jump.at(0.499), jump.at(0.5), jump.at(0.501)), (0.0, 1.0, 1.0));
        assert_eq!(Share::from(0.3).at(0.9), 0.3);
    }

    #[test]
    fn the_ends_of_the_range_draw_none_and_all() {
        let moment = |epoch| Moment { seed: 3, epoch, progress: 0.0 };
        for (share, partner) in [(0.0, false), (1.0, true)] {
            let share = Share::from(share);
            assert!((0..500).all(|pair| share.draw(pair, moment(pair as u64 % 7)) == partner));
        }
        assert!(Share::from(0.0).is_zero() && !Share::from(0.1).is_zero() && !RISING.is_zero());
    }

    #[test]
    fn draws_have_the_share_differ_by_key_and_are_nested() {
        let drawn = |share: f64, seed, epoch| -> Vec<bool> {
            let moment = Moment { seed, epoch, progress: 0.5 };
            (0..4000).map(|pair| Share::from(share).draw(pair, moment)).collect()
        };
        let quarter = drawn(0.25, 1, 2);
        // Six standard deviations of the binomial are 164.
        let count = quarter.iter().filter(|drawn| **drawn).count();
        assert!(count.abs_diff(1000) < 164, "{count}");
        assert_eq!(drawn(0.25, 1, 2), quarter);
        assert_ne!(drawn(0.25, 2, 2), quarter);
        assert_ne!(drawn(0.25, 1, 3), quarter);
        assert!(quarter.iter().zip(drawn(0.5, 1, 2)).all(|(less, more)| !less || more));
    }

    #[test]
    fn a_share_is_a_number_or_a_table() {
        let read = |text: &str| serde_json::from_str::<Share>(text);
        assert_eq!(read("0.25").unwrap(), Share::Constant(0.25));
        assert_eq!(read("1").unwrap(), Share::Constant(1.0));
        let ramp = Ramp { from: 0.0, to: 0.5, begin: 0.0, end: 1.0 };
        assert_eq!(read(r#"{"from": 0, "to": 0.5}"#).unwrap(), Share::Linear(ramp));
        for share in [Share::from(0.5), RISING] {
            assert_eq!(read(&serde_json::to_string(&share).unwrap()).unwrap(), share);
        }
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert!(message(r#"{"form": 0, "to": 1}"#).contains("unknown field `form`"));
        assert!(message(r#""half""#).contains("a number from 0 to 1, or a table"));
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let key = |share: Share| share.check().unwrap_err().key().to_owned();
        assert_eq!(key(Share::from(1.5)), "");
        assert_eq!(key(Share::from(f64::NAN)), "");
        let ramp = Ramp { from: 0.0, to: 1.0, begin: 0.0, end: 1.0 };
        assert_eq!(Share::from(ramp).check(), Ok(()));
        assert_eq!(key(Ramp { from: -0.1, ..ramp }.into()), "from");
        assert_eq!(key(Ramp { to: 2.0, ..ramp }.into()), "to");
        assert_eq!(key(Ramp { begin: 1.1, ..ramp }.into()), "begin");
        assert_eq!(key(Ramp { begin: 0.6, end: 0.5, ..ramp }.into()), "end");
    }
}
