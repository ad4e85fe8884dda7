//! Factories: the configuration of a method, from which the method is built on a backbone.

use burn::tensor::Device;
use sempairs_backbone::Backbone;
use serde::Serialize;

use crate::{
    BarlowTwins, BarlowTwinsConfig, Byol, ByolConfig, ConfigError, Dcl, DclConfig, Dino,
    DinoConfig, Method, MoCo, MoCoConfig, NnClr, NnClrConfig, SimClr, SimClrConfig, SimSiam,
    SimSiamConfig, SupCon, SupConConfig, Swav, SwavConfig, VicReg, VicRegConfig,
};

/// The configuration of a method, from which the method is built on any backbone.
///
/// The configurations of all built-in methods, such as [`SimClrConfig`], implement it, and an
/// implementation for a method of your own makes that method usable wherever they are.
///
/// The serialised form of the configuration, together with [`name`](Self::name), is part of the
/// identity of a run: two runs whose forms differ never share checkpoints. It must therefore
/// contain every hyperparameter that the weights depend on.
pub trait MethodFactory: Clone + Serialize + Send + Sync + 'static {
    /// The method on a backbone.
    type Method<B: Backbone>: Method<Backbone = B>;

    /// The name of the method in files, tables and messages, such as `simclr`.
    fn name(&self) -> String;

    /// Checks that all hyperparameters are in their ranges.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first hyperparameter that is not.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Checks that the method can learn from `pairs` pairs in batches of `batch`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key whose value does not fit, such as a queue that is
    /// not a multiple of the batch.
    fn check_data(&self, _batch: usize, _pairs: usize) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Whether the method calls [`Backbone::forward_dropping`], that is, applies the stochastic
    /// depth of a backbone that asks for it.
    fn drops_blocks(&self) -> bool {
        false
    }

    /// Builds the method on `backbone`. The initial weights of its heads follow from `seed` alone.
    fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> Self::Method<B>;
}

/// Implements the trait by the functions of the same names that a configuration has.
macro_rules! factory {
    ($config:ident, $method:ident, $name:literal $(, $check_data:ident)? $(; $drops:ident)?) => {
        impl MethodFactory for $config {
            type Method<B: Backbone> = $method<B>;

            fn name(&self) -> String {
                $name.into()
            }

            fn check(&self) -> Result<(), ConfigError> {
                self.check()
            }

            $(fn $check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
                self.$check_data(batch, pairs)
            })?

            $(fn $drops(&self) -> bool {
                true
            })?

            fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> $method<B> {
                self.init(backbone, seed, device)
            }
        }
    };
}

factory!(SimClrConfig, SimClr, "simclr");
factory!(MoCoConfig, MoCo, "moco", check_data);
factory!(ByolConfig, Byol, "byol");
factory!(SimSiamConfig, SimSiam, "simsiam");
factory!(SwavConfig, Swav, "swav", check_data);
factory!(DinoConfig, Dino, "dino"; drops_blocks);
factory!(BarlowTwinsConfig, BarlowTwins, "barlow_twins");
factory!(VicRegConfig, VicReg, "vicreg");
factory!(SupConConfig, SupCon, "supcon");
factory!(DclConfig, Dcl, "dcl");
factory!(NnClrConfig, NnClr, "nnclr", check_data);
