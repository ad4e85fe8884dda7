use burn::module::{Flag, Module, Param, RunningState};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use sempairs_kernels::{batch_norm, batch_norm_add_relu, batch_norm_relu, running_statistics};

/// The settings of a [`BatchNorm`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormConfig {
    /// Channels, the second axis of the input.
    pub features: usize,
    /// Added to the variance. PyTorch's default is 1e-5.
    pub epsilon: f64,
    /// The share of a batch in the running statistics. PyTorch's default is 0.1.
    pub momentum: f64,
}

impl BatchNormConfig {
    /// PyTorch's defaults.
    pub fn new(features: usize) -> Self {
        Self { features, epsilon: 1e-5, momentum: 0.1 }
    }

    /// Weight one, bias zero, running mean zero and running variance one.
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

/// Batch normalisation (arXiv 1502.03167) as PyTorch does it,
/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` for each channel.
///
/// Two things are unlike [`burn::nn::BatchNorm`], and make it agree with PyTorch and with itself after
/// a resume: the running variance is the unbiased one (`n / (n - 1)` times the biased one that
/// normalises the batch), and the running statistics are never an update behind, so that a record
/// holds exactly what the next step starts from.
///
/// As for Burn's, a clone shares the running statistics; `valid()` and `train()` make fresh ones.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// The scale of each channel.
    pub weight: Param<Tensor<1>>,
    /// The offset of each channel.
    pub bias: Param<Tensor<1>>,
    /// The running mean.
    pub running_mean: RunningState<Tensor<1>>,
    /// The running, unbiased variance.
    pub running_var: RunningState<Tensor<1>>,
    /// Whether the batch's statistics are used on an autodiff device.
    pub training: Param<Flag>,
    epsilon: f64,
    momentum: f64,
}

impl BatchNorm {
    /// Normalises a batch: by its own statistics if it is on an autodiff device and the layer
    /// trains, which also moves the running ones; by the running ones otherwise.
    ///
    /// # Shapes
    /// - input, output: `[batch, features, ...]`
    ///
    /// # Panics
    ///
    /// If a training batch has a single value a channel, which has no variance.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let dims = input.dims();
        let map = input.reshape([dims[0], dims[1], dims[2..].iter().product(), 1]);
        self.forward_map(map).reshape(dims)
    }

    /// [`forward`](Self::forward) of maps, whose layout in memory it keeps.
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

    /// [`forward`](Self::forward) followed by a rectifier, in one operation where there is one.
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

    /// `relu(forward(input) + shortcut)`, in one operation where there is one.
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
        // Of 16 bits are pictures alone, for the sake of the products.
        let input = input.cast(mean.dtype());
        burn::tensor::module::batch_norm(input, scale, offset, mean, variance, self.epsilon)
            .cast(dtype)
    }

    /// Moves the running statistics towards those of a batch of so many values a channel.
    fn track(&self, mean: Tensor<1>, biased_variance: Tensor<1>, values: usize) {
        let device = mean.device();
        let states = [&self.running_mean, &self.running_var];
        let running = states.map(|state| state.value_sync().to_device(&device).inner());
        let batch = [mean, biased_variance].map(Tensor::inner);
        let moved = running_statistics(running, batch, self.momentum, values);
        for (state, new) in states.into_iter().zip(moved) {
            state.update(new.to_device(&device));
            // A `RunningState` holds an update back until the next one; records do not wait for it.
            state.value_sync();
        }
    }
}

fn values_a_channel(input: &Tensor<4>) -> usize {
    let [batch, _, height, width] = input.dims();
    let values = batch * height * width;
    assert!(values > 1, "batch norm in training needs more than one value a channel");
    values
}
