//! SGD and LARS over all parameters of a network at once.

use std::collections::HashMap;

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use sempairs_kernels::{Sgd, sgd};

use super::param_groups::{CollectGradients, ReplaceParameters, UpdateGroup};
use super::rates::Rates;

/// SGD or LARS: an update rule of 1-D parameters, another of all others, and the velocity of each
/// parameter that has been updated.
#[derive(Clone)]
pub(crate) struct SgdOptimizer {
    /// Update rule of parameters with two or more dimensions; the learning rate is set per step.
    pub matrices: Sgd,
    /// Update rule of 1-D parameters.
    pub vectors: Sgd,
    /// Learning rate of 1-D parameters divided by that of all others.
    pub vector_rate: f64,
    /// Clipping of each parameter's gradient.
    pub clipping: Option<GradientClipping>,
    velocities: HashMap<ParamId, Tensor<1>>,
    /// Velocities from a checkpoint whose parameters have not been updated since; the device is
    /// known only at the next update.
    restored: HashMap<ParamId, Vec<f32>>,
}

impl SgdOptimizer {
    pub fn new(matrices: Sgd, vectors: Sgd, vector_rate: f64) -> Self {
        let (velocities, restored) = (HashMap::new(), HashMap::new());
        Self { matrices, vectors, vector_rate, clipping: None, velocities, restored }
    }

    /// Updates the parameters that have a gradient, those of the same update rule together.
    pub fn step<M: Module>(&mut self, rates: &Rates, module: M, gradients: GradientsParams) -> M {
        let clipping = self.clipping.as_ref();
        let groups = CollectGradients::groups(&module, rates, gradients, clipping, &|_| 0);
        let mut updated = HashMap::new();
        for UpdateGroup { vectors, rate, slots, weights, gradients, .. } in groups {
            let ids = slots.into_iter().map(|slot| slot.id).collect::<Vec<_>>();
            let rule = match vectors {
                true => Sgd { rate: rate * self.vector_rate, ..self.vectors },
                false => Sgd { rate, ..self.matrices },
            };
            let velocities = ids.iter().zip(&weights);
            let velocities = velocities.map(|(id, weight)| self.velocity(*id, weight)).collect();
            let (weights, velocities) = sgd(weights, gradients, velocities, &rule);
            self.velocities.extend(ids.iter().copied().zip(velocities));
            updated.extend(ids.into_iter().zip(weights));
        }
        ReplaceParameters::in_module(module, updated)
    }

    /// Takes the velocity of a parameter; zeros before its first update.
    fn velocity(&mut self, id: ParamId, weight: &Tensor<1>) -> Tensor<1> {
        if let Some(values) = self.restored.remove(&id) {
            return Tensor::from_floats(values.as_slice(), &weight.device());
        }
        self.velocities.remove(&id).unwrap_or_else(|| weight.zeros_like())
    }

    /// Serialises the velocities in ascending order of their parameters' identifiers: identifier
    /// (u64), number of values (u64), values (f32), all little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut ids: Vec<&ParamId> = self.velocities.keys().chain(self.restored.keys()).collect();
        ids.sort_by_key(|id| id.val());
        let mut bytes = Vec::new();
        for id in ids {
            let values: Vec<f32> = match self.velocities.get(id) {
                Some(velocity) => velocity.to_data().iter::<f32>().collect(),
                None => self.restored[id].clone(),
            };
            bytes.extend(id.val().to_le_bytes());
            bytes.extend((values.len() as u64).to_le_bytes());
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    /// Restores the velocities written by [`to_bytes`](Self::to_bytes), or returns the reason why
    /// they are invalid.
    pub fn with_bytes(self, mut bytes: &[u8]) -> Result<Self, String> {
        let mut restored = HashMap::new();
        while !bytes.is_empty() {
            let mut cut = |length: usize| {
                let (first, rest) =
                    bytes.split_at_checked(length).ok_or("a velocity is cut short")?;
                bytes = rest;
                Ok::<_, String>(first)
            };
            let mut number = || {
                let eight = cut(8)?.try_into().expect("eight bytes");
                Ok::<_, String>(u64::from_le_bytes(eight))
            };
            let (id, count) = (number()?, number()? as usize);
            let values = cut(count.saturating_mul(4))?.as_chunks().0;
            let values: Vec<f32> = values.iter().map(|four| f32::from_le_bytes(*four)).collect();
            restored.insert(ParamId::from(id), values);
        }
        Ok(Self { velocities: HashMap::new(), restored, ..self })
    }
}
