use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::optim::{AdamW, LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// A weight decay that the loop sets before each step and that the optimisers of all parameters read.
///
/// Burn's optimisers are settled when a parameter takes its first step; a decay that follows a schedule, as
/// DINO's, has to come from outside.
#[derive(Clone, Debug, Default)]
pub struct Decay(Arc<AtomicU64>);

impl Decay {
    /// A decay of this much.
    pub fn new(value: f64) -> Self {
        let decay = Self::default();
        decay.set(value);
        decay
    }

    /// Sets it for the steps that follow.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// What it is now.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// AdamW with a decay that may change: `w = w (1 - l d)` before Adam's step, `l` the learning rate and `d`
/// the decay of the moment (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019). As in
/// PyTorch, a parameter without a gradient is not decayed.
#[derive(Clone)]
pub struct Decoupled {
    /// Adam; its own decay is none.
    pub adam: AdamW,
    /// `d`; `None` spares the parameters.
    pub decay: Option<Decay>,
}

impl Optimizer for Decoupled {
    type State<const D: usize> = <AdamW as Optimizer>::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let kept = self.decay.as_ref().map_or(1.0, |decay| 1.0 - lr * decay.get());
        let tensor = if kept == 1.0 { tensor } else { tensor.mul_scalar(kept) };
        self.adam.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamW::to_device(state, device)
    }
}
