use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::seed::keyed;

/// Stochastic depth (Huang et al., arXiv 1603.09382) with the given rate. In training, the outputs
/// of a block's attention and MLP are each dropped per image, with a probability that rises
/// linearly from 0 in the first block to this rate in the last, as in DINO's and timm's networks.
/// Outputs that are kept are divided by the probability of keeping them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DropPath(pub f64);

// A rate is between 0 and 1 and never NaN, as checked by `BackboneConfig::check`.
impl Eq for DropPath {}

impl std::hash::Hash for DropPath {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl DropPath {
    /// Returns true if nothing is ever dropped.
    pub fn is_off(self) -> bool {
        self.0 == 0.0
    }

    /// The random decisions for block `index` of `depth`.
    pub(super) fn of_block(self, index: usize, depth: usize, draw: u64) -> Kept {
        let rate = self.0 * index as f64 / (depth - 1).max(1) as f64;
        Kept { rate, rng: keyed(draw, &format!("drop_path.{index}")) }
    }
}

/// Random decisions of which images keep a branch of a block.
pub(super) struct Kept {
    rate: f64,
    rng: ChaCha8Rng,
}

impl Kept {
    /// Multiplies the branch by zero or by the inverse of the probability of keeping it, per image.
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
