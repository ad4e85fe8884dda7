//! Analysis of features: invariance, collapse and t-SNE.

pub mod collapse;
pub mod invariance;
mod tsne;

pub use tsne::tsne;
