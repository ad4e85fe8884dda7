use sempairs_augment::Pipeline;
use sempairs_data::Side;
use serde::{Deserialize, Serialize};

/// Augmentation pipelines that make the views of a pair from its pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipelines {
    /// Makes the first view from the left picture.
    pub left: Pipeline,
    /// Makes the second view from the right picture.
    pub right: Pipeline,
    /// Makes the local crops; `None` if there are none.
    pub locals: Option<Locals>,
    /// Processor that computes the views.
    pub made_on: MadeOn,
}

/// Processor that computes the views from the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MadeOn {
    /// The CPU, in the loader's threads; views are transferred to the device as 32-bit floats.
    #[default]
    Host,
    /// The training device, from 8-bit pixels and plans, with [`sempairs_kernels::views`]. Values
    /// differ from the host's by at most 2/255, and the host's threads only have to decode. Whole
    /// pictures are held in host memory and then in device memory, so this suits pictures that are
    /// not much larger than a view, such as those of a decoded cache. For a device without these
    /// kernels the host computes the views between two steps.
    Device,
}

impl MadeOn {
    /// Returns true for [`Host`](Self::Host), the default.
    pub fn is_host(&self) -> bool {
        *self == Self::Host
    }
}

impl From<[Pipeline; 2]> for Pipelines {
    fn from([left, right]: [Pipeline; 2]) -> Self {
        Self { left, right, locals: None, made_on: MadeOn::Host }
    }
}

/// Local crops of multi-crop augmentation, introduced by SwAV (Caron et al., arXiv 2006.09882,
/// section 3.3) and also used by DINO.
#[derive(Clone, Debug, PartialEq)]
pub struct Locals {
    /// Makes one local crop from a picture.
    pub pipeline: Pipeline,
    /// Number of local crops per pair.
    pub count: usize,
    /// Source picture of each local crop.
    pub from: LocalsFrom,
}

/// Picture of the pair that a local crop is taken from.
///
/// For augmented pairs both pictures are the same, so the choice has no effect. For semantic pairs
/// it matters: SwAV and DINO compare a local crop with both views, so a crop of the left picture is
/// compared once within its own picture and once across the pair. Across-pair comparisons in both
/// directions require crops of the left *and* of the right picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalsFrom {
    /// All crops from the left picture, the pair's anchor.
    Left,
    /// All crops from the right picture, the anchor's partner.
    Right,
    /// Alternating: the first crop from the left picture, the second from the right, and so on.
    #[default]
    Both,
}

impl LocalsFrom {
    /// Side of the pair that local crop `index`, counted from 0, is taken from.
    pub fn side(self, index: usize) -> Side {
        match self {
            Self::Left => Side::Left,
            Self::Right => Side::Right,
            Self::Both if index.is_multiple_of(2) => Side::Left,
            Self::Both => Side::Right,
        }
    }
}
