use serde::{Deserialize, Serialize};

use crate::{Interpolation, Transform, draw::Draw};

/// A box of whole pixels inside a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Columns to its left.
    pub left: usize,
    /// Rows above it.
    pub top: usize,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
}

/// Which part of a picture a view shows: a box is cut out, resized, and a square window of the result
/// is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// The box of the picture.
    pub crop: Crop,
    /// Width and height it is resized to.
    pub resized: [usize; 2],
    /// Column and row of the resized box at which the window begins; negative where the window is the
    /// larger one, and black outside.
    pub window: [isize; 2],
    /// Side of the window and of the view.
    pub size: usize,
    /// How pixels are weighed.
    pub interpolation: Interpolation,
}

impl Frame {
    /// The frame of `size` that shows exactly `crop`.
    pub fn of_crop(crop: Crop, size: usize, interpolation: Interpolation) -> Self {
        Self { crop, resized: [size; 2], window: [0; 2], size, interpolation }
    }

    /// The square of `size` in the middle of the picture after its shorter side got the length
    /// `short`, if one is given (torchvision's `resize` and `center_crop`).
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
                // Python's `round`, which torchvision's crop goes by: a half goes to the even side.
                ((side - size) as f64 / 2.0).round_ties_even() as isize
            } else {
                -(((size - side) / 2) as isize)
            }
        });
        let crop = Crop { left: 0, top: 0, width, height };
        Self { crop, resized, window, size, interpolation }
    }
}

/// The box of a random resized crop, as torchvision's `RandomResizedCrop.get_params` draws it.
pub(crate) fn random_box(
    width: usize,
    height: usize,
    area: [f32; 2],
    ratio: [f32; 2],
    draw: &mut Draw,
) -> Crop {
    let [least, greatest] = area.map(f64::from);
    let [narrow, wide] = ratio.map(f64::from);
    let (w, h) = (width as f64, height as f64);
    for _ in 0..10 {
        let target = w * h * draw.uniform(least, greatest);
        let aspect = draw.uniform(narrow.ln(), wide.ln()).exp();
        let across = (target * aspect).sqrt().round_ties_even() as usize;
        let down = (target / aspect).sqrt().round_ties_even() as usize;
        if (1..=width).contains(&across) && (1..=height).contains(&down) {
            let top = draw.below(height - down + 1);
            let left = draw.below(width - across + 1);
            return Crop { left, top, width: across, height: down };
        }
    }
    let (across, down) = if w / h < narrow {
        (width, ((w / narrow).round_ties_even() as usize).clamp(1, height))
    } else if w / h > wide {
        (((h * wide).round_ties_even() as usize).clamp(1, width), height)
    } else {
        (width, height)
    };
    Crop { left: (width - across) / 2, top: (height - down) / 2, width: across, height: down }
}

/// The frame that the beginning of a pipeline sets, and how many transforms that beginning has.
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
