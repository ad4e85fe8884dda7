use sempairs_kernels::{Ratio, Sgd};
use serde::{Deserialize, Serialize};

/// The four incompatible forms of LARS in use.
///
/// `w` is a weight, `g` its gradient, `l` the learning rate, `d` the weight decay, `m` the
/// momentum, `e` the trust coefficient; norms are Euclidean, over the tensor. Tensors of one
/// dimension (biases and norms) are neither decayed nor adapted, in all four, unless
/// [`exclude_vectors`](LarsConfig::exclude_vectors) is off; where a norm is zero the trust ratio is
/// 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LarsVariant {
    /// The learning rate inside the momentum: `h = g + d w`, `b = m b + l (e |w| / |h|) h`, `w -=
    /// b`. Source: the code of SimCLR.
    #[default]
    Google,
    /// The learning rate outside: `h = g + d w`, `b = m b + (e |w| / |h|) h`, `w -= l b`.
    /// Source: the code of Barlow Twins and VICReg.
    Fair,
    /// Another denominator: `b = m b + (e |w| / (|g| + d |w|)) (g + d w)`, `w -= l b`, and without
    /// decay (`d = 0`) no ratio at all. Source: lightly; You et al., "Large Batch Training of
    /// Convolutional Networks" (2017), have this ratio.
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
    /// Whether tensors of one dimension are left out of decay and adaptation. All recipes but
    /// SwAV's do so: its LARC (NVIDIA's apex) treats every tensor alike.
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
    /// The rule for tensors of one dimension or of more; its rate is the step's.
    pub(crate) fn rule(&self, vectors: bool) -> Sgd {
        let Self { variant, momentum, weight_decay, trust, exclude_vectors } = *self;
        let spared = vectors && exclude_vectors;
        let ratio = match variant {
            LarsVariant::Google | LarsVariant::Fair => Some(Ratio::OfDecayed { trust }),
            LarsVariant::Lightly if weight_decay == 0.0 => None,
            LarsVariant::Lightly => Some(Ratio::OfParts { trust, limited: false }),
            LarsVariant::Clipped => Some(Ratio::OfParts { trust, limited: true }),
        };
        Sgd {
            rate: 0.0,
            momentum,
            decay: if spared { 0.0 } else { weight_decay },
            nesterov: false,
            rate_inside: variant == LarsVariant::Google,
            ratio: ratio.filter(|_| !spared),
        }
    }
}
