//! The `[study]` table: what a study is about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What an experiment file says about its study. It is no part of a run's identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudyAbout {
    /// Title of the study.
    pub title: String,
    /// What the study compares, in a few sentences.
    pub about: String,
    /// Which data are needed, where to get them, and where to put them.
    pub needs: Vec<String>,
    /// Expected GPU hours.
    pub gpu_hours: String,
    /// Source of the published numbers.
    pub source: String,
    /// Dimensions of the rows of the table: names of axes, `arms` or `evaluation`.
    pub rows: Vec<String>,
    /// Dimensions of the columns of the table.
    pub columns: Vec<String>,
    /// Published numbers.
    pub published: Vec<Published>,
}

/// A published number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Labels of the point by name of the axis; an axis that is left out has any label.
    #[serde(default)]
    pub at: BTreeMap<String, String>,
    /// Name of the arm.
    pub arm: String,
    /// Name of the data set.
    pub dataset: String,
    /// The number, in percent.
    pub value: f64,
    /// Beginning of the protocol's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What the number measures.
    #[serde(default = "top1")]
    pub metric: String,
}

fn top1() -> String {
    "top-1".into()
}
