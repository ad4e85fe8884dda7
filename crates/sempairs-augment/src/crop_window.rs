use sempairs_data::Region;
use serde::{Deserialize, Serialize};

use crate::{Interpolation, Transform, rng::Rng};

/// The part of a picture that a view shows: a rectangle is cropped and resized, and a square window
/// of the result becomes the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropWindow {
    /// The rectangle of the picture that is cropped.
    pub crop: Region,
    /// Width and height to which the rectangle is resized.
    pub resized: [usize; 2],
    /// Column and row of the resized rectangle at which the window begins. They are negative if the
    /// window is larger than the rectangle; the rest of the window is then black.
    pub window: [isize; 2],
    /// Side of the window, and of the view, in pixels.
    pub size: usize,
    /// Resampling filter.
    pub interpolation: Interpolation,
}

impl CropWindow {
    /// The window of side `size` that shows exactly `crop`.
    pub fn of_crop(crop: Region, size: usize, interpolation: Interpolation) -> Self {
        Self { crop, resized: [size; 2], window: [0; 2], size, interpolation }
    }

    /// The square of side `size` in the centre of the picture, after its shorter side has been
    /// resized to `short` if that is given (torchvision's `resize` and `center_crop`).
    pub(crate) fn centred(
        width: usize,
        height: usize,
        short: Option<(usize, Interpolation)>,
        size: usize,
    ) -> Self {
        let (resized, interpolation) = match short {
            None => ([width, height], Interpolation::Bilinear),
            Some((short, interpolation)) => {
                let long = |long, side| short * long / side;
                let resized = if width <= height {
                    [short, long(height, width)]
                } else {
                    [long(width, height), short]
                };
                (resized, interpolation)
            }
        };
        let window = resized.map(|side| {
            if side >= size {
                // As in torchvision's crop, which uses Python's `round`: ties go to even.
                ((side - size) as f64 / 2.0).round_ties_even() as isize
            } else {
                -(((size - side) / 2) as isize)
            }
        });
        let crop = Region { left: 0, top: 0, width, height };
        Self { crop, resized, window, size, interpolation }
    }
}

/// Draws the rectangle of a random resized crop, like torchvision's `RandomResizedCrop.get_params`.
pub(crate) fn random_resized_crop(
    width: usize,
    height: usize,
    area: [f32; 2],
    ratio: [f32; 2],
    rng: &mut Rng,
) -> Region {
    let [least, greatest] = area.map(f64::from);
    let [narrow, wide] = ratio.map(f64::from);
    let (w, h) = (width as f64, height as f64);
    for _ in 0..10 {
        let target = w * h * rng.uniform(least, greatest);
        let aspect = rng.uniform(narrow.ln(), wide.ln()).exp();
        let across = (target * aspect).sqrt().round_ties_even() as usize;
        let down = (target / aspect).sqrt().round_ties_even() as usize;
        if (1..=width).contains(&across) && (1..=height).contains(&down) {
            let top = rng.below(height - down + 1);
            let left = rng.below(width - across + 1);
            return Region { left, top, width: across, height: down };
        }
    }
    let (across, down) = if w / h < narrow {
        (width, ((w / narrow).round_ties_even() as usize).clamp(1, height))
    } else if w / h > wide {
        (((h * wide).round_ties_even() as usize).clamp(1, width), height)
    } else {
        (width, height)
    };
    Region { left: (width - across) / 2, top: (height - down) / 2, width: across, height: down }
}

/// The transforms at the beginning of a pipeline that determine the crop window.
pub(crate) enum Beginning {
    Random { size: usize, area: [f32; 2], ratio: [f32; 2], interpolation: Interpolation },
    Centred { short: Option<(usize, Interpolation)>, size: usize },
}

impl Beginning {
    pub(crate) fn of(transforms: &[Transform]) -> Option<(Self, usize)> {
        match *transforms {
            [Transform::RandomResizedCrop { size, area, ratio, interpolation }, ..] => {
                Some((Self::Random { size, area, ratio, interpolation }, 1))
            }
            [
                Transform::Resize { size: short, interpolation },
                Transform::CenterCrop { size },
                ..,
            ] => Some((Self::Centred { short: Some((short, interpolation)), size }, 2)),
            [Transform::CenterCrop { size }, ..] => Some((Self::Centred { short: None, size }, 1)),
            _ => None,
        }
    }

    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Random { size, .. } | Self::Centred { size, .. } => *size,
        }
    }
}
