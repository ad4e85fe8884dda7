//! The data sets that a study's runs are scored on.

use std::fmt;
use std::ops::{Deref, DerefMut};

use sempairs_eval::Protocol;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Pictures;

/// The key of the evaluation in an experiment file.
const KEY: &str = "evaluation";

/// The evaluation on one data set: downstream data, protocols, and the steps at which a run is
/// scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Name of the downstream data in the scores.
    pub dataset: String,
    /// Training set of the protocols.
    pub train: Pictures,
    /// Test set of the protocols.
    pub test: Pictures,
    /// Number of steps between two scores; if omitted, only the last step is scored. Step 0, the
    /// untrained network, is always scored. All data sets of a study are scored at the same steps;
    /// see [`Evaluations::every`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// Evaluation protocols; the first one is shown first in tables.
    #[serde(default = "protocols")]
    pub protocols: Vec<Protocol>,
    /// Number of scenes per class for the invariance report; no report if omitted. With several
    /// data sets, the first one that has this number is reported on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariance_scenes: Option<usize>,
}

fn protocols() -> Vec<Protocol> {
    ["probe", "knn"].map(|name| name.parse().expect("a built-in protocol")).to_vec()
}

impl Evaluation {
    /// Linear probe and k-NN, applied before the first step and after the last.
    pub fn new(
        dataset: impl Into<String>,
        train: impl Into<Pictures>,
        test: impl Into<Pictures>,
    ) -> Self {
        Self {
            dataset: dataset.into(),
            train: train.into(),
            test: test.into(),
            every: None,
            protocols: protocols(),
            invariance_scenes: None,
        }
    }
}

/// One [`Evaluation`] per data set that a run is scored on: at least one, with different names. The
/// first data set heads the tables.
///
/// In an experiment file it is one table, `[evaluation]`, or a list of tables, `[[evaluation]]`.
/// A single evaluation is written as one table.
///
/// ```
/// use sempairs::experiment::{Evaluation, Evaluations, Pictures};
///
/// let on = |name: &str| {
///     let [train, test] = ["train", "test"].map(|set| Pictures::folder(format!("{name}/{set}")));
///     Evaluation::new(name, train, test)
/// };
/// let mut evaluations = Evaluations::from(on("birds"));
/// evaluations.push(on("flowers"));
/// evaluations[1].every = Some(500);
/// assert_eq!(evaluations.every(), Some(500));
/// assert_eq!(evaluations.key(1), "evaluation[1]");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluations(Vec<Evaluation>);

impl Evaluations {
    /// Adds a data set.
    pub fn push(&mut self, evaluation: Evaluation) {
        self.0.push(evaluation);
    }

    /// Number of steps between two scores, which is the same for all data sets: that of the first
    /// evaluation which sets it. `None` if only step 0 and the last step are scored.
    pub fn every(&self) -> Option<usize> {
        self.iter().find_map(|evaluation| evaluation.every)
    }

    /// The key of an evaluation in error messages: `evaluation` if there is only one, otherwise
    /// with the index, such as `evaluation[1]`.
    pub fn key(&self, index: usize) -> String {
        match self.len() {
            1 => KEY.to_owned(),
            _ => format!("{KEY}[{index}]"),
        }
    }
}

impl From<Evaluation> for Evaluations {
    fn from(evaluation: Evaluation) -> Self {
        Self(vec![evaluation])
    }
}

impl Deref for Evaluations {
    type Target = [Evaluation];

    fn deref(&self) -> &[Evaluation] {
        &self.0
    }
}

impl DerefMut for Evaluations {
    fn deref_mut(&mut self) -> &mut [Evaluation] {
        &mut self.0
    }
}

impl Serialize for Evaluations {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [only] => only.serialize(to),
            several => several.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Evaluations {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // An untagged enum would lose the reason and the place of an error inside a table.
        from.deserialize_any(TableOrList)
    }
}

struct TableOrList;

impl<'de> Visitor<'de> for TableOrList {
    type Value = Evaluations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table or a list of tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Evaluations, A::Error> {
        Evaluation::deserialize(MapAccessDeserializer::new(map)).map(Evaluations::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Evaluations, A::Error> {
        let mut evaluations = Vec::<Evaluation>::new();
        while let Some(evaluation) = list.next_element()? {
            evaluations.push(evaluation);
        }
        match evaluations.is_empty() {
            true => Err(A::Error::custom("must have at least one data set")),
            false => Ok(Evaluations(evaluations)),
        }
    }
}
