use sempairs_augment::Pipeline;
use sempairs_data::Side;
use serde::{Deserialize, Serialize};

/// From the pictures of a pair to its views.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipelines {
    /// From the left picture to view one.
    pub left: Pipeline,
    /// From the right picture to view two.
    pub right: Pipeline,
    /// From either to small crops, if there are any.
    pub locals: Option<Locals>,
    /// Where the views are made.
    pub made_on: MadeOn,
}

/// Where views are made of pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MadeOn {
    /// On the loader's threads; the device gets 32-bit floats.
    #[default]
    Host,
    /// On the device that trains, from 8-bit pixels and plans, by [`sempairs_kernels::views`]:
    /// values within 2/255 of the host's, and less work for the host's threads, which still decode.
    /// Whole pictures wait for it, in the memory of the host and then of the device, so this is for
    /// pictures that are not much larger than a view, such as those of a decoded cache. A device
    /// without the kernels lets the host do it, between two steps.
    Device,
}

impl MadeOn {
    /// Whether this is the default.
    pub fn is_host(&self) -> bool {
        *self == Self::Host
    }
}

impl From<[Pipeline; 2]> for Pipelines {
    fn from([left, right]: [Pipeline; 2]) -> Self {
        Self { left, right, locals: None, made_on: MadeOn::Host }
    }
}

/// The small crops of multi-crop, which SwAV brought up (Caron et al., arXiv 2006.09882, section
/// 3.3) and DINO uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Locals {
    /// From a picture to one crop.
    pub pipeline: Pipeline,
    /// Crops of a pair.
    pub count: usize,
    /// Which picture each is cut from.
    pub from: LocalsFrom,
}

/// Which picture of its pair a small crop is cut from. For augmented pairs, whose pictures are the
/// same, it makes no difference. For semantic pairs it does: SwAV and DINO compare a small crop
/// with both views, so that a crop of the left picture has one comparison within its picture and
/// one across the pair, and only a crop of the left *and* one of the right bring both across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalsFrom {
    /// All from the left picture, the one that the pair is named after.
    Left,
    /// All from the right picture, its partner.
    Right,
    /// The first from the left, the second from the right, and so on in turn.
    #[default]
    Both,
}

impl LocalsFrom {
    /// The picture that crop number `index`, counted from 0, is cut from.
    pub fn side(self, index: usize) -> Side {
        match self {
            Self::Left => Side::Left,
            Self::Right => Side::Right,
            Self::Both if index.is_multiple_of(2) => Side::Left,
            Self::Both => Side::Right,
        }
    }
}
