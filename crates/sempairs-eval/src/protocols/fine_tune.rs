//! Fine-tuning of the whole network.

use burn::module::{Initializer, Module, ModuleMapper, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use sempairs_augment::{Interpolation, Pipeline, Transform, render_views};
use sempairs_backbone::Backbone;
use sempairs_data::{DataError, Key, PictureSource, Side, interrupt};
use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::features::embed;
use crate::features::labels;
use crate::limits::{BATCHES, EPOCHS, RATES};
use crate::{
    BoxedBackbone, ConfigError, EvalError, EvaluationProtocol, InputKind, NetworkInput,
    Predictions, ProtocolInput, ProtocolOutput, ProtocolSettings,
};

/// Fine-tuning of the backbone with a linear classifier initialised with zeros.
///
/// Defaults: SGD with Nesterov momentum 0.9, no weight decay, batch size 256, 30 epochs, learning
/// rate 0.05 with cosine annealing to zero. Training pictures get random resized crops (area at
/// least 0.08, aspect ratio 3/4 to 4/3) and horizontal flips; test pictures are used in the
/// evaluation view. Batch normalisation is in training mode.
///
/// The study of semantic pairs fine-tunes for its Table 4 without stating the settings, so this is
/// **this project's protocol**: learning rate and number of epochs of lightly's ImageNet benchmark,
/// momentum and augmentation of SimCLR (Chen et al., arXiv 2002.05709, appendix B.8), without
/// SimCLR's grid search over learning rates and weight decays. The network after the last step is
/// scored; the test set is not used for any selection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FineTune {
    /// Learning rate of the first step, not scaled by the batch size.
    pub learning_rate: f64,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Batch size, at most the number of pictures. An incomplete last batch of an epoch is dropped.
    pub batch: usize,
    /// Number of epochs.
    pub epochs: usize,
    /// Minimum area of a random crop, as a fraction of the area of the picture.
    pub least_area: f32,
    /// Random seed of the order of pictures and of the crops.
    pub seed: u64,
}

impl Default for FineTune {
    fn default() -> Self {
        Self {
            learning_rate: 0.05,
            momentum: 0.9,
            batch: 256,
            epochs: 30,
            least_area: 0.08,
            seed: 0,
        }
    }
}

/// A network with a linear classifier, both of them trained.
#[derive(Module, Debug)]
struct Tuned<B: Backbone> {
    backbone: B,
    classifier: Linear,
}

impl<B: Backbone> Backbone for Tuned<B> {
    /// Logits instead of features.
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.classifier.forward(self.backbone.forward(images))
    }

    fn features(&self) -> usize {
        self.classifier.weight.dims()[1]
    }
}

/// Mapper that makes all parameters trainable, including the frozen ones of a momentum encoder.
struct Unfreeze;

impl ModuleMapper for Unfreeze {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Burn does not call this for running statistics.
        param.set_require_grad(true)
    }
}

impl EvaluationProtocol for FineTune {
    fn name(&self) -> String {
        format!("finetune-sgd-lr{}-{}ep", self.learning_rate, self.epochs)
    }

    fn settings(&self) -> ProtocolSettings {
        self.clone().into()
    }

    fn input_kind(&self) -> InputKind {
        InputKind::Network
    }

    fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("learning_rate", self.learning_rate, RATES)?;
        ConfigError::unless_share("momentum", self.momentum)?;
        // Batch normalisation needs at least two pictures.
        ConfigError::unless_within("batch", self.batch, 2..=*BATCHES.end())?;
        ConfigError::unless_within("epochs", self.epochs, EPOCHS)?;
        ConfigError::unless_within("least_area", self.least_area, 1e-6..=1.0)
    }

    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
        Ok(self.run_with(input.network()?, input.progress())?.into())
    }
}

