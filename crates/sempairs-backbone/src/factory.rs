//! Factories: the configuration of a backbone, from which the network is built.

use std::path::Path;

use burn::tensor::Device;
use serde::Serialize;

use crate::{AnyBackbone, Backbone, BackboneConfig, ConfigError, NetworkConfig};

/// The configuration of a backbone, from which the network is built.
///
/// [`BackboneConfig`] implements it for the built-in networks; an implementation for a network of
/// your own makes that network usable wherever they are.
///
/// The serialised form of the configuration, together with [`name`](Self::name), is part of the
/// identity of a run: two runs whose forms differ never share checkpoints. So it has to hold every
/// constant that the weights depend on.
pub trait BackboneFactory: Clone + Serialize + Send + Sync + 'static {
    /// The network.
    type Backbone: Backbone;

    /// The name of the network in files, tables and messages, such as `resnet18`.
    fn name(&self) -> String;

    /// Builds the network with initial weights that follow from `seed` alone.
    ///
    /// [`seed_parameters`](crate::seed_parameters) makes them so, from any module.
    fn init_seeded(&self, device: &Device, seed: u64) -> Self::Backbone;

    /// Checks that the network can be built.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first value that is missing or out of its range.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Checks that the network takes pictures of `size` by `size` pixels.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] without a key, since the size is not part of the backbone's configuration:
    /// for example that the patches of a transformer do not tile it.
    fn check_size(&self, _size: usize) -> Result<(), ConfigError> {
        Ok(())
    }

    /// The number of parameters, against which sizes are checked before anything is allocated; 0
    /// where it is not known.
    fn parameters(&self) -> u64 {
        0
    }

    /// The number of features, as [`parameters`](Self::parameters).
    fn features(&self) -> usize {
        0
    }

    /// A file of weights that take the place of the initial ones: those of a network with the same
    /// parameter names, with or without one of the usual prefixes.
    fn weights(&self) -> Option<&Path> {
        None
    }

    /// Whether the configuration asks for stochastic depth, which only DINO's student applies.
    fn drops_blocks(&self) -> bool {
        false
    }

    /// Whether the serialised form has the name in it, under the key `name`.
    #[doc(hidden)]
    fn names_itself(&self) -> bool {
        false
    }
}

impl BackboneFactory for BackboneConfig {
    type Backbone = AnyBackbone;

    fn name(&self) -> String {
        self.name.name().into()
    }

    fn init_seeded(&self, device: &Device, seed: u64) -> AnyBackbone {
        self.init_seeded(device, seed)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.check()
    }

    fn check_size(&self, size: usize) -> Result<(), ConfigError> {
        let NetworkConfig::Transformer(vit) = self.network() else { return Ok(()) };
        if !size.is_multiple_of(vit.patch) {
            let reason = format!("is {size}, which patches of {} do not tile", vit.patch);
            return Err(ConfigError::new("", reason));
        }
        self.check_attention(size)
    }

    fn parameters(&self) -> u64 {
        self.parameters()
    }

    fn features(&self) -> usize {
        self.features()
    }

    fn weights(&self) -> Option<&Path> {
        self.weights.as_deref()
    }

    fn drops_blocks(&self) -> bool {
        !self.drop_path.is_off()
    }

    fn names_itself(&self) -> bool {
        true
    }
}
