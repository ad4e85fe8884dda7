use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::{BatchNorm, BatchNormConfig};
use sempairs_kernels::linear;
use serde::{Deserialize, Serialize};

use crate::ObjectiveError;

/// Where a head has BatchNorm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadNorm {
    /// Nowhere: the layers have biases instead.
    None,
    /// After every layer but the last, which has a bias.
    #[default]
    Hidden,
    /// After every layer, none of which has a bias.
    All,
}

/// A multi-layer perceptron on top of a backbone, thrown away after pre-training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectorConfig {
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Width of the embedding.
    pub output: usize,
    /// Where it normalises.
    #[serde(default)]
    pub norm: HeadNorm,
}

impl ProjectorConfig {
    /// SimCLR's head of two layers, `features`-2048-128 for a ResNet-50. Source: the paper, section 4.2.
    pub fn simclr() -> Self {
        Self { hidden: vec![2048], output: 128, norm: HeadNorm::None }
    }

    /// Whether every layer has a width; `table` is what the head is called in its method.
    ///
    /// # Errors
    ///
    /// [`ObjectiveError::Config`] with the first layer that has none, such as `projector.hidden[0]`.
    pub fn check(&self, table: &str) -> Result<(), ObjectiveError> {
        let key = match self.hidden.iter().position(|width| *width == 0) {
            Some(layer) => format!("{table}.hidden[{layer}]"),
            None if self.output == 0 => format!("{table}.output"),
            None => return Ok(()),
        };
        Err(ObjectiveError::config(key, "must be at least 1, not 0"))
    }

    /// The head for a backbone of so many features.
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
                    HeadNorm::All => true,
                };
                Layer {
                    linear: LinearConfig::new(w[0], w[1]).with_bias(!normed).init(device),
                    norm: normed.then(|| BatchNormConfig::new(w[1]).init(device)),
                }
            })
            .collect();
        Projector { layers }
    }
}

/// The head itself: linear layers with ReLU between them.
#[derive(Module, Debug)]
pub struct Projector {
    layers: Vec<Layer>,
}

#[derive(Module, Debug)]
struct Layer {
    linear: Linear,
    norm: Option<BatchNorm>,
}

impl Projector {
    /// Features to embeddings.
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
            if i < last { relu(x) } else { x }
        })
    }
}