impl FineTune {
    /// The learning rate of a step: `rate (1 + cos(pi step / steps)) / 2`.
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        let share = step as f64 / steps.max(1) as f64;
        self.learning_rate * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    }

    /// Trains a copy of the backbone with a classifier on `train` and ranks the classes of every
    /// picture of `test`. Test pictures are used in the evaluation view `view`; training views have
    /// its size and normalisation. The loss is the mean cross-entropy.
    ///
    /// # Errors
    ///
    /// [`EvalError::Unlabelled`] and [`EvalError::Data`] for the pictures, [`EvalError::TooFew`]
    /// for fewer than two, [`EvalError::Config`] for settings out of range,
    /// [`EvalError::Diverged`] if the loss of a step or an output for a test picture is not finite.
    pub fn run<B: Backbone>(
        &self,
        backbone: &B,
        [train, test]: [&dyn PictureSource; 2],
        view: &Pipeline,
        device: &Device,
    ) -> Result<Predictions, EvalError> {
        let backbone = &BoxedBackbone::new(backbone);
        let input = NetworkInput { backbone, train, test, view, device };
        self.run_with(input, &ProgressBar::hidden())
    }

    /// [`run`](Self::run) with a progress bar that counts steps.
    pub(crate) fn run_with(
        &self,
        input: NetworkInput<'_>,
        progress: &ProgressBar,
    ) -> Result<Predictions, EvalError> {
        let NetworkInput { backbone, train, test, view, device } = input;
        self.check()?;
        let labels = labels(train)?;
        let batch = self.batch.min(labels.len());
        if batch < 2 {
            let what = "pictures for fine-tuning".into();
            return Err(EvalError::TooFew { what, found: labels.len() });
        }
        let (per_epoch, classes) = (labels.len() / batch, train.classes().len());
        let steps = per_epoch * self.epochs;
        progress.set_length(steps as u64);
        let trained = device.clone().autodiff();
        let zero = LinearConfig::new(backbone.features(), classes)
            .with_initializer(Initializer::Zeros)
            .init(device);
        let mut network =
            Tuned { backbone: backbone.valid(), classifier: zero }.train().map(&mut Unfreeze);
        let momentum = MomentumConfig::new()
            .with_momentum(self.momentum)
            .with_dampening(0.0)
            .with_nesterov(true);
        let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
        let pipeline = self.training_view(view);
        let mut order: Vec<usize> = (0..labels.len()).collect();
        for epoch in 0..self.epochs {
            order.sort_unstable();
            order.shuffle(&mut self.key(epoch, u64::MAX).rng(0));
            for (i, rows) in order.chunks_exact(batch).enumerate() {
                interrupt::check()?;
                let step = epoch * per_epoch + i;
                let images = self.images(train, rows, &pipeline, epoch, &trained)?;
                let targets: Vec<i32> = rows.iter().map(|&row| labels[row] as i32).collect();
                let targets = Tensor::<1, Int>::from_data(targets.as_slice(), &trained);
                let logits = log_softmax(network.forward(images), 1);
                let loss = logits.gather(1, targets.reshape([batch, 1])).mean().neg();
                let value = loss.clone().detach();
                let gradients = GradientsParams::from_grads(loss.backward(), &network);
                network = optimizer.step(self.rate(step, steps), network, gradients);
                if !value.into_data().iter::<f32>().all(f32::is_finite) {
                    return Err(self.diverged(format!("the loss of step {step} is not finite")));
                }
                progress.inc(1);
            }
        }
        let read = |index| test.read(index);
        let logits = embed(&network, test.len(), &read, view, device, batch)?;
        let logits: Vec<f64> = logits.into_iter().map(f64::from).collect();
        // The loss of the last step was computed with the weights before that step, so the outputs
        // are checked, too.
        Predictions::from_scores(&logits, classes).ok_or_else(|| {
            self.diverged(format!("after {steps} steps the network's outputs are not finite"))
        })
    }

    fn diverged(&self, what: String) -> EvalError {
        EvalError::diverged(self.name(), what, self.learning_rate)
    }

    fn key(&self, epoch: usize, picture: u64) -> Key {
        Key { seed: self.seed, epoch: epoch as u64, picture, side: Side::Left }
    }

    /// The training augmentation: random resized crop to the size of the evaluation view,
    /// horizontal flip and the normalisation of the evaluation view.
    fn training_view(&self, view: &Pipeline) -> Pipeline {
        let crop = Transform::RandomResizedCrop {
            size: view.size(),
            area: [self.least_area, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            interpolation: Interpolation::Bilinear,
        };
        let start = [crop, Transform::HorizontalFlip { p: 0.5 }];
        Pipeline::new(start.into_iter().chain(view.normalization().cloned()).collect())
    }

    /// The training views of a batch in an epoch, `[b, 3, S, S]`.
    fn images(
        &self,
        source: &dyn PictureSource,
        rows: &[usize],
        pipeline: &Pipeline,
        epoch: usize,
        device: &Device,
    ) -> Result<Tensor<4>, DataError> {
        let size = pipeline.size();
        let mut values = vec![0.0; rows.len() * 3 * size * size];
        render_views(rows.len(), [&mut values], |i, [view], scratch| {
            let row = rows[i];
            let picture = source.read(row)?;
            let key = self.key(epoch, row as u64);
            pipeline.render(&picture, key, view, scratch);
            Ok::<(), DataError>(())
        })?;
        Ok(Tensor::from_data(TensorData::new(values, [rows.len(), 3, size, size]), device))
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ModuleVisitor;

    use super::*;
    use crate::testing::network;

    /// Number of trainable parameters, and number of all parameters and running statistics.
    #[derive(Default)]
    struct Count([usize; 2]);

    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0[0] += usize::from(param.is_require_grad());
            self.0[1] += 1;
        }
    }

    #[test]
    fn frozen_parameters_become_trainable_and_running_statistics_do_not() {
        let count = |module: &sempairs_backbone::ResNet| {
            let mut count = Count::default();
            module.visit(&mut count);
            count.0
        };
        let device = Device::flex();
        let frozen = network(0, &device).no_grad();
        assert_eq!(count(&frozen)[0], 0);
        let unfrozen = frozen.valid().train().map(&mut Unfreeze);
        let [learning, all] = count(&unfrozen);
        // A layer has one tensor of the convolution and four of the batch normalisation, two of
        // which are running statistics. The layers are a stem, four blocks of two, and three
        // shortcuts.
        let layers = 1 + 4 * 2 + 3;
        assert_eq!((learning, all), (3 * layers, 5 * layers));
    }
}
