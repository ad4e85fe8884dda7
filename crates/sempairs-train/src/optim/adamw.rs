//! AdamW over all parameters of a network at once.

use std::collections::{BTreeMap, HashMap};

use burn::grad_clipping::GradientClipping;
use burn::module::{Module, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Bytes, Device, Tensor, TensorData};
use burn_pack::{Reader, Scalar, Writer};
use sempairs_kernels::{AdamW, adamw};

use super::param_groups::{CollectGradients, ParamSlot, ReplaceParameters, UpdateGroup};
use super::rates::Rates;
use super::weight_decay::SharedWeightDecay;

/// AdamW with a variable weight decay: `w = w (1 - l d)` before Adam's step, with the learning rate
/// `l` and the current weight decay `d` (Loshchilov and Hutter, "Decoupled Weight Decay
/// Regularization", 2019). As in PyTorch, a parameter without a gradient is not decayed.
///
/// Each [`UpdateGroup`] is updated by a single call of [`adamw`].
#[derive(Clone)]
pub(crate) struct AdamWOptimizer {
    /// Decay rates of the first and second moment.
    pub betas: [f32; 2],
    /// Epsilon, added to the denominator.
    pub epsilon: f32,
    /// Weight decay `d`.
    pub decay: SharedWeightDecay,
    /// Exclude 1-D parameters from weight decay.
    pub exclude_vectors: bool,
    /// Learning rate of 1-D parameters divided by that of all others.
    pub vector_rate: f64,
    /// Clipping of each parameter's gradient.
    pub clipping: Option<GradientClipping>,
    /// State of each parameter that has been updated.
    pub moments: HashMap<ParamId, Moments>,
}

/// Optimiser state of a parameter.
#[derive(Clone)]
pub(crate) struct Moments {
    path: Option<String>,
    shape: Vec<usize>,
    /// Number of steps.
    time: usize,
    /// First and second moment, flattened.
    both: [Tensor<1>; 2],
}

impl AdamWOptimizer {
    /// Updates the parameters that have a gradient.
    pub fn step<M: Module>(&mut self, rates: &Rates, module: M, gradients: GradientsParams) -> M {
        let time = |id: &ParamId| self.moments.get(id).map_or(0, |moments| moments.time);
        let clipping = self.clipping.as_ref();
        let groups = CollectGradients::groups(&module, rates, gradients, clipping, &time);
        let mut updated = HashMap::new();
        for UpdateGroup { vectors, rate, time, slots, weights, gradients } in groups {
            let rule = self.rule(vectors, rate, time + 1);
            let states = slots.iter().zip(&weights);
            let states = states.map(|(slot, weight)| self.take(slot, weight)).unzip();
            let (weights, [first, second]) = adamw(weights, gradients, states.into(), &rule);
            let states = first.into_iter().zip(second).zip(weights);
            for (ParamSlot { id, path, shape }, ((first, second), weight)) in
                slots.into_iter().zip(states)
            {
                let (path, both) = (Some(path), [first, second]);
                self.moments.insert(id, Moments { path, shape, time: rule.time, both });
                updated.insert(id, weight);
            }
        }
        ReplaceParameters::in_module(module, updated)
    }

    /// Hyper-parameters of step number `time`.
    fn rule(&self, vectors: bool, rate: f64, time: usize) -> AdamW {
        let (betas, epsilon) = (self.betas, self.epsilon);
        let decay = if vectors && self.exclude_vectors { 0.0 } else { self.decay.get() };
        let rate = if vectors { rate * self.vector_rate } else { rate };
        AdamW { rate, betas, epsilon, decay, time }
    }

    /// Takes the moments of a parameter, moved to the device of its weight; zeros before its first
    /// update.
    fn take(&mut self, slot: &ParamSlot, weight: &Tensor<1>) -> (Tensor<1>, Tensor<1>) {
        match self.moments.remove(&slot.id) {
            Some(Moments { both, .. }) => {
                both.map(|moment| moment.to_device(&weight.device())).into()
            }
            None => (weight.zeros_like(), weight.zeros_like()),
        }
    }

    /// Serialises the moments in the format of Burn's optimiser records: a "burnpack" with the
    /// tensors `{id}.momentum.moment_1` and `{id}.momentum.moment_2`, the number of steps
    /// `{id}.momentum.time`, the number of dimensions `{id}.__rank`, and the parameter's path as
    /// metadata `{id}`.
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
        // Writing to memory fails only if memory is exhausted.
        writer.into_bytes().expect("an optimiser's record is serialisable").to_vec()
    }

    /// Restores the moments written by [`to_bytes`](Self::to_bytes) or by Burn's AdamW, or returns
    /// the reason why they are invalid.
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
                // The next update moves it to the device of the parameter.
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
/// Suffixes of the names of the moments, after the parameter's identifier.
const MOMENTS: [&str; 2] = [".momentum.moment_1", ".momentum.moment_2"];
/// Suffix of the name of the number of steps.
const TIME: &str = ".momentum.time";
/// Suffix of the name of the number of dimensions.
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
            decay: SharedWeightDecay::new(DECAY.into()),
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

    /// Compares updates, records, and updates after loading the other's record, bit for bit.
    #[test]
    fn steps_and_records_equal_those_of_burns_optimizer() {
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
