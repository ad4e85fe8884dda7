//! Heads on top of a backbone: projection heads, prediction heads and DINO's head.

mod dino_head;
mod encoder;
mod predictor;
mod projector;

pub use dino_head::DinoHead;
pub use encoder::Encoder;
pub use predictor::seeded_predictor;
pub use projector::{Activation, HeadNorm, Projector, ProjectorConfig};
