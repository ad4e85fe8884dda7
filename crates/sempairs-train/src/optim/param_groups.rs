//! Flattened parameters of a module, grouped by the step that they take.

use std::collections::HashMap;

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::rates::Rates;

/// Parameters that are updated together: all 1-D or none, with the same learning rate and the same
/// number of previous steps.
pub(crate) struct UpdateGroup {
    /// True if all parameters are 1-D.
    pub vectors: bool,
    /// Learning rate, before the factor of 1-D parameters.
    pub rate: f64,
    /// Number of previous steps.
    pub time: usize,
    pub slots: Vec<ParamSlot>,
    pub weights: Vec<Tensor<1>>,
    pub gradients: Vec<Tensor<1>>,
}

/// Identifier, path and shape of a flattened parameter.
pub(crate) struct ParamSlot {
    pub id: ParamId,
    /// Path in the module, joined by dots.
    pub path: String,
    pub shape: Vec<usize>,
}

/// Module visitor that groups the parameters that have a gradient.
pub(crate) struct CollectGradients<'a> {
    path: Vec<String>,
    rates: &'a Rates,
    gradients: GradientsParams,
    clipping: Option<&'a GradientClipping>,
    time: &'a dyn Fn(&ParamId) -> usize,
    groups: Vec<UpdateGroup>,
}

impl<'a> CollectGradients<'a> {
    /// Returns the groups in the order of their first parameters in the module, with clipped
    /// gradients. Weights and gradients are flattened and detached from autodiff. `time` returns
    /// the number of previous steps of a parameter.
    pub fn groups<M: Module>(
        module: &M,
        rates: &'a Rates,
        gradients: GradientsParams,
        clipping: Option<&'a GradientClipping>,
        time: &'a dyn Fn(&ParamId) -> usize,
    ) -> Vec<UpdateGroup> {
        let (path, groups) = (Vec::new(), Vec::new());
        let mut visitor = Self { path, rates, gradients, clipping, time, groups };
        module.visit(&mut visitor);
        visitor.groups
    }
}

impl ModuleVisitor for CollectGradients<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return };
        let gradient = match self.clipping {
            Some(clipping) => clipping.clip_gradient(gradient),
            None => gradient,
        };
        let value = param.val();
        let value = if value.is_autodiff() { value.inner() } else { value };
        let shape = value.dims().to_vec();
        let count: usize = shape.iter().product();
        let slot = ParamSlot { id: param.id, path: self.path.join("."), shape };
        let (vectors, rate) = (D == 1, self.rates.of(&param.id, &slot.path));
        let time = (self.time)(&param.id);
        let known = self
            .groups
            .iter()
            .position(|group| (group.vectors, group.rate, group.time) == (vectors, rate, time));
        let index = known.unwrap_or_else(|| {
            let (slots, weights, gradients) = (Vec::new(), Vec::new(), Vec::new());
            self.groups.push(UpdateGroup { vectors, rate, time, slots, weights, gradients });
            self.groups.len() - 1
        });
        let group = &mut self.groups[index];
        group.slots.push(slot);
        group.weights.push(value.reshape([count]));
        group.gradients.push(gradient.reshape([count]));
    }
}

/// Module mapper that replaces parameters by updated flattened values.
pub(crate) struct ReplaceParameters {
    updated: HashMap<ParamId, Tensor<1>>,
}

impl ReplaceParameters {
    /// Returns the module with the updated parameters; all others are unchanged.
    pub fn in_module<M: Module>(module: M, updated: HashMap<ParamId, Tensor<1>>) -> M {
        module.map(&mut Self { updated })
    }
}

impl ModuleMapper for ReplaceParameters {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(updated) = self.updated.remove(&param.id) else { return param };
        let (id, old, mapper) = param.consume();
        let mut value = updated.reshape(old.dims());
        if old.is_autodiff() {
            value = Tensor::from_inner(value);
            if let Some(strategy) = old.gradient_checkpointing_strategy() {
                value = value.with_gradient_checkpointing_strategy(strategy);
            }
            if old.is_require_grad() {
                value = value.require_grad();
            }
        }
        Param::from_mapped_value(id, value, mapper)
    }
}
