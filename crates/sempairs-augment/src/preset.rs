use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ConfigError, Interpolation, Pipeline, Transform};

/// Mean of ImageNet's red, green and blue channels (used by torchvision and all methods here).
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of ImageNet's channels.
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];
/// SwAV's code uses .228 for red where the others use .229.
const SWAV_STD: [f32; 3] = [0.228, 0.224, 0.225];

/// Augmentation preset of a published method: one pipeline for each of the two views.
///
/// All presets flip with probability .5 and crop with aspect ratios from 3/4 to 4/3. The kernel of
/// the blur is a tenth of the view's side, made odd, as in SimCLR's code; its standard deviation is
/// drawn from .1 to 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Augmentation {
    /// SimCLR on ImageNet (Chen et al. 2020, google-research/simclr `data_util.py`).
    Simclr,
    /// SimCLR on CIFAR: colour jitter of half the strength and no blur (Chen et al. 2020, appendix
    /// B.9).
    SimclrCifar,
    /// MoCo-v2 (Chen et al. 2020, facebookresearch/moco `main_moco.py --aug-plus`).
    MocoV2,
    /// SimSiam (Chen and He 2021, facebookresearch/simsiam `main_simsiam.py`): the same as MoCo-v2.
    Simsiam,
    /// BYOL (Grill et al. 2020, appendix B): the views differ in blur and solarisation.
    Byol,
    /// Barlow Twins (Zbontar et al. 2021, facebookresearch/barlowtwins `main.py`): the same as
    /// BYOL.
    BarlowTwins,
    /// VICReg as in its code (facebookresearch/vicreg `augmentations.py`): the same as BYOL.
    Vicreg,
    /// VICReg as in its paper (Bardes et al. 2022, appendix C): the same pipeline for both views.
    VicregPaper,
    /// The two global crops of SwAV (Caron et al. 2020, facebookresearch/swav
    /// `multicropdataset.py`).
    Swav,
    /// The two global crops of DINO, without local crops (Caron et al. 2021, facebookresearch/dino
    /// `main_dino.py`; the crop areas are those that its README recommends without local crops).
    Dino,
    /// The transforms listed in the study of semantic pairs (arXiv 2510.08722, experimental set-up
    /// and Figure 5): crop, rotation, flip, colour jitter, greyscale, blur. The study gives no
    /// parameters. Those of SimCLR are used, which it follows; the rotation by up to 30 degrees
    /// with probability .5 is a choice of this project.
    Paper,
    /// No random augmentation: the shorter side resized to 8/7 of the view's (256 for 224), then a
    /// centre crop, in both views, with values in `[0, 1]`. Files call it `evaluation`.
    ///
    /// This is not the view that networks are evaluated on, which resizes the shorter side to the
    /// view's size: see [`Augmentation::evaluation`] and [`Pipeline::evaluation`].
    #[serde(rename = "evaluation")]
    CenterCrop,
}

impl Augmentation {
    const NAMED: [(Self, &'static str); 12] = [
        (Self::Simclr, "simclr"),
        (Self::SimclrCifar, "simclr_cifar"),
        (Self::MocoV2, "moco_v2"),
        (Self::Simsiam, "simsiam"),
        (Self::Byol, "byol"),
        (Self::BarlowTwins, "barlow_twins"),
        (Self::Vicreg, "vicreg"),
        (Self::VicregPaper, "vicreg_paper"),
        (Self::Swav, "swav"),
        (Self::Dino, "dino"),
        (Self::Paper, "paper"),
        (Self::CenterCrop, "evaluation"),
    ];

    /// All presets.
    pub fn all() -> [Self; 12] {
        Self::NAMED.map(|(preset, _)| preset)
    }

    /// Name of the preset in files and on the command line.
    pub fn name(&self) -> &'static str {
        Self::NAMED[*self as usize].1
    }

