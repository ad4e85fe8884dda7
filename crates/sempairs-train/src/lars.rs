use burn::optim::momentum::{Momentum, MomentumConfig, MomentumState};
use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// The four incompatible forms of LARS in use.
///
/// `w` is a weight, `g` its gradient, `l` the learning rate, `d` the weight decay, `m` the momentum, `e`
/// the trust coefficient; norms are Euclidean, over the tensor. Tensors of one dimension (biases and
/// norms) are neither decayed nor adapted, in all four, unless
/// [`exclude_vectors`](LarsConfig::exclude_vectors) is off; where a norm is zero the trust ratio is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LarsVariant {
    /// The learning rate inside the momentum: `h = g + d w`, `b = m b + l (e |w| / |h|) h`, `w -= b`.
    /// Source: the code of SimCLR.
    #[default]
    Google,
    /// The learning rate outside: `h = g + d w`, `b = m b + (e |w| / |h|) h`, `w -= l b`.
    /// Source: the code of Barlow Twins and VICReg.
    Fair,
    /// Another denominator: `b = m b + (e |w| / (|g| + d |w|)) (g + d w)`, `w -= l b`, and without decay (`d = 0`)
    /// no ratio at all. Source: lightly;
    /// You et al., "Large Batch Training of Convolutional Networks" (2017), have this ratio.
    Lightly,
    /// As [`Lightly`](Self::Lightly) with the ratio limited: `min(e |w| / (|g| + d |w|) / l, 1)`.
    /// Source: solo-learn, which has `e = 0.02`.
    Clipped,
}

/// Layer-wise adaptive rate scaling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LarsConfig {
    /// Which of the four.
    #[serde(default)]
    pub variant: LarsVariant,
    /// `m`.
    #[serde(default = "momentum")]
    pub momentum: f64,
    /// `d`.
    #[serde(default)]
    pub weight_decay: f64,
    /// `e`.
    #[serde(default = "trust")]
    pub trust: f64,
    /// Whether tensors of one dimension are left out of decay and adaptation. All recipes but SwAV's do so: its
    /// LARC (NVIDIA's apex) treats every tensor alike.
    #[serde(default = "exclude_vectors")]
    pub exclude_vectors: bool,
}

impl Default for LarsConfig {
    /// SimCLR's without decay.
    fn default() -> Self {
        Self {
            variant: LarsVariant::Google,
            momentum: momentum(),
            weight_decay: 0.0,
            trust: trust(),
            exclude_vectors: exclude_vectors(),
        }
    }
}

fn momentum() -> f64 {
    0.9
}

fn trust() -> f64 {
    1e-3
}

fn exclude_vectors() -> bool {
    true
}

impl LarsConfig {
    /// The optimiser of one tensor, for [`burn::optim::ModuleOptimizer::from`].
    pub fn build(&self) -> Lars {
        let buffer = MomentumConfig::new().with_momentum(self.momentum).with_dampening(0.0);
        Lars { config: self.clone(), buffer: Momentum::new(&buffer) }
    }
}

/// The optimiser that [`LarsConfig`] describes.
#[derive(Clone)]
pub struct Lars {
    config: LarsConfig,
    /// `b = m b + update`.
    buffer: Momentum,
}

impl Optimizer for Lars {
    /// The momentum buffer `b`.
    type State<const D: usize> = MomentumState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let LarsConfig { variant, weight_decay, trust, exclude_vectors, .. } = self.config;
        let undecayed = weight_decay == 0.0;
        let adapted =
            (D > 1 || !exclude_vectors) && !(variant == LarsVariant::Lightly && undecayed);
        let update = if adapted {
            let decayed = grad.clone() + tensor.clone() * weight_decay;
            let weight = norm(tensor.clone());
            let gradient = match variant {
                LarsVariant::Google | LarsVariant::Fair => norm(decayed.clone()),
                _ => norm(grad),
            };
            let zero = weight.clone().equal_elem(0.0).bool_or(gradient.clone().equal_elem(0.0));
            let ratio = match variant {
                LarsVariant::Google | LarsVariant::Fair => weight * trust / gradient,
                LarsVariant::Lightly => weight.clone() * trust / (gradient + weight * weight_decay),
                LarsVariant::Clipped => {
                    (weight.clone() * trust / (gradient + weight * weight_decay) / lr)
                        .clamp_max(1.0)
                }
            };
            decayed * ratio.mask_fill(zero, 1.0).reshape([1; D])
        } else {
            grad
        };
        let inside = variant == LarsVariant::Google;
        let update = if inside { update * lr } else { update };
        let (buffer, state) = self.buffer.transform(update, state);
        let change = if inside { buffer } else { buffer * lr };
        (tensor - change, Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.to_device(device)
    }
}

fn norm<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    tensor.square().sum().sqrt()
}
