use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, LearningRate, Optimizer};
use burn::tensor::{DType, Device, Tensor};
use sempairs_kernels::{adamw, steps_are_fused};

/// Shared weight decay that the training loop sets before each step and all optimisers read.
///
/// Burn fixes an optimiser's settings when a parameter takes its first step, so a weight decay with
/// a schedule, as in DINO, has to be read from outside the optimiser.
#[derive(Clone, Debug, Default)]
pub struct Decay(Arc<AtomicU64>);

impl Decay {
    /// Creates a weight decay with this value.
    pub fn new(value: f64) -> Self {
        let decay = Self::default();
        decay.set(value);
        decay
    }

    /// Sets the value for the following steps.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Current value.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// AdamW with a weight decay that may change during training: `w = w (1 - l d)` before Adam's step,
/// where `l` is the learning rate and `d` the current weight decay (Loshchilov and Hutter,
/// "Decoupled Weight Decay Regularization", 2019). As in PyTorch, a parameter without a gradient is
/// not decayed.
///
/// On devices where [`adamw`] is fused, a parameter is updated by a single kernel launch. The state
/// is that of Burn's AdamW in either case.
#[derive(Clone)]
pub struct Decoupled {
    /// Burn's AdamW with the same constants and a weight decay of 0.
    adam: AdamW,
    betas: [f32; 2],
    epsilon: f32,
    /// Weight decay `d`; `None` for no weight decay.
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
        let fused = steps_are_fused(&tensor.device())
            && [tensor.dtype(), grad.dtype()] == [DType::F32; 2]
            && !tensor.is_autodiff();
        if fused {
            return self.fused_step(lr, tensor, grad, state);
        }
        let kept = self.decay.as_ref().map_or(1.0, |decay| 1.0 - lr * decay.get());
        let tensor = if kept == 1.0 { tensor } else { tensor.mul_scalar(kept) };
        self.adam.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        AdamW::to_device(state, device)
    }
}

impl Decoupled {
    /// AdamW with the decay rates of its first and second moments, the constant `epsilon` of its
    /// denominator, and the weight decay.
    pub fn new(betas: [f32; 2], epsilon: f32, decay: Option<Decay>) -> Self {
        let adam = AdamWConfig::new()
            .with_beta_1(betas[0])
            .with_beta_2(betas[1])
            .with_epsilon(epsilon)
            .with_weight_decay(0.0)
            .build();
        Self { adam, betas, epsilon, decay }
    }

    /// Computes the step with the fused kernel [`adamw`].
    fn fused_step<const D: usize>(
        &self,
        rate: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        let shape = tensor.dims();
        let flat = |tensor: Tensor<D>| vec![tensor.reshape([shape.iter().product::<usize>()])];
        let (time, first, second) = match state {
            Some(AdamWState { momentum }) => {
                (momentum.time + 1, momentum.moment_1, momentum.moment_2)
            }
            None => (1, tensor.zeros_like(), tensor.zeros_like()),
        };
        let decay = self.decay.as_ref().map_or(0.0, Decay::get);
        let rule =
            sempairs_kernels::AdamW { rate, betas: self.betas, epsilon: self.epsilon, decay, time };
        let moments = [flat(first), flat(second)];
        let (weights, moments) = adamw(flat(tensor), flat(grad), moments, &rule);
        let shaped = |mut one: Vec<Tensor<1>>| one.remove(0).reshape(shape);
        let [first, second] = moments.map(shaped);
        let momentum = AdaptiveMomentumState::new(time, first, second);
        (shaped(weights), Some(AdamWState::new(momentum)))
    }
}
