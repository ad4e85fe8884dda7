//! Stochastic gradient descent and LARS over all parameters of a network at once.

use std::collections::HashMap;

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use sempairs_kernels::{Sgd, sgd};

use crate::Rates;

/// A rule for matrices and filters, one for vectors, and the velocity of each parameter that has
/// moved.
#[derive(Clone)]
pub(crate) struct SgdOptimizer {
    /// For tensors of two dimensions and more; its rate is the step's.
    pub matrices: Sgd,
    /// For tensors of one.
    pub vectors: Sgd,
    /// The learning rate of vectors over that of matrices.
    pub vector_rate: f64,
    /// What shortens each parameter's gradient, if anything does.
    pub clipping: Option<GradientClipping>,
    velocities: HashMap<ParamId, Tensor<1>>,
    /// Velocities from a checkpoint, until the next step of their parameters tells where they
    /// belong.
    restored: HashMap<ParamId, Vec<f32>>,
}

impl SgdOptimizer {
    pub fn new(matrices: Sgd, vectors: Sgd, vector_rate: f64) -> Self {
        let (velocities, restored) = (HashMap::new(), HashMap::new());
        Self { matrices, vectors, vector_rate, clipping: None, velocities, restored }
    }

    /// Moves the parameters that have a gradient, all those of one rule together.
    pub fn step<M: Module>(&mut self, rates: &Rates, module: M, gradients: GradientsParams) -> M {
        let groups = Gather::of(&module, rates, gradients, self.clipping.as_ref(), &|_| 0);
        let mut moved = HashMap::new();
        for Group { vectors, rate, places, weights, gradients, .. } in groups {
            let ids = places.into_iter().map(|place| place.id).collect::<Vec<_>>();
            let rule = match vectors {
                true => Sgd { rate: rate * self.vector_rate, ..self.vectors },
                false => Sgd { rate, ..self.matrices },
            };
            let velocities = ids.iter().zip(&weights);
            let velocities = velocities.map(|(id, weight)| self.velocity(*id, weight)).collect();
            let (weights, velocities) = sgd(weights, gradients, velocities, &rule);
            self.velocities.extend(ids.iter().copied().zip(velocities));
            moved.extend(ids.into_iter().zip(weights));
        }
        Put::into(module, moved)
    }

    fn velocity(&mut self, id: ParamId, weight: &Tensor<1>) -> Tensor<1> {
        if let Some(values) = self.restored.remove(&id) {
            return Tensor::from_floats(values.as_slice(), &weight.device());
        }
        self.velocities.remove(&id).unwrap_or_else(|| weight.zeros_like())
    }

    /// The velocities, by rising identity of their parameters: the identity (u64), the number of
    /// values (u64), the values (f32); numbers little-endian.
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

    /// The same rules with the velocities of [`to_bytes`](Self::to_bytes).
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

/// Parameters that take the same step: of the same kind, at the same learning rate and after as
/// many steps before.
pub(crate) struct Group {
    /// Whether they are tensors of one dimension.
    pub vectors: bool,
    /// The learning rate, before a factor for vectors.
    pub rate: f64,
    /// Steps that they have taken.
    pub time: usize,
    pub places: Vec<Place>,
    pub weights: Vec<Tensor<1>>,
    pub gradients: Vec<Tensor<1>>,
}

/// Where a flattened parameter belongs.
pub(crate) struct Place {
    pub id: ParamId,
    /// Its path in the module, joined by dots.
    pub path: String,
    pub shape: Vec<usize>,
}

/// Sorts the parameters of a module that have a gradient into groups.
pub(crate) struct Gather<'a> {
    path: Vec<String>,
    rates: &'a Rates,
    gradients: GradientsParams,
    clipping: Option<&'a GradientClipping>,
    time: &'a dyn Fn(&ParamId) -> usize,
    groups: Vec<Group>,
}

impl<'a> Gather<'a> {
    /// The groups, in the order in which the module has the first parameter of each; `time` tells
    /// the steps that a parameter has taken. Gradients are clipped, weights and gradients are
    /// flattened and outside of any graph.
    pub fn of<M: Module>(
        module: &M,
        rates: &'a Rates,
        gradients: GradientsParams,
        clipping: Option<&'a GradientClipping>,
        time: &'a dyn Fn(&ParamId) -> usize,
    ) -> Vec<Group> {
        let (path, groups) = (Vec::new(), Vec::new());
        let mut gather = Self { path, rates, gradients, clipping, time, groups };
        module.visit(&mut gather);
        gather.groups
    }
}

impl ModuleVisitor for Gather<'_> {
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
        let place = Place { id: param.id, path: self.path.join("."), shape };
        let (vectors, rate) = (D == 1, self.rates.of(&param.id, &place.path));
        let time = (self.time)(&param.id);
        let known = self
            .groups
            .iter()
            .position(|group| (group.vectors, group.rate, group.time) == (vectors, rate, time));
        let index = known.unwrap_or_else(|| {
            let (places, weights, gradients) = (Vec::new(), Vec::new(), Vec::new());
            self.groups.push(Group { vectors, rate, time, places, weights, gradients });
            self.groups.len() - 1
        });
        let group = &mut self.groups[index];
        group.places.push(place);
        group.weights.push(value.reshape([count]));
        group.gradients.push(gradient.reshape([count]));
    }
}

/// Puts flattened weights in the places of those that they were.
pub(crate) struct Put {
    moved: HashMap<ParamId, Tensor<1>>,
}

impl Put {
    /// The module with these parameters; the others are as they were.
    pub fn into<M: Module>(module: M, moved: HashMap<ParamId, Tensor<1>>) -> M {
        module.map(&mut Self { moved })
    }
}

impl ModuleMapper for Put {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(moved) = self.moved.remove(&param.id) else { return param };
        let (id, old, mapper) = param.consume();
        let mut value = moved.reshape(old.dims());
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
