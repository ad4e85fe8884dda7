//! The protocols as one type, each with its name and identity.

use std::fmt;
use std::str::FromStr;

use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::features::check_finite;
use crate::{EvalError, Features, FineTune, Identity, Knn, Probe, Ranked, SgdDino, SgdMoco};

/// A way of scoring features with everything that the score depends on.
///
/// ```
/// use sempairs_eval::Protocol;
///
/// let protocol: Protocol = serde_json::from_str(r#"{ "kind": "knn", "k": 200 }"#).unwrap();
/// assert_eq!(protocol.name(), "knn-k200-t0.07");
/// assert_ne!(protocol.hash("views"), "knn".parse::<Protocol>().unwrap().hash("views"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Protocol {
    /// Weighted nearest neighbours.
    Knn(Knn),
    /// A linear probe by L-BFGS, its regularisation chosen on a slice of the training set.
    Probe(Probe),
    /// MoCo's linear classifier on features of one fixed view.
    SgdMoco(SgdMoco),
    /// DINO's linear classifier on the class tokens of the last blocks, of one fixed view.
    SgdDino(SgdDino),
    /// The whole network, trained on.
    FineTune(FineTune),
}

/// What a protocol looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// The features of frozen pictures.
    Features,
    /// Of a vision transformer the class tokens of so many last blocks; of another network its features.
    ClassTokens(usize),
    /// The network itself, which it trains.
    Network,
}

