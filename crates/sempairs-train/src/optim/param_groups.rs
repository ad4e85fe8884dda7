use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// One optimiser for matrices and filters, another of the same kind for tensors of one dimension: the biases
/// and the weights of norms, which most recipes neither decay nor adapt, and some (Barlow Twins) move at a
/// rate of their own.
#[derive(Clone)]
pub struct ByRank<O> {
    /// For tensors of two dimensions and more.
    pub matrices: O,
    /// For tensors of one.
    pub vectors: O,
    /// The learning rate of vectors over that of matrices.
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
