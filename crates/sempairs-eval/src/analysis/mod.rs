//! What features hold besides classes: invariance, collapse, a map in two dimensions.

pub mod collapse;
pub mod invariance;
mod tsne;

pub use tsne::tsne;
