//! Which test pictures are classified correctly.

use sempairs_internal::base64;
use serde::{Deserialize, Serialize};

/// Which test pictures are classified correctly: one bit per picture, in the order of the test set.
///
/// It is serialised as `{ "pictures": N, "bits": "BASE64" }`. Picture `i` is bit `i % 8`, counted
/// from the least significant one, of byte `i / 8`; the unused bits of the last byte are zero.
///
/// ```
/// use sempairs_eval::Correct;
///
/// let correct: Correct = [true, false, true, true].into_iter().collect();
/// assert_eq!((correct.len(), correct.count(), correct.accuracy()), (4, 3, 0.75));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Correct {
    pictures: usize,
    bits: Vec<u8>,
}

impl Correct {
    /// Number of test pictures.
    pub fn len(&self) -> usize {
        self.pictures
    }

    /// Returns true if there are no test pictures.
    pub fn is_empty(&self) -> bool {
        self.pictures == 0
    }

    /// Returns true if the picture with this index is classified correctly.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn get(&self, index: usize) -> bool {
        assert!(index < self.pictures, "picture {index} of {}", self.pictures);
        self.bits[index / 8] >> (index % 8) & 1 == 1
    }

    /// Whether each picture is classified correctly, in the order of the test set.
    pub fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.pictures).map(|index| self.get(index))
    }

    /// Number of pictures that are classified correctly.
    pub fn count(&self) -> usize {
        self.bits.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Top-1 accuracy: the share of pictures that are classified correctly; NaN without pictures.
    pub fn accuracy(&self) -> f64 {
        self.count() as f64 / self.pictures as f64
    }
}

impl FromIterator<bool> for Correct {
    fn from_iter<I: IntoIterator<Item = bool>>(pictures: I) -> Self {
        let mut correct = Self { pictures: 0, bits: Vec::new() };
        for hit in pictures {
            let index = correct.pictures;
            if index.is_multiple_of(8) {
                correct.bits.push(0);
            }
            correct.bits[index / 8] |= u8::from(hit) << (index % 8);
            correct.pictures += 1;
        }
        correct
    }
}

/// The serialised form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    pictures: usize,
    bits: String,
}

impl From<Correct> for Stored {
    fn from(correct: Correct) -> Self {
        Self { pictures: correct.pictures, bits: base64::encode(&correct.bits) }
    }
}

impl TryFrom<Stored> for Correct {
    type Error = String;

    fn try_from(Stored { pictures, bits }: Stored) -> Result<Self, String> {
        let bits = base64::decode(&bits).ok_or("`bits` is not Base64")?;
        let used = pictures % 8;
        let spare = bits.last().map_or(0, |last| if used == 0 { 0 } else { last >> used });
        if bits.len() != pictures.div_ceil(8) || spare != 0 {
            return Err(format!("`bits` are not those of {pictures} pictures"));
        }
        Ok(Self { pictures, bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_stored_as_bits_and_read_back() {
        for count in [0, 1, 7, 8, 9, 16, 1003] {
            let hit = |i: usize| i * i % 7 < 3;
            let correct: Correct = (0..count).map(hit).collect();
            assert_eq!((correct.len(), correct.is_empty()), (count, count == 0));
            assert_eq!(correct.count(), (0..count).filter(|i| hit(*i)).count());
            assert!(correct.iter().eq((0..count).map(hit)));
            let text = serde_json::to_string(&correct).unwrap();
            assert!(text.len() < 40 + count / 6 + 4, "{count}: {text}");
            assert_eq!(serde_json::from_str::<Correct>(&text).unwrap(), correct);
        }
    }

    /// Bits 0, 2 and 3 of the first byte are 13, bit 1 of the second is 2.
    #[test]
    fn the_form_is_that_of_earlier_versions() {
        let correct: Correct = (0..10).map(|i| [0, 2, 3, 9].contains(&i)).collect();
        assert_eq!(serde_json::to_string(&correct).unwrap(), r#"{"pictures":10,"bits":"DQI="}"#);
    }

    #[test]
    fn damaged_bits_are_an_error() {
        for (text, expected) in [
            (r#"{"pictures":10,"bits":"DQI"}"#, "not Base64"),
            (r#"{"pictures":17,"bits":"DQI="}"#, "not those of 17 pictures"),
            (r#"{"pictures":8,"bits":"DQI="}"#, "not those of 8 pictures"),
            (r#"{"pictures":9,"bits":"DQI="}"#, "not those of 9 pictures"),
            (r#"{"pictures":10,"bits":"DQI=","more":1}"#, "`more`"),
        ] {
            let message = serde_json::from_str::<Correct>(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
