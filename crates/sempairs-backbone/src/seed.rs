use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::is_variant;

/// Replaces a module's initial weights, drawn from PyTorch's distributions with a random number
/// generator keyed by `seed` and the name of each parameter.
///
/// The values are computed on the CPU. They are the same on every device and in every process,
/// whatever else was initialised before, and they do not change when other parameters are added to
/// the module.
///
/// - Tensors with four axes are convolutions `[out, in, height, width]`: N(0, 2 / (out height
///   width)), as in torchvision's residual networks (arXiv 1502.01852).
/// - Weights `[in, out]` and biases of [`burn::nn::Linear`]: U(-1/sqrt(in), 1/sqrt(in)), the
///   default of `torch.nn.Linear`.
/// - All others (normalisation parameters and running statistics) are not changed.
pub fn seed_parameters<M: Module>(module: M, seed: u64) -> M {
    seed_by(Rule::Residual, module, seed)
}

/// Like [`seed_parameters`], with DINO's distributions: weights of linear layers from N(0, 0.02²),
/// their biases zero.
///
/// Source: `_init_weights` in the authors' code of DINO (arXiv 2104.14294).
pub fn seed_transformer_parameters<M: Module>(module: M, seed: u64) -> M {
    seed_by(Rule::Transformer, module, seed)
}

/// Draws `count` values from N(0, 1) that depend only on `seed` and `name`, with the same generator
/// as the initial weights of a parameter of that name.
pub fn seeded_normal(count: usize, seed: u64, name: &str) -> Vec<f32> {
    gauss(keyed(seed, name), count, 1.0)
}

/// [`seed_parameters`] with the distributions of `rule`.
pub(crate) fn seed_by<M: Module>(rule: Rule, module: M, seed: u64) -> M {
    module.map(&mut Seeder { rule, seed, path: Vec::new(), fan_in: None })
}

/// Distributions of initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// As described for [`seed_parameters`].
    Residual,
    /// As described for [`seed_parameters`], except for convolutions `[out, in, height, width]`:
    /// U(-1/sqrt(n), 1/sqrt(n)) with n = in height width, the default of `torch.nn.Conv2d`.
    Plain,
    /// DINO's. Tensors with three axes (class token, position embedding) and weights of linear
    /// layers: N(0, 0.02²); biases of linear layers: zero. The patch projection `[out, in, height,
    /// width]` and its bias: U(-1/sqrt(n), 1/sqrt(n)) with n = in height width, the default of
    /// `torch.nn.Conv2d`.
    Transformer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Linear,
    Patches,
    Other,
}

struct Seeder {
    rule: Rule,
    seed: u64,
    /// The names of the enclosing modules and of the parameter, each with the kind of its owner.
    path: Vec<(String, Owner)>,
    /// Fan-in of the current layer, known from its weight, which comes before its bias.
    fan_in: Option<usize>,
}

impl Seeder {
    fn rng(&self) -> ChaCha8Rng {
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        keyed(self.seed, &names.join("."))
    }

    fn draw(&mut self, dims: &[usize]) -> Option<Vec<f32>> {
        let owner = self.path.last().map_or(Owner::Other, |(_, owner)| *owner);
        let (rng, count) = (self.rng(), dims.iter().product());
        match (self.rule, owner, dims) {
            (Rule::Residual, _, &[out, _, height, width]) => {
                Some(gauss(rng, count, (2.0 / (out * height * width) as f64).sqrt()))
            }
            (Rule::Plain, _, &[_, channels, height, width]) => {
                Some(uniform(rng, count, channels * height * width))
            }
            (Rule::Residual | Rule::Plain, Owner::Linear, &[fan_in, _]) => {
                self.fan_in = Some(fan_in);
                Some(uniform(rng, count, fan_in))
            }
            (Rule::Residual | Rule::Plain, Owner::Linear, &[_]) => {
                self.fan_in.map(|fan_in| uniform(rng, count, fan_in))
            }
            (Rule::Transformer, Owner::Patches, &[_, channels, height, width]) => {
                self.fan_in = Some(channels * height * width);
                Some(uniform(rng, count, channels * height * width))
            }
            (Rule::Transformer, Owner::Patches, &[_]) => {
                self.fan_in.map(|fan_in| uniform(rng, count, fan_in))
            }
            (Rule::Transformer, _, &[_, _, _]) | (Rule::Transformer, Owner::Linear, &[_, _]) => {
                Some(gauss(rng, count, 0.02))
            }
            (Rule::Transformer, Owner::Linear, &[_]) => Some(vec![0.0; count]),
            _ => None,
        }
    }
}

impl ModuleMapper for Seeder {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if is_variant(container_type) {
            return;
        }
        let owner = match container_type {
            "Struct:Linear" => Owner::Linear,
            "Struct:PatchProjection" => Owner::Patches,
            _ => Owner::Other,
        };
        self.path.push((name.to_owned(), owner));
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        if !is_variant(container_type) {
            self.path.pop();
        }
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape();
        match self.draw(shape.as_slice()) {
            None => param,
            Some(values) => {
                let data = TensorData::new(values, shape);
                let tensor = Tensor::from_data(data, &param.lazy_device());
                let id = param.id;
                param.transform_for_load(tensor, id)
            }
        }
    }
}

/// Random number generator of a parameter.
pub(crate) fn keyed(seed: u64, name: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..12].copy_from_slice(&crc32fast::hash(name.as_bytes()).to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// Draws from N(0, std²).
fn gauss(mut rng: ChaCha8Rng, count: usize, std: f64) -> Vec<f32> {
    (0..count).map(|_| (normal(&mut rng) * std) as f32).collect()
}

/// Draws from U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
fn uniform(mut rng: ChaCha8Rng, count: usize, fan_in: usize) -> Vec<f32> {
    let bound = 1.0 / (fan_in as f64).sqrt();
    (0..count).map(|_| (rng.random_range(-1.0..1.0) * bound) as f32).collect()
}

/// Draws from N(0, 1) with the method of Box and Muller (1958).
fn normal(rng: &mut impl Rng) -> f64 {
    let [radius, angle]: [f64; 2] = [rng.random(), rng.random()];
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
