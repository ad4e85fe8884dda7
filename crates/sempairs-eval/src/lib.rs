//! Scores for frozen backbones.
//!
//! A [`Backbone`](sempairs_backbone::Backbone) gives every picture of a source its [`Features`], once;
//! a [`Protocol`] scores test features against training features; [`Downstream`] does both for a data set.
//! Every [`Score`] carries the name and the hash of how it was made. [`interval`] says how sure a difference
//! of scores is, [`invariance`] what features ignore, [`collapse`] how much of their space they use, and
//! [`embed2d`] draws them as a map.
//!
//! ```
//! use sempairs_eval::{Features, Knn, Protocol};
//!
//! let corner = |x: f32, y: f32, label| Features {
//!     values: vec![x, y, 2.0 * x, y],
//!     dim: 2,
//!     labels: vec![label; 2],
//!     classes: vec!["right".into(), "up".into()],
//! };
//! let mut train = corner(1.0, 0.1, 0);
//! let up = corner(0.1, 1.0, 1);
//! train.values.extend(&up.values);
//! train.labels.extend(&up.labels);
//! let knn = Protocol::Knn(Knn { k: 2, ..Knn::default() });
//! let score = knn.score("corners", "coordinates", &train, &corner(0.2, 0.7, 1)).unwrap();
//! assert_eq!((score.top1, score.protocol.as_str()), (1.0, "knn-k2-t0.07"));
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod affinity;
mod baseline;
mod cache;
mod class_tokens;
pub mod collapse;
mod downstream;
mod eigen;
mod embed;
pub mod embed2d;
mod error;
mod features;
mod fine_tune;
mod fingerprint;
mod identity;
pub mod interval;
pub mod invariance;
mod knn;
pub mod lbfgs;
mod limits;
mod logistic;
mod matching;
mod normalise;
mod pca;
mod probe;
mod product;
mod protocol;
mod ranked;
mod score;
mod score_line;
mod sgd;
mod sgd_dino;
mod split;
mod student;
#[cfg(test)]
mod testing;
mod wolfe;

pub use baseline::{colour_histogram, raw_pixels};
pub use downstream::{Downstream, Evaluate};
pub use embed::embed;
pub use error::EvalError;
pub use features::{Features, extract};
pub use fine_tune::FineTune;
pub use fingerprint::{features_identity, weights_identity};
pub use identity::Identity;
pub use indicatif::ProgressBar;
pub use knn::Knn;
pub use normalise::{Standard, unit_rows};
pub use probe::{Fitted, Probe, Trial};
pub use protocol::{Protocol, Sees};
pub use ranked::Ranked;
pub use score::Score;
pub use score_line::{ScoreLine, append_scores, read_scores, update_scores};
pub use sgd::SgdMoco;
pub use sgd_dino::SgdDino;
pub use split::{Split, stratified};
