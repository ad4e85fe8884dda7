use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// Optimiser with separate settings for 1-D parameters (biases and the parameters of normalisation
/// layers), which most recipes exclude from weight decay and trust ratios, and for which some, such
/// as Barlow Twins, use a different learning rate.
#[derive(Clone)]
pub struct ByRank<O> {
    /// Optimiser of parameters with two or more dimensions.
    pub matrices: O,
    /// Optimiser of 1-D parameters.
    pub vectors: O,
    /// Learning rate of 1-D parameters divided by that of all others.
    pub vector_rate: f64,
}

impl<O: Optimizer> Optimizer for ByRank<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        match D {
            1 => self.vectors.step(lr * self.vector_rate, tensor, grad, state),
            _ => self.matrices.step(lr, tensor, grad, state),
        }
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
