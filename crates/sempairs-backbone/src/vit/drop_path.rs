use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::seed::keyed;

/// Stochastic depth (Huang et al., arXiv 1603.09382): in training, what a block's attention and what its perceptron
/// would add is left out, picture by picture, with a probability that rises from 0 in the first block to this rate in
/// the last, as in DINO's and timm's networks. What stays is divided by the probability of staying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DropPath(pub f64);

// A rate is a number between 0 and 1, never NaN: `BackboneConfig::check` sees to it.
impl Eq for DropPath {}

impl std::hash::Hash for DropPath {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl DropPath {
    /// Whether nothing is ever left out.
    pub fn is_off(self) -> bool {
        self.0 == 0.0
    }

    /// The draws of one block of so many.
    pub(super) fn of_block(self, index: usize, depth: usize, draw: u64) -> Kept {
        let rate = self.0 * index as f64 / (depth - 1).max(1) as f64;
        Kept { rate, rng: keyed(draw, &format!("drop_path.{index}")) }
    }
}

/// Which pictures keep a branch of a block.
pub(super) struct Kept {
    rate: f64,
    rng: ChaCha8Rng,
}

impl Kept {
    /// The branch of each picture, zero or divided by the probability that it stays.
    ///
    /// # Shapes
    /// - branch, output: `[batch, tokens, dim]`
    pub fn scale(&mut self, branch: Tensor<3>) -> Tensor<3> {
        if self.rate == 0.0 {
            return branch;
        }
        let [batch, ..] = branch.dims();
        let stays = (1.0 - self.rate).recip() as f32;
        let factors: Vec<f32> = (0..batch)
            .map(|_| if self.rng.random::<f64>() < self.rate { 0.0 } else { stays })
            .collect();
        let factors = TensorData::new(factors, [batch, 1, 1]);
        let factors = Tensor::<3>::from_data(factors, &branch.device()).cast(branch.dtype());
        branch * factors
    }
}