    /// The pipelines of view one and view two, for views of `size` by `size` pixels.
    pub fn pipelines(&self, size: usize) -> [Pipeline; 2] {
        use Interpolation::{Bicubic, Bilinear};
        let imagenet = || normalize(IMAGENET_STD);
        let mild = || jitter(0.4, 0.4, 0.4, 0.1);
        let strong = || jitter(0.8, 0.8, 0.8, 0.2);
        let byol = || jitter(0.4, 0.4, 0.2, 0.1);
        match self {
            Self::Simclr => {
                both(vec![crop(size, 0.08, Bicubic), flip(), strong(), grey(), blur(size, 0.5)])
            }
            Self::SimclrCifar => both(vec![crop(size, 0.08, Bicubic), flip(), mild(), grey()]),
            Self::MocoV2 | Self::Simsiam => both(vec![
                crop(size, 0.2, Bilinear),
                flip(),
                mild(),
                grey(),
                blur(size, 0.5),
                imagenet(),
            ]),
            Self::Byol | Self::BarlowTwins | Self::Vicreg | Self::Dino => {
                let least = if *self == Self::Dino { 0.14 } else { 0.08 };
                let start = || vec![crop(size, least, Bicubic), flip(), byol(), grey()];
                let mut one = start();
                one.extend([blur(size, 1.0), imagenet()]);
                let mut two = start();
                two.extend([blur(size, 0.1), solarize(0.2), imagenet()]);
                [Pipeline::new(one), Pipeline::new(two)]
            }
            Self::VicregPaper => both(vec![
                crop(size, 0.08, Bicubic),
                flip(),
                byol(),
                grey(),
                blur(size, 0.5),
                solarize(0.1),
                imagenet(),
            ]),
            Self::Swav => both(vec![
                crop(size, 0.14, Bilinear),
                flip(),
                strong(),
                grey(),
                blur(size, 0.5),
                normalize(SWAV_STD),
            ]),
            Self::Paper => both(vec![
                crop(size, 0.08, Bicubic),
                Transform::Rotation { p: 0.5, degrees: [-30.0, 30.0] },
                flip(),
                strong(),
                grey(),
                blur(size, 0.5),
            ]),
            Self::CenterCrop => both(vec![
                Transform::Resize { size: (size * 8 + 3) / 7, interpolation: Bilinear },
                Transform::CenterCrop { size },
            ]),
        }
    }

    /// The [evaluation view](Pipeline::evaluation) for a backbone that was trained with this
    /// preset, with the preset's normalisation if it has one.
    pub fn evaluation(&self, size: usize) -> Pipeline {
        let [training, _] = self.pipelines(size);
        training.to_evaluation()
    }
}

impl fmt::Display for Augmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Augmentation {
    type Err = ConfigError;

    /// Parses the [name](Self::name) of a preset. The error has no key, but the nearest name.
    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let found = Self::NAMED.into_iter().find(|named| named.1 == name);
        found.map(|named| named.0).ok_or_else(|| {
            let names = Self::NAMED.map(|named| named.1);
            let reason = format!(
                "there is no augmentation preset named \"{name}\"; the presets are {}",
                names.join(", ")
            );
            ConfigError::new("", reason).with_nearest(name, names)
        })
    }
}

fn both(transforms: Vec<Transform>) -> [Pipeline; 2] {
    [Pipeline::new(transforms.clone()), Pipeline::new(transforms)]
}

fn crop(size: usize, least: f32, interpolation: Interpolation) -> Transform {
    let ratio = [3.0 / 4.0, 4.0 / 3.0];
    Transform::RandomResizedCrop { size, area: [least, 1.0], ratio, interpolation }
}

fn flip() -> Transform {
    Transform::HorizontalFlip { p: 0.5 }
}

fn jitter(brightness: f32, contrast: f32, saturation: f32, hue: f32) -> Transform {
    Transform::ColorJitter { p: 0.8, brightness, contrast, saturation, hue }
}

fn grey() -> Transform {
    Transform::Grayscale { p: 0.2 }
}

/// The kernel has a tenth of the side, rounded up to an odd number, limited to what can be
/// reflected.
fn blur(size: usize, p: f32) -> Transform {
    let most = (2 * size).saturating_sub(1).max(1);
    let kernel = ((size / 10) | 1).max(3).min(most);
    Transform::GaussianBlur { p, kernel, sigma: [0.1, 2.0] }
}

fn solarize(p: f32) -> Transform {
    Transform::Solarize { p, threshold: 0.5 }
}

fn normalize(std: [f32; 3]) -> Transform {
    Transform::Normalize { mean: IMAGENET_MEAN, std }
}
