use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{gelu, relu};
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{BatchNorm, BatchNormConfig};
use sempairs_kernels::linear;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::limits::{LAYERS, WIDTHS};

/// Layers of a head that are followed by BatchNorm. A layer with BatchNorm has no bias, since the
/// normalisation would cancel it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadNorm {
    /// No layer.
    None,
    /// All layers but the last.
    #[default]
    Hidden,
    /// All layers.
    All,
    /// All layers, the last BatchNorm without affine parameters (scale and offset): SimSiam's
    /// projector.
    PlainLast,
}

/// Activation function between the layers of a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// ReLU.
    #[default]
    Relu,
    /// GELU in its exact form, by the error function: DINO's head.
    Gelu,
}

/// Configuration of an MLP head, used as projection or prediction head and discarded after
/// pre-training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectorConfig {
    /// Widths of the hidden layers, from input to output.
    pub hidden: Vec<usize>,
    /// Output width: the dimension of the embedding.
    pub output: usize,
    /// Layers that are followed by BatchNorm.
    #[serde(default)]
    pub norm: HeadNorm,
    /// Activation function between the layers.
    #[serde(default, skip_serializing_if = "is_relu")]
    pub activation: Activation,
    /// Whether the last layer has a bias. Ignored if BatchNorm follows it.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub last_bias: bool,
}

fn is_relu(activation: &Activation) -> bool {
    *activation == Activation::Relu
}

fn yes() -> bool {
    true
}

fn is_yes(last_bias: &bool) -> bool {
    *last_bias
}

impl ProjectorConfig {
    /// A head with these widths, ReLU activations and a bias in the last layer.
    pub fn new(hidden: impl Into<Vec<usize>>, output: usize, norm: HeadNorm) -> Self {
        let hidden = hidden.into();
        Self { hidden, output, norm, activation: Activation::Relu, last_bias: true }
    }

    /// The same head without a bias in the last layer.
    pub fn without_last_bias(self) -> Self {
        Self { last_bias: false, ..self }
    }

    /// SimCLR's head of two layers, `features`-2048-128 for a ResNet-50. Source: Chen et al. (arXiv
    /// 2002.05709), section 4.2.
    pub fn simclr() -> Self {
        Self::new([2048], 128, HeadNorm::None)
    }

    /// Returns an error for a number of layers or a width that is out of range. `table` is the key
    /// of the head in the method's configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value, such as
    /// `projector.hidden[0]`.
    pub fn check(&self, table: &str) -> Result<(), ConfigError> {
        if !LAYERS.contains(&self.hidden.len()) {
            let (count, most) = (self.hidden.len(), LAYERS.end());
            let reason = format!("has {count} layers, but must have at most {most}");
            return Err(ConfigError::new(format!("{table}.hidden"), reason));
        }
        for (layer, width) in self.hidden.iter().enumerate() {
            ConfigError::unless_within(format!("{table}.hidden[{layer}]"), *width, WIDTHS)?;
        }
        ConfigError::unless_within(format!("{table}.output"), self.output, WIDTHS)
    }

    /// Returns an error unless the output width is `width`, that of the projector. `table` is the
    /// key of the head.
    pub(crate) fn check_width(&self, table: &str, width: usize) -> Result<(), ConfigError> {
        if self.output == width {
            return Ok(());
        }
        let reason =
            format!("must be the output width of the projector, {width}, not {}", self.output);
        Err(ConfigError::new(format!("{table}.output"), reason))
    }

    /// A newly initialised head for inputs of width `features`.
    pub fn init(&self, features: usize, device: &Device) -> Projector {
        let widths: Vec<usize> = [features]
            .into_iter()
            .chain(self.hidden.iter().copied())
            .chain([self.output])
            .collect();
        let last = widths.len() - 2;
        let layers = widths
            .windows(2)
            .enumerate()
            .map(|(i, w)| {
                let normed = match self.norm {
                    HeadNorm::None => false,
                    HeadNorm::Hidden => i < last,
                    HeadNorm::All | HeadNorm::PlainLast => true,
                };
                let bias = !normed && (i < last || self.last_bias);
                let norm = normed.then(|| BatchNormConfig::new(w[1]).init(device));
                // A scale of one and an offset of zero that are not trained equal no affine
                // parameters.
                let plain = i == last && self.norm == HeadNorm::PlainLast;
                Layer {
                    linear: LinearConfig::new(w[0], w[1]).with_bias(bias).init(device),
                    norm: if plain { norm.map(Module::no_grad) } else { norm },
                }
            })
            .collect();
        Projector { layers, activation: self.activation }
    }
}

/// An MLP head: linear layers, optionally with BatchNorm, with an activation between them.
#[derive(Module, Debug)]
pub struct Projector {
    layers: Vec<Layer>,
    #[module(skip)]
    activation: Activation,
}

#[derive(Module, Debug)]
struct Layer {
    linear: Linear,
    norm: Option<BatchNorm>,
}

impl Projector {
    /// Computes the output of the head.
    ///
    /// # Shapes
    /// - x: `[n, features]`
    /// - output: `[n, output]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (i, layer)| {
            let x = match &layer.linear.bias {
                Some(bias) => linear(x, layer.linear.weight.val(), bias.val()),
                None => layer.linear.forward(x),
            };
            let x = match &layer.norm {
                Some(norm) => norm.forward(x),
                None => x,
            };
            match self.activation {
                _ if i == last => x,
                Activation::Relu => relu(x),
                Activation::Gelu => gelu(x),
            }
        })
    }
}
