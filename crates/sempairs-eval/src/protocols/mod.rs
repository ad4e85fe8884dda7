//! The ways of scoring features, spelt out and named.

mod class_mapping;
mod downstream;
mod fine_tune;
mod held_out;
mod knn;
mod logistic_regression;
mod probe;
mod protocol;
mod ranking;
mod score;
mod score_line;
mod sgd_dino;
mod sgd_moco;

pub use downstream::{Downstream, Evaluate};
pub use fine_tune::FineTune;
pub use held_out::{HeldOut, stratified};
pub use knn::Knn;
pub use probe::{Fitted, Probe, Trial};
pub use protocol::{Protocol, Sees};
pub use ranking::Ranked;
pub use score::Score;
pub use score_line::{ScoreLine, append_scores, read_scores, update_scores};
pub use sgd_dino::SgdDino;
pub use sgd_moco::SgdMoco;
