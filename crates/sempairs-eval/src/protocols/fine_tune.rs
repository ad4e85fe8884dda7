//! Fine-tuning: the whole network learns the classes.

use burn::module::{Initializer, Module, ModuleMapper, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use sempairs_augment::{Interpolation, Pipeline, Scratch, Transform};
use sempairs_backbone::Backbone;
use sempairs_data::{DataError, Key, PictureSource, Side, interrupt};
use sempairs_internal::ProgressBar;
use serde::{Deserialize, Serialize};

use crate::features::embed;
use crate::features::labels;
use crate::limits::{BATCHES, EPOCHS, RATES};
use crate::{BoxedBackbone, EvalError, NetworkInput, Predictions, Protocol};

/// Fine-tuning of the backbone with a linear classifier on top, from zero: SGD with Nesterov momentum 0.9, no
/// weight decay, batches of 256, 30 epochs, learning rate 0.05 along half a cosine to zero; training pictures
/// are cropped (area from 0.08 on, ratio 3/4 to 4/3) and flipped anew in every epoch, test pictures seen in the
/// protocol's fixed view. BatchNorm trains along.
///
/// The study of semantic pairs fine-tunes for its Table 4 and does not say how, so this is **this project's
/// protocol**: the rate and length of lightly's ImageNet benchmark, momentum and augmentation of SimCLR (Chen et
/// al., arXiv 2002.05709, appendix B.8), which searches a grid of rates and decays that this does not. The last
/// step is scored; nothing is chosen by the test set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FineTune {
    /// The learning rate of the first step; it does not grow with the batch.
    pub learning_rate: f64,
    /// The share of the last step's update that stays.
    pub momentum: f64,
    /// Pictures a step; at most as many as there are. What does not fill a batch is left out of its epoch.
    pub batch: usize,
    /// Passes over the training set.
    pub epochs: usize,
    /// Least area of a crop, as a share of the picture's.
    pub least_area: f32,
    /// The seed of order and crops.
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

/// A classifier on top of a network, both of which learn.
#[derive(Module, Debug)]
struct Tuned<B: Backbone> {
    backbone: B,
    classifier: Linear,
}

impl<B: Backbone> Backbone for Tuned<B> {
    /// Logits, in place of features.
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.classifier.forward(self.backbone.forward(images))
    }

    fn features(&self) -> usize {
        self.classifier.weight.dims()[1]
    }
}

/// Makes every parameter learn, also those of a momentum copy, which never did.
struct Thaw;

impl ModuleMapper for Thaw {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Burn keeps this from running statistics.
        param.set_require_grad(true)
    }
}

impl FineTune {
    /// Whether the settings make sense.
    ///
    /// # Errors
    ///
    /// [`EvalError::Protocol`] with the setting and the reason.
    pub fn check(&self) -> Result<(), EvalError> {
        EvalError::unless_within("learning_rate", self.learning_rate, RATES)?;
        EvalError::unless_momentum(self.momentum)?;
        // BatchNorm needs two pictures.
        EvalError::unless_within("batch", self.batch, 2..=*BATCHES.end())?;
        EvalError::unless_within("epochs", self.epochs, EPOCHS)?;
        EvalError::unless_within("least_area", self.least_area, 1e-6..=1.0)
    }

    /// The learning rate of a step: `rate (1 + cos(pi step / steps)) / 2`.
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        let share = step as f64 / steps.max(1) as f64;
        self.learning_rate * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    }

    /// Trains a copy of the backbone and the classifier on `train` and ranks the classes of every picture of
    /// `test`, seen through `view`, the fixed one, whose normalisation training takes over. The loss is the mean
    /// cross-entropy.
    ///
    /// # Errors
    ///
    /// [`EvalError::Unlabelled`] and [`EvalError::Data`] for the pictures, [`EvalError::TooFew`] for fewer than
    /// two, [`EvalError::Protocol`] for senseless settings, [`EvalError::Diverged`] if the loss of
    /// a step or what the trained network says of a test picture is not finite.
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
            let what = "pictures to fine-tune on".into();
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
            Tuned { backbone: backbone.valid(), classifier: zero }.train().map(&mut Thaw);
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
        // The loss of the last step was that of the weights before it.
        Predictions::from_scores(&logits, classes).ok_or_else(|| {
            self.diverged(format!("after {steps} steps the network's outputs are not finite"))
        })
    }

    fn diverged(&self, what: String) -> EvalError {
        EvalError::diverged(&Protocol::FineTune(self.clone()), what, self.learning_rate)
    }

    fn key(&self, epoch: usize, picture: u64) -> Key {
        Key { seed: self.seed, epoch: epoch as u64, picture, side: Side::Left }
    }

    /// A random crop and a flip to the size of the fixed view, normalised as it is.
    fn training_view(&self, view: &Pipeline) -> Pipeline {
        let crop = Transform::RandomResizedCrop {
            size: view.size(),
            area: [self.least_area, 1.0],
            ratio: [3.0 / 4.0, 4.0 / 3.0],
            interpolation: Interpolation::Bilinear,
        };
        let normalize = view.transforms().iter();
        let normalize = normalize.filter(|t| matches!(t, Transform::Normalize { .. })).cloned();
        let start = [crop, Transform::HorizontalFlip { p: 0.5 }];
        Pipeline::new(start.into_iter().chain(normalize).collect())
    }

    /// The views of some pictures in an epoch.
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
        let views = values.par_chunks_exact_mut(3 * size * size).zip(rows);
        views.try_for_each_init(Scratch::default, |scratch, (view, &row)| {
            let picture = source.read(row)?;
            let key = self.key(epoch, row as u64);
            pipeline.plan(picture.width(), picture.height(), key).apply(&picture, view, scratch);
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

    /// Parameters that learn, and all that a walk meets.
    #[derive(Default)]
    struct Count([usize; 2]);

    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0[0] += usize::from(param.is_require_grad());
            self.0[1] += 1;
        }
    }

    #[test]
    fn a_copy_that_never_learned_does_and_running_statistics_do_not() {
        let count = |module: &sempairs_backbone::ResNet| {
            let mut count = Count::default();
            module.visit(&mut count);
            count.0
        };
        let device = Device::flex();
        let frozen = network(0, &device).no_grad();
        assert_eq!(count(&frozen)[0], 0);
        let thawed = frozen.valid().train().map(&mut Thaw);
        let [learning, all] = count(&thawed);
        // Four tensors a norm, of which two are statistics, and one a convolution: a stem, four blocks of two,
        // three shortcuts.
        let layers = 1 + 4 * 2 + 3;
        assert_eq!((learning, all), (3 * layers, 5 * layers));
    }
}
