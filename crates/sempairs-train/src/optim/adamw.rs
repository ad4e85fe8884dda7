//! AdamW over all parameters of a network at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Bytes, Device, Tensor, TensorData};
use burn_pack::{Reader, Scalar, Writer};
use sempairs_kernels::{AdamW, adamw};

use super::sgd::{Gather, Group, Place, Put};
use crate::Rates;

/// A weight decay that the loop sets before each step and that the optimiser reads, so that it can
/// follow a schedule, as DINO's does.
#[derive(Clone, Debug, Default)]
pub struct Decay(Arc<AtomicU64>);

impl Decay {
    /// A decay of this much.
    pub fn new(value: f64) -> Self {
        let decay = Self::default();
        decay.set(value);
        decay
    }

    /// Sets it for the steps that follow.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// What it is now.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// AdamW with a decay that may change: `w = w (1 - l d)` before Adam's step, `l` the learning rate
/// and `d` the decay of the moment (Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
/// 2019). As in PyTorch, a parameter without a gradient is not decayed.
///
/// Parameters of the same kind, learning rate and number of steps take a step together by
/// [`adamw`].
#[derive(Clone)]
pub(crate) struct AdamWOptimizer {
    /// Shares of the moments that are kept.
    pub betas: [f32; 2],
    /// What keeps the quotient finite.
    pub epsilon: f32,
    /// `d` of tensors of two dimensions and more.
    pub decay: Decay,
    /// Whether tensors of one dimension are not decayed.
    pub exclude_vectors: bool,
    /// The learning rate of vectors over that of matrices.
    pub vector_rate: f64,
    /// What shortens each parameter's gradient, if anything does.
    pub clipping: Option<GradientClipping>,
    /// Of each parameter that has moved.
    pub moments: HashMap<ParamId, Moments>,
}

/// The state of a parameter.
#[derive(Clone)]
pub(crate) struct Moments {
    path: Option<String>,
    shape: Vec<usize>,
    /// Steps taken.
    time: usize,
    /// The moving averages of the gradient and of its square, flattened.
    both: [Tensor<1>; 2],
}

impl AdamWOptimizer {
    /// Moves the parameters that have a gradient.
    pub fn step<M: Module>(&mut self, rates: &Rates, module: M, gradients: GradientsParams) -> M {
        let time = |id: &ParamId| self.moments.get(id).map_or(0, |moments| moments.time);
        let groups = Gather::of(&module, rates, gradients, self.clipping.as_ref(), &time);
        let mut moved = HashMap::new();
        for Group { vectors, rate, time, places, weights, gradients } in groups {
            let rule = self.rule(vectors, rate, time + 1);
            let states = places.iter().zip(&weights);
            let states = states.map(|(place, weight)| self.take(place, weight)).unzip();
            let (weights, [first, second]) = adamw(weights, gradients, states.into(), &rule);
            let states = first.into_iter().zip(second).zip(weights);
            for (Place { id, path, shape }, ((first, second), weight)) in
                places.into_iter().zip(states)
            {
                let (path, both) = (Some(path), [first, second]);
                self.moments.insert(id, Moments { path, shape, time: rule.time, both });
                moved.insert(id, weight);
            }
        }
        Put::into(module, moved)
    }

    fn rule(&self, vectors: bool, rate: f64, time: usize) -> AdamW {
        let (betas, epsilon) = (self.betas, self.epsilon);
        let decay = if vectors && self.exclude_vectors { 0.0 } else { self.decay.get() };
        let rate = if vectors { rate * self.vector_rate } else { rate };
        AdamW { rate, betas, epsilon, decay, time }
    }

    /// The moments of a parameter on the device of its weight, zeros before the first step.
    fn take(&mut self, place: &Place, weight: &Tensor<1>) -> (Tensor<1>, Tensor<1>) {
        match self.moments.remove(&place.id) {
            Some(Moments { both, .. }) => {
                both.map(|moment| moment.to_device(&weight.device())).into()
            }
            None => (weight.zeros_like(), weight.zeros_like()),
        }
    }

