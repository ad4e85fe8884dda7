use sempairs_kernels::{Ratio, Sgd};
use serde::{Deserialize, Serialize};

/// Variant of LARS: the four incompatible forms in use.
///
/// `w` is a weight tensor, `g` its gradient, `b` the momentum buffer, `l` the learning rate, `d`
/// the weight decay, `m` the momentum, `e` the trust coefficient; norms are Euclidean norms of the
/// whole tensor. In all variants 1-D parameters (biases and the parameters of normalisation layers)
/// have neither weight decay nor a trust ratio, unless
/// [`exclude_vectors`](LarsConfig::exclude_vectors) is false. The trust ratio is 1 if one of its
/// norms is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LarsVariant {
    /// Learning rate inside the momentum: `h = g + d w`, `b = m b + l (e |w| / |h|) h`, `w -= b`.
    /// Source: reference implementation of SimCLR.
    #[default]
    Google,
    /// Learning rate outside the momentum: `h = g + d w`, `b = m b + (e |w| / |h|) h`, `w -= l b`.
    /// Source: reference implementations of Barlow Twins and VICReg.
    Fair,
    /// Sum of norms in the denominator: `b = m b + (e |w| / (|g| + d |w|)) (g + d w)`, `w -= l b`;
    /// without weight decay (`d = 0`) the ratio is 1. Source: lightly; the ratio is that of You et
    /// al., "Large Batch Training of Convolutional Networks" (2017).
    Lightly,
    /// As [`Lightly`](Self::Lightly) with a clipped ratio: `min(e |w| / (|g| + d |w|) / l, 1)`.
    /// Source: solo-learn, with `e = 0.02`.
    Clipped,
}

/// Configuration of LARS (layer-wise adaptive rate scaling).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LarsConfig {
    /// Variant of the update rule.
    #[serde(default)]
    pub variant: LarsVariant,
    /// Momentum `m`.
    #[serde(default = "momentum")]
    pub momentum: f64,
    /// Weight decay `d`.
    #[serde(default)]
    pub weight_decay: f64,
    /// Trust coefficient `e`.
    #[serde(default = "trust")]
    pub trust: f64,
    /// Exclude 1-D parameters from weight decay and from the trust ratio. All published recipes do
    /// so except SwAV, whose LARC (NVIDIA apex) treats all tensors equally.
    #[serde(default = "exclude_vectors")]
    pub exclude_vectors: bool,
}

impl Default for LarsConfig {
    /// LARS of SimCLR, without weight decay.
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
    /// Update rule of 1-D parameters (`vectors`) or of all others; the learning rate is set per
    /// step.
    pub(crate) fn rule(&self, vectors: bool) -> Sgd {
        let Self { variant, momentum, weight_decay, trust, exclude_vectors } = *self;
        let excluded = vectors && exclude_vectors;
        let ratio = match variant {
            LarsVariant::Google | LarsVariant::Fair => Some(Ratio::OfDecayed { trust }),
            LarsVariant::Lightly if weight_decay == 0.0 => None,
            LarsVariant::Lightly => Some(Ratio::OfParts { trust, limited: false }),
            LarsVariant::Clipped => Some(Ratio::OfParts { trust, limited: true }),
        };
        Sgd {
            rate: 0.0,
            momentum,
            decay: if excluded { 0.0 } else { weight_decay },
            nesterov: false,
            rate_inside: variant == LarsVariant::Google,
            ratio: ratio.filter(|_| !excluded),
        }
    }
}