/// What a protocol found besides the ranking, by name.
pub(crate) type Notes = Vec<(&'static str, f64)>;

impl Protocol {
    /// The kinds as files spell them; [`from_str`](Self::from_str) takes each with its default settings.
    pub const NAMES: [&'static str; 5] = ["knn", "probe", "sgd_moco", "sgd_dino", "fine_tune"];

    /// What it looks at.
    pub fn sees(&self) -> Sees {
        match self {
            Self::Knn(_) | Self::Probe(_) | Self::SgdMoco(_) => Sees::Features,
            Self::SgdDino(dino) => Sees::ClassTokens(dino.blocks),
            Self::FineTune(_) => Sees::Network,
        }
    }

    /// What to call the protocol in tables: its kind and the settings that people vary.
    pub fn name(&self) -> String {
        match self {
            Self::Knn(knn) => format!("knn-k{}-t{}", knn.k, knn.temperature),
            Self::Probe(_) => "probe-lbfgs".into(),
            // MoCo's own crops and flips the training pictures anew in every epoch.
            Self::SgdMoco(_) => "sgd-moco-fixed-view".into(),
            Self::SgdDino(dino) => format!("sgd-dino-{}tokens-fixed-view", dino.blocks),
            Self::FineTune(tune) => {
                format!("finetune-sgd-lr{}-{}ep", tune.learning_rate, tune.epochs)
            }
        }
    }

    /// The hash of all settings and of the views: the [FNV-1a hash](Identity) of the protocol's JSON, its
    /// fields in the order of the structs, followed by `views`. Scores with the same hash were made in the
    /// same way.
    pub fn hash(&self, views: &str) -> Identity {
        let settings = serde_json::to_string(self).expect("a protocol is plain data");
        Identity::new().and_field(settings.as_bytes()).and_field(views.as_bytes())
    }

    /// The protocol as it is carried out with so many training pictures: of fewer than `k` all
    /// vote.
    pub fn on(&self, pictures: usize) -> Self {
        match self {
            Self::Knn(knn) => Self::Knn(Knn { k: knn.k.min(pictures), ..*knn }),
            other => other.clone(),
        }
    }

    /// Whether the settings make sense.
    ///
    /// # Errors
    ///
    /// [`EvalError::Protocol`] with the setting and the reason.
    pub fn check(&self) -> Result<(), EvalError> {
        match self {
            Self::Knn(knn) => knn.check(),
            Self::Probe(probe) => probe.check(),
            Self::SgdMoco(sgd) => sgd.check(),
            Self::SgdDino(dino) => dino.check(),
            Self::FineTune(tune) => tune.check(),
        }
    }

    /// Ranks the classes of every query from the training features alone. Features that are not
    /// finite have no ranking, wherever they come from.
    pub(crate) fn rank(
        &self,
        train: &Features,
        queries: &[f32],
        progress: &ProgressBar,
    ) -> Result<(Ranked, Notes), EvalError> {
        self.check()?;
        [&train.values, queries].into_iter().try_for_each(check_finite)?;
        Ok(match self {
            Self::Knn(knn) => (knn.rank_with(train, queries, progress)?, Notes::new()),
            Self::SgdMoco(sgd) => (sgd.rank_with(train, queries, progress)?, Notes::new()),
            Self::SgdDino(dino) => (dino.rank_with(train, queries, progress)?, Notes::new()),
            Self::FineTune(_) => {
                let reason = "fine-tuning sees the network, not its features";
                return Err(EvalError::protocol("kind", reason));
            }
            Self::Probe(probe) => {
                let fitted = probe.fit_with(train, progress)?;
                let notes = vec![
                    ("lambda", fitted.chosen.lambda),
                    ("held_out_top1", fitted.chosen.accuracy),
                    ("train_loss", fitted.minimum().value),
                    ("iterations", fitted.minimum().iterations as f64),
                    ("largest_gradient", fitted.minimum().gradient),
                ];
                (fitted.rank(queries)?, notes)
            }
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl FromStr for Protocol {
    type Err = EvalError;

    fn from_str(name: &str) -> Result<Self, EvalError> {
        match name {
            "knn" => Ok(Self::Knn(Knn::default())),
            "probe" => Ok(Self::Probe(Probe::default())),
            "sgd_moco" => Ok(Self::SgdMoco(SgdMoco::default())),
            "sgd_dino" => Ok(Self::SgdDino(SgdDino::default())),
            "fine_tune" => Ok(Self::FineTune(FineTune::default())),
            _ => {
                let known = Self::NAMES.join(", ");
                Err(EvalError::protocol("name", format!("no `{name}`; there are {known}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A default that changes changes every number that was made with it: change this line with it,
    /// and say so in the notes of the release.
    #[test]
    fn the_defaults_are_what_they_were() {
        let hashes = Protocol::NAMES.map(|name| name.parse::<Protocol>().unwrap().hash(""));
        assert_eq!(
            hashes.map(|hash| hash.to_string()),
            [
                "0a61f6a49de7df08",
                "511c56aa5a0e82f6",
                "5443d92f6248ff95",
                "30baa7f9a1c86b74",
                "5a08b90b6bf19d16",
            ]
        );
    }

    #[test]
    fn files_spell_protocols_and_unknown_keys_are_errors() {
        let protocol: Protocol =
            serde_json::from_str(r#"{ "kind": "probe", "values": 45 }"#).unwrap();
        assert_eq!(protocol, Protocol::Probe(Probe { values: 45, ..Probe::default() }));
        for name in Protocol::NAMES {
            let spelt = serde_json::from_str(&format!(r#"{{ "kind": "{name}" }}"#));
            assert_eq!(spelt.ok(), name.parse::<Protocol>().ok(), "{name}");
        }
        let text = serde_json::to_string(&protocol).unwrap();
        assert_eq!(serde_json::from_str::<Protocol>(&text).unwrap(), protocol);
        let error = serde_json::from_str::<Protocol>(r#"{ "kind": "knn", "kk": 3 }"#).unwrap_err();
        assert!(error.to_string().contains("`kk`"), "{error}");
        let error = "knm".parse::<Protocol>().unwrap_err().to_string();
        assert!(error.contains("knm") && error.contains("sgd_moco"), "{error}");
    }

    #[test]
    fn the_views_are_part_of_the_hash() {
        let knn = Protocol::Knn(Knn::default());
        assert_ne!(knn.hash("32 pixels"), knn.hash("64 pixels"));
    }
}