    /// The moments in the format of Burn's records of optimisers: a "burnpack" of
    /// `{id}.momentum.moment_1` and `{id}.momentum.moment_2`, the number of steps
    /// `{id}.momentum.time`, the number of dimensions `{id}.__rank`, and under `{id}` the path of
    /// the parameter.
    pub fn to_bytes(&self) -> Vec<u8> {
        let by_id: BTreeMap<u64, &Moments> =
            self.moments.iter().map(|(id, moments)| (id.val(), moments)).collect();
        let mut tensors = Vec::new();
        for (id, Moments { shape, both, .. }) in &by_id {
            for (moment, name) in both.iter().zip(MOMENTS) {
                let (bytes, _, dtype) = moment.to_data().into_parts();
                let name = format!("{id}{name}");
                tensors.push(burn_pack::Tensor::new(name, dtype, shape.clone(), Some(*id), bytes));
            }
        }
        let mut writer = Writer::new(tensors);
        for (id, Moments { path, shape, time, .. }) in by_id {
            writer = writer
                .with_scalar(&format!("{id}{TIME}"), Scalar::from(*time))
                .with_scalar(&format!("{id}{RANK}"), Scalar::from(shape.len()));
            if let Some(path) = path {
                writer = writer.with_metadata(&id.to_string(), path);
            }
        }
        // Writing to memory can only fail for lack of it.
        writer.into_bytes().expect("an optimiser's record is serialisable").to_vec()
    }

    /// The same optimiser with the moments of [`to_bytes`](Self::to_bytes), or of a record of
    /// Burn's; else the reason why not.
    pub fn with_bytes(self, bytes: Vec<u8>) -> Result<Self, String> {
        let reader = Reader::from_bytes(Bytes::from_bytes_vec(bytes)).map_err(|e| e.to_string())?;
        let (scalars, paths) = (reader.scalars().clone(), reader.metadata().clone());
        let mut tensors = HashMap::new();
        for tensor in reader.into_tensors().map_err(|e| e.to_string())? {
            tensors.insert(tensor.name.clone(), tensor);
        }
        let mut moments = HashMap::new();
        for (name, time) in &scalars {
            let Some(id) = name.strip_suffix(TIME) else { continue };
            let incomplete = || format!("{FOREIGN}: the moments of parameter {id} are incomplete");
            let number = id.parse::<u64>().map_err(|_| incomplete())?;
            let time = usize::try_from(*time).map_err(|_| incomplete())?;
            let mut parts = Vec::new();
            for name in MOMENTS {
                let tensor = tensors.remove(&format!("{id}{name}")).ok_or_else(incomplete)?;
                let (_, dtype, shape, owner, bytes) =
                    tensor.into_parts().map_err(|e| e.to_string())?;
                if owner != Some(number) {
                    return Err(incomplete());
                }
                let count = shape.num_elements();
                // A step moves it to the device of the parameter.
                let data = TensorData::from_bytes(bytes, [count], dtype);
                let moment = Tensor::<1>::from_data(data, &Device::flex());
                parts.push((shape.to_vec(), moment));
            }
            let [(shape, first), (_, second)] =
                <[_; 2]>::try_from(parts).map_err(|_| incomplete())?;
            let (path, both) = (paths.get(id).cloned(), [first, second]);
            moments.insert(ParamId::from(number), Moments { path, shape, time, both });
        }
        match tensors.into_keys().next() {
            Some(name) => Err(format!("{FOREIGN}: the tensor {name} belongs to no parameter")),
            None => Ok(Self { moments, ..self }),
        }
    }
}

const FOREIGN: &str = "its records cannot be decoded";
/// What follows a parameter's identity in the names of its moments.
const MOMENTS: [&str; 2] = [".momentum.moment_1", ".momentum.moment_2"];
/// What follows it in the name of the number of its steps.
const TIME: &str = ".momentum.time";
/// What follows it in the name of the number of its dimensions.
const RANK: &str = ".__rank";

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::optim::{AdamWConfig, ModuleOptimizer, OptimizerRecord};

    use super::*;

    #[derive(Module, Debug)]
    struct Layer {
        w: Param<Tensor<2>>,
        b: Param<Tensor<1>>,
    }

    const DECAY: f32 = 0.25;

