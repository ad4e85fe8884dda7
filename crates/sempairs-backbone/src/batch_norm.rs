use burn::module::{Flag, Module, Param, RunningState};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use sempairs_kernels::{batch_norm, batch_norm_add_relu, batch_norm_relu, running_statistics};

/// Configuration of a [`BatchNorm`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormConfig {
    /// Number of channels, the second axis of the input.
    pub features: usize,
    /// Added to the variance for numerical stability. PyTorch's default is 1e-5.
    pub epsilon: f64,
    /// Weight of the batch in the update of the running statistics. PyTorch's default is 0.1.
    pub momentum: f64,
}

impl BatchNormConfig {
    /// Configuration with PyTorch's defaults.
    pub fn new(features: usize) -> Self {
        Self { features, epsilon: 1e-5, momentum: 0.1 }
    }

    /// Creates the layer, with weight one, bias zero, running mean zero and running variance one.
    pub fn init(&self, device: &Device) -> BatchNorm {
        let constant = |value| burn::module::Initializer::Constant { value };
        BatchNorm {
            weight: constant(1.0).init([self.features], device),
            bias: constant(0.0).init([self.features], device),
            running_mean: RunningState::new(Tensor::zeros([self.features], device)),
            running_var: RunningState::new(Tensor::ones([self.features], device)),
            training: Param::from_bool(true),
            epsilon: self.epsilon,
            momentum: self.momentum,
        }
    }
}

/// Batch normalisation (arXiv 1502.03167) as in PyTorch: `(x - mean) / sqrt(variance + epsilon) *
/// weight + bias` for each channel.
///
/// It differs from [`burn::nn::BatchNorm`] in two respects, so that it agrees with PyTorch and so
/// that resuming is exact:
///
/// - The running variance is the unbiased one, `n / (n - 1)` times the biased variance that
///   normalises the batch.
/// - The running statistics are updated immediately, so that a record contains exactly the state
///   from which the next step starts.
///
/// As in Burn's layer, clones share the running statistics; `valid()` and `train()` create new
/// ones.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// Scale of each channel.
    pub weight: Param<Tensor<1>>,
    /// Offset of each channel.
    pub bias: Param<Tensor<1>>,
    /// Running mean.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running variance (unbiased).
    pub running_var: RunningState<Tensor<1>>,
    /// Whether the statistics of the batch are used on an autodiff device.
    pub training: Param<Flag>,
    epsilon: f64,
    momentum: f64,
}

impl BatchNorm {
    /// Normalises a batch. On an autodiff device in training mode, it uses the statistics of the
    /// batch and updates the running ones; otherwise it uses the running statistics.
    ///
    /// # Shapes
    /// - input, output: `[batch, features, ...]`
    ///
    /// # Panics
    ///
    /// Panics in training if the batch has only one value per channel, whose variance is undefined.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let dims = input.dims();
        let map = input.reshape([dims[0], dims[1], dims[2..].iter().product(), 1]);
        self.forward_map(map).reshape(dims)
    }

    /// Like [`forward`](Self::forward) for feature maps, whose memory layout is preserved.
    ///
    /// # Shapes
    /// - input, output: `[batch, features, height, width]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    pub fn forward_map(&self, input: Tensor<4>) -> Tensor<4> {
        if !self.trains_on(&input) {
            return self.infer(input);
        }
        let values = values_a_channel(&input);
        let (output, mean, variance) =
            batch_norm(input, self.weight.val(), self.bias.val(), self.epsilon);
        self.track(mean, variance, values);
        output
    }

    /// [`forward`](Self::forward) followed by a ReLU, fused into one kernel where available.
    ///
    /// # Shapes
    /// - input, output: `[batch, features, height, width]`
    pub fn forward_relu(&self, input: Tensor<4>) -> Tensor<4> {
        if !self.trains_on(&input) {
            return relu(self.infer(input));
        }
        let values = values_a_channel(&input);
        let (output, mean, variance) =
            batch_norm_relu(input, self.weight.val(), self.bias.val(), self.epsilon);
        self.track(mean, variance, values);
        output
    }

    /// `relu(forward(input) + shortcut)`, fused into one kernel where available.
    ///
    /// # Shapes
    /// - input, shortcut, output: `[batch, features, height, width]`
    pub fn forward_add_relu(&self, input: Tensor<4>, shortcut: Tensor<4>) -> Tensor<4> {
        if !self.trains_on(&input) {
            return relu(self.infer(input).add(shortcut));
        }
        let values = values_a_channel(&input);
        let (output, mean, variance) =
            batch_norm_add_relu(input, shortcut, self.weight.val(), self.bias.val(), self.epsilon);
        self.track(mean, variance, values);
        output
    }

    fn trains_on(&self, input: &Tensor<4>) -> bool {
        input.device().is_autodiff() && self.training.is_enabled()
    }

    fn infer(&self, input: Tensor<4>) -> Tensor<4> {
        let device = input.device();
        let [mean, variance] = [&self.running_mean, &self.running_var]
            .map(|running| running.value_sync().to_device(&device));
        let (scale, offset) = (self.weight.val(), self.bias.val());
        let dtype = input.dtype();
        // Only activations may have 16 bits, for the matrix products; statistics have 32 bits.
        let input = input.cast(mean.dtype());
        burn::tensor::module::batch_norm(input, scale, offset, mean, variance, self.epsilon)
            .cast(dtype)
    }

    /// Updates the running statistics with those of a batch of `values` values per channel.
    fn track(&self, mean: Tensor<1>, biased_variance: Tensor<1>, values: usize) {
        let device = mean.device();
        let states = [&self.running_mean, &self.running_var];
        let running = states.map(|state| state.value_sync().to_device(&device).inner());
        let batch = [mean, biased_variance].map(Tensor::inner);
        let moved = running_statistics(running, batch, self.momentum, values);
        for (state, new) in states.into_iter().zip(moved) {
            state.update(new.to_device(&device));
            // `RunningState` applies an update only at the next one; this applies it now, so that
            // records contain it.
            state.value_sync();
        }
    }
}

fn values_a_channel(input: &Tensor<4>) -> usize {
    let [batch, _, height, width] = input.dims();
    let values = batch * height * width;
    assert!(values > 1, "batch norm in training needs more than one value per channel");
    values
}
