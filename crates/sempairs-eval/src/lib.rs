//! Evaluation of pre-trained backbones on labelled pictures.
//!
//! [`extract`] computes the [`Features`] of all pictures of a data set with a
//! [`Backbone`](sempairs_backbone::Backbone). An [`EvaluationProtocol`] learns from training
//! features (or trains the network) and scores its predictions for the test set; [`Protocol`] is
//! any of the built-in ones, as written in files. [`Downstream`] combines both steps for a data
//! set. Every [`Score`] has the name, settings and hash of its protocol. [`stats`] computes
//! confidence intervals and corrects p-values; [`analysis`] has measures of invariance and
//! collapse, and t-SNE.
//!
//! ```
//! use sempairs_eval::{EvaluationProtocol, Features, Knn, Protocol};
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

pub mod analysis;
mod error;
mod features;
mod limits;
pub mod linalg;
mod protocols;
pub mod stats;
#[cfg(test)]
mod testing;

pub use error::EvalError;
pub use features::{
    Features, StandardScaler, colour_histogram, embed, extract, features_identity, raw_pixels,
    unit_rows, weights_identity,
};
pub use protocols::{
    BoxedBackbone, Correct, Downstream, EvaluationProtocol, FineTune, FittedProbe, InputKind, Knn,
    NetworkInput, Predictions, Probe, Protocol, ProtocolInput, ProtocolOutput, ProtocolSettings,
    Score, ScoreLine, SgdDino, SgdMoco, StratifiedSplit, Trial, append_scores, in_effect,
    read_scores, stratified_split, update_scores,
};
pub use sempairs_data::{ConfigError, Identity};