    fn layer() -> Layer {
        let device = Device::flex().autodiff();
        Layer {
            w: Param::from_tensor(Tensor::from_floats(
                [[0.5, -3.0, 0.0], [1.5, 0.1, -0.2]],
                &device,
            )),
            b: Param::from_tensor(Tensor::from_floats([0.0, -2.0], &device)),
        }
    }

    fn gradients(layer: &Layer, step: usize) -> GradientsParams {
        let device = Device::flex();
        let of = |number: usize| (0..number).map(|i| ((i + 2) * (step + 3) % 7) as f32 - 3.0);
        let [w, b] = [6, 2].map(|number| of(number).collect::<Vec<_>>());
        let mut gradients = GradientsParams::new();
        let w = Tensor::<1>::from_floats(w.as_slice(), &device);
        gradients.register(layer.w.id, w.reshape([2, 3]));
        gradients.register(layer.b.id, Tensor::<1>::from_floats(b.as_slice(), &device));
        gradients
    }

    fn bits(layer: &Layer) -> Vec<u32> {
        let data = [layer.w.val().into_data(), layer.b.val().into_data()];
        data.iter().flat_map(|data| data.iter::<f32>()).map(f32::to_bits).collect()
    }

    fn ours() -> AdamWOptimizer {
        AdamWOptimizer {
            betas: [0.9, 0.99],
            epsilon: 1e-8,
            decay: Decay::new(DECAY.into()),
            exclude_vectors: false,
            vector_rate: 1.0,
            clipping: None,
            moments: HashMap::new(),
        }
    }

    fn burns() -> ModuleOptimizer {
        let config = AdamWConfig::new().with_beta_1(0.9).with_beta_2(0.99).with_epsilon(1e-8);
        config.with_weight_decay(DECAY).init()
    }

    type Parts = (BTreeMap<String, Scalar>, BTreeMap<String, String>, Vec<(String, String)>);

    fn parts(record: &[u8]) -> Parts {
        let reader = Reader::from_bytes(Bytes::from_bytes_vec(record.to_vec())).unwrap();
        let (scalars, paths) = (reader.scalars().clone(), reader.metadata().clone());
        let tensors = reader.into_tensors().unwrap().into_iter().map(|tensor| {
            let (name, dtype, shape, id, bytes) = tensor.into_parts().unwrap();
            (name, format!("{dtype:?} {shape:?} {id:?} {:?}", bytes.to_vec()))
        });
        (scalars, paths, tensors.collect())
    }

    /// Steps, records, and steps after a record of the other, all to the bit.
    #[test]
    fn steps_and_records_are_those_of_burns_optimizer() {
        let start = layer();
        let (mut left, mut right) = (start.clone(), start);
        let (mut ours, mut burns) = (ours(), burns());
        for step in 0..3 {
            let of_left = gradients(&left, step);
            left = ours.step(&Rates::from(0.1), left, of_left);
            let of_right = gradients(&right, step);
            right = burns.step(0.1, right, of_right);
            assert_eq!(bits(&left), bits(&right), "step {step}");
        }
        let (of_ours, of_burns) = (ours.to_bytes(), burns.into_bytes().unwrap().to_vec());
        assert_eq!(parts(&of_ours), parts(&of_burns));

        let mut ours = self::ours().with_bytes(of_burns).unwrap();
        let record = OptimizerRecord::from_bytes(Bytes::from_bytes_vec(of_ours)).unwrap();
        let mut burns = self::burns().load_record(record);
        let of_left = gradients(&left, 3);
        left = ours.step(&Rates::from(0.1), left, of_left);
        let of_right = gradients(&right, 3);
        right = burns.step(0.1, right, of_right);
        assert_eq!(bits(&left), bits(&right), "a step after the record");
    }

    #[test]
    fn a_record_without_a_moment_is_refused() {
        let writer = Writer::new(Vec::new()).with_scalar("7.momentum.time", Scalar::from(1usize));
        let refused = ours().with_bytes(writer.into_bytes().unwrap().to_vec());
        assert_eq!(
            refused.err().unwrap(),
            "its records cannot be decoded: the moments of parameter 7 are incomplete"
        );
    }
}
