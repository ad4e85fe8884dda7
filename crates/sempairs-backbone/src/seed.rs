use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws a module's initial weights anew, as PyTorch's layers would, from a generator keyed by `seed`
/// and the name of each parameter.
///
/// The values come from the host, so they are the same on every device and in every process, whatever
/// else was initialised before, and a parameter keeps its values when others join the module.
///
/// - Four axes, a convolution `[out, in, height, width]`: N(0, 2 / (out height width)), torchvision's
///   choice for residual networks (arXiv 1502.01852).
/// - The weight `[in, out]` and bias of a [`burn::nn::Linear`]: U(-1/sqrt(in), 1/sqrt(in)), the default
///   of `torch.nn.Linear`.
/// - Everything else, that is norms and running statistics, stays as it is.
pub fn seed_parameters<M: Module>(module: M, seed: u64) -> M {
    module.map(&mut Seeder { seed, path: Vec::new(), linear: None })
}

struct Seeder {
    seed: u64,
    /// The names of the modules around the parameter, and whether each is a linear layer's field.
    path: Vec<(String, bool)>,
    /// The inputs of the linear layer being mapped: its weight comes before its bias.
    linear: Option<usize>,
}

impl Seeder {
    fn rng(&self) -> ChaCha8Rng {
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..12].copy_from_slice(&crc32fast::hash(names.join(".").as_bytes()).to_le_bytes());
        ChaCha8Rng::from_seed(key)
    }

    fn draw(&mut self, dims: &[usize]) -> Option<Vec<f32>> {
        let in_linear = self.path.last().is_some_and(|(_, linear)| *linear);
        let mut rng = self.rng();
        let count = dims.iter().product();
        let uniform = |rng: &mut ChaCha8Rng, fan_in: usize| {
            let bound = 1.0 / (fan_in as f64).sqrt();
            (0..count).map(|_| (rng.random_range(-1.0..1.0) * bound) as f32).collect()
        };
        match *dims {
            [out, _, height, width] => {
                let deviation = (2.0 / (out * height * width) as f64).sqrt();
                Some((0..count).map(|_| (normal(&mut rng) * deviation) as f32).collect())
            }
            [fan_in, _] if in_linear => {
                self.linear = Some(fan_in);
                Some(uniform(&mut rng, fan_in))
            }
            [_] if in_linear => self.linear.map(|fan_in| uniform(&mut rng, fan_in)),
            _ => None,
        }
    }
}

impl ModuleMapper for Seeder {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push((name.to_owned(), container_type == "Struct:Linear"));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
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

/// A standard normal number, by the method of Box and Muller (1958).
fn normal(rng: &mut impl Rng) -> f64 {
    let [radius, angle]: [f64; 2] = [rng.random(), rng.random()];
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
