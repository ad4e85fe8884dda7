use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Weight decay shared by the optimiser and the training loop, which sets it before each step. It
/// can thus follow a schedule, as in DINO.
#[derive(Clone, Debug, Default)]
pub struct SharedWeightDecay(Arc<AtomicU64>);

impl SharedWeightDecay {
    /// Creates a shared weight decay.
    pub fn new(value: f64) -> Self {
        let decay = Self::default();
        decay.set(value);
        decay
    }

    /// Sets the weight decay of the following steps.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Current weight decay.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}
