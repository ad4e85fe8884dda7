use burn::tensor::Device;
use sempairs_backbone::Backbone;
use sempairs_objective::{
    BarlowTwinsConfig, ByolConfig, ConfigError, DclConfig, DinoConfig, Method, MethodFactory,
    MoCoConfig, NnClrConfig, ProjectorConfig, SimClrConfig, SimSiamConfig, SupConConfig,
    SwavConfig, VicRegConfig,
};
use serde::{Deserialize, Serialize};

use super::kept::Kept;

/// The configuration of a self-supervised method: any [`MethodFactory`], or a [`MethodConfig`],
/// which holds the configuration of one of the built-in methods. To add a method, implement
/// [`MethodFactory`]; this trait is implemented for every such type.
pub trait Objective: Clone + Serialize + Send + Sync + 'static {
    /// As [`MethodFactory::name`].
    fn name(&self) -> String;

    /// As [`MethodFactory::check`].
    ///
    /// # Errors
    ///
    /// As there.
    fn check(&self) -> Result<(), ConfigError>;

    /// As [`MethodFactory::check_data`].
    ///
    /// # Errors
    ///
    /// As there.
    fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError>;

    /// Builds the method with [`MethodFactory::init`] and passes it to `then`. A callback is needed
    /// because the methods have different types.
    fn init_for<B: Backbone, T: UseMethod<B>>(
        &self,
        backbone: B,
        seed: u64,
        device: &Device,
        then: T,
    ) -> T::Output;

    /// Returns true if the method applies the stochastic depth that a backbone's configuration
    /// sets.
    fn drops_blocks(&self) -> bool {
        false
    }

    /// The tensors that the method allocates on top of a backbone with `features` features,
    /// including the square matrices of its loss, as far as they are known.
    #[doc(hidden)]
    fn kept(&self, _features: usize) -> Vec<Kept> {
        Vec::new()
    }

    /// Returns true if the serialised form contains the name under the key `name`.
    #[doc(hidden)]
    fn names_itself(&self) -> bool {
        false
    }
}

/// A function that is generic over the type of the method that [`Objective::init_for`] builds.
pub trait UseMethod<B: Backbone> {
    /// Return type.
    type Output;

    /// Calls the function with the method.
    fn with<M: Method<Backbone = B>>(self, method: M) -> Self::Output;
}

impl<F: MethodFactory> Objective for F {
    fn name(&self) -> String {
        MethodFactory::name(self)
    }

    fn check(&self) -> Result<(), ConfigError> {
        MethodFactory::check(self)
    }

    fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        MethodFactory::check_data(self, batch, pairs)
    }

    fn init_for<B: Backbone, T: UseMethod<B>>(
        &self,
        backbone: B,
        seed: u64,
        device: &Device,
        then: T,
    ) -> T::Output {
        then.with(MethodFactory::init(self, backbone, seed, device))
    }

    fn drops_blocks(&self) -> bool {
        MethodFactory::drops_blocks(self)
    }
}

/// The configuration of a built-in method, selected by the key `name` in a file.
///
/// A new built-in method needs a variant here and an arm in `each_method!`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum MethodConfig {
    /// SimCLR.
    #[serde(rename = "simclr")]
    SimClr(SimClrConfig),
    /// MoCo v2.
    #[serde(rename = "moco")]
    MoCo(MoCoConfig),
    /// BYOL.
    Byol(ByolConfig),
    /// SimSiam.
    #[serde(rename = "simsiam")]
    SimSiam(SimSiamConfig),
    /// SwAV.
    Swav(SwavConfig),
    /// DINO.
    Dino(DinoConfig),
    /// Barlow Twins.
    BarlowTwins(BarlowTwinsConfig),
    /// VICReg.
    #[serde(rename = "vicreg")]
    VicReg(VicRegConfig),
    /// SupCon.
    #[serde(rename = "supcon")]
    SupCon(SupConConfig),
    /// Decoupled contrastive learning.
    Dcl(DclConfig),
    /// NNCLR.
    #[serde(rename = "nnclr")]
    NnClr(NnClrConfig),
}

/// Evaluates an expression with the configuration in any variant. The configurations have different
/// types and share only the trait [`MethodFactory`].
macro_rules! each_method {
    ($method:expr, $config:ident => $body:expr) => {
        match $method {
            MethodConfig::SimClr($config) => $body,
            MethodConfig::MoCo($config) => $body,
            MethodConfig::Byol($config) => $body,
            MethodConfig::SimSiam($config) => $body,
            MethodConfig::Swav($config) => $body,
            MethodConfig::Dino($config) => $body,
            MethodConfig::BarlowTwins($config) => $body,
            MethodConfig::VicReg($config) => $body,
            MethodConfig::SupCon($config) => $body,
            MethodConfig::Dcl($config) => $body,
            MethodConfig::NnClr($config) => $body,
        }
    };
}
impl Objective for MethodConfig {
    fn name(&self) -> String {
        each_method!(self, config => MethodFactory::name(config))
    }

    fn check(&self) -> Result<(), ConfigError> {
        each_method!(self, config => config.check())
    }

    fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        each_method!(self, config => MethodFactory::check_data(config, batch, pairs))
    }

    fn init_for<B: Backbone, T: UseMethod<B>>(
        &self,
        backbone: B,
        seed: u64,
        device: &Device,
        then: T,
    ) -> T::Output {
        each_method!(self, config => then.with(config.init(backbone, seed, device)))
    }

    fn drops_blocks(&self) -> bool {
        each_method!(self, config => MethodFactory::drops_blocks(config))
    }

    fn kept(&self, features: usize) -> Vec<Kept> {
        let projector = each_method!(self, config => &config.projector);
        let (mut kept, width) = (layers("projector", projector, features), projector.output);
        let mut further = |key: &str, rows, learned| {
            kept.push(Kept { key: key.into(), rows, columns: width, learned });
        };
        match self {
            Self::SimClr(_) | Self::SupCon(_) | Self::Dcl(_) => {}
            Self::MoCo(moco) => further("queue", moco.queue, false),
            Self::Swav(swav) => {
                further("prototypes", swav.prototypes, true);
                further("queue.size", swav.queue.map_or(0, |queue| queue.size), false);
            }
            Self::Dino(dino) => further("prototypes", dino.prototypes, true),
            // The matrix of each component with each other component.
            Self::BarlowTwins(_) | Self::VicReg(_) => further("projector.output", width, false),
            Self::NnClr(nnclr) => further("support", nnclr.support, false),
            Self::Byol(_) | Self::SimSiam(_) => {}
        }
        let predictor = match self {
            Self::Byol(config) => Some(&config.predictor),
            Self::SimSiam(config) => Some(&config.predictor),
            Self::NnClr(config) => Some(&config.predictor),
            _ => None,
        };
        kept.extend(
            predictor.into_iter().flat_map(|predictor| layers("predictor", predictor, width)),
        );
        kept
    }

    fn names_itself(&self) -> bool {
        true
    }
}

/// The weight matrices of the layers of a projection head.
fn layers(table: &str, head: &ProjectorConfig, features: usize) -> Vec<Kept> {
    let hidden = head.hidden.iter().enumerate();
    let hidden = hidden.map(|(i, width)| (format!("{table}.hidden[{i}]"), *width));
    let mut rows = features;
    let layer = |(key, columns)| Kept {
        key,
        rows: std::mem::replace(&mut rows, columns),
        columns,
        learned: true,
    };
    hidden.chain([(format!("{table}.output"), head.output)]).map(layer).collect()
}
