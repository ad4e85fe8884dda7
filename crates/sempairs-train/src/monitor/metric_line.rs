use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::negative_counts::NegativeCounts;

/// Collapse measurements of the embeddings of one batch; logged once per epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collapse {
    /// Standard deviation of the L2-normalised embeddings in units of `1 / sqrt(d)`: 1 for
    /// isotropic directions, 0 for equal ones; see
    /// [`sempairs_eval::analysis::collapse::std_of_l2_normalized`].
    pub deviation: f64,
    /// Effective rank of the embeddings; see [`sempairs_eval::analysis::collapse::effective_rank`].
    pub rank: f64,
}

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricLine {
    /// Number of completed steps.
    pub step: usize,
    /// Number of completed epochs, including the fraction of the current one.
    pub epoch: f64,
    /// Mean loss since the previous line.
    pub loss: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Throughput since the previous line, in pairs per second.
    pub pairs_per_second: f64,
    /// Fraction of the time since the previous line in which the trainer waited for data.
    pub waiting: f64,
    /// Additional scalars of the method, such as the teacher's entropy: means since the previous
    /// line. For mixed pairs also `semantic_share`, at the end of an epoch.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub scalars: BTreeMap<String, f64>,
    /// Lower bound of the mutual information between the two views of a pair, in nats, for methods
    /// whose loss gives one; see [`sempairs_objective::Method::information_bound`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub information_bound: Option<f64>,
    /// Composition of the negatives; only at the end of an epoch, for methods with negatives.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub negatives: Option<NegativeCounts>,
    /// Collapse measurements; only at the end of an epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub collapse: Option<Collapse>,
}
