//! Evaluation protocols, data sets to evaluate on, and scores.

mod boxed_backbone;
mod class_mapping;
mod downstream;
mod evaluation_protocol;
mod fine_tune;
mod input;
mod knn;
mod labelled_input;
mod linear_probe;
mod logistic_regression;
mod output;
mod predictions;
mod protocol;
mod score;
mod score_line;
mod settings;
mod sgd_dino;
mod sgd_moco;
mod stratified_split;

pub use boxed_backbone::BoxedBackbone;
pub use downstream::Downstream;
pub use evaluation_protocol::{EvaluationProtocol, in_effect};
pub use fine_tune::FineTune;
pub use input::{InputKind, NetworkInput, ProtocolInput};
pub use knn::Knn;
pub use linear_probe::{FittedProbe, Probe, Trial};
pub use output::ProtocolOutput;
pub use predictions::Predictions;
pub use protocol::Protocol;
pub use score::Score;
pub use score_line::{ScoreLine, append_scores, read_scores, update_scores};
pub use settings::ProtocolSettings;
pub use sgd_dino::SgdDino;
pub use sgd_moco::SgdMoco;
pub use stratified_split::{StratifiedSplit, stratified_split};
