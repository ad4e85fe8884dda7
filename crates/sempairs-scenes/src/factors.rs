use serde::{Deserialize, Serialize};

use super::colour::between;
use super::{Background, Distribution, Illumination, Instance, Occlusion, Pattern, Pose};
use sempairs_data::{Key, Nuisances};

/// A factor by which two pictures of a class can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The individual object of the class.
    Instance,
    /// The background, including distractor objects.
    Background,
    /// The occluder in front of the object.
    Occlusion,
    /// The surface of the object: texture, logos, colours.
    Pattern,
    /// The light and the shadow.
    Illumination,
    /// Position and rotation of the object.
    Pose,
    /// Size of the object.
    Scale,
}

impl Factor {
    /// All factors.
    pub const ALL: [Factor; 7] = [
        Factor::Instance,
        Factor::Background,
        Factor::Occlusion,
        Factor::Pattern,
        Factor::Illumination,
        Factor::Pose,
        Factor::Scale,
    ];

    /// The four kinds of nuisance factors that the paper names (arXiv 2510.08722, figure 2).
    pub const NUISANCES: [Factor; 4] =
        [Factor::Background, Factor::Occlusion, Factor::Pattern, Factor::Illumination];

    /// Name of the factor.
    pub fn name(self) -> &'static str {
        match self {
            Factor::Instance => "instance",
            Factor::Background => "background",
            Factor::Occlusion => "occlusion",
            Factor::Pattern => "pattern",
            Factor::Illumination => "illumination",
            Factor::Pose => "pose",
            Factor::Scale => "scale",
        }
    }
}

/// All factors of a picture. Together with the class and the size they determine it completely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factors {
    /// The individual object of the class.
    pub instance: Instance,
    /// The background.
    pub background: Background,
    /// The occluder in front of the object.
    pub occlusion: Occlusion,
    /// The surface of the object.
    pub pattern: Pattern,
    /// The light.
    pub illumination: Illumination,
    /// Position and rotation of the object.
    pub pose: Pose,
    /// Longer side of the object's bounding box relative to the picture's side.
    pub scale: f32,
}

impl Factors {
    /// Draws every factor from its own random stream, so that the factors are independent.
    pub fn draw(distribution: &Distribution, key: Key) -> Self {
        let rng = |factor: Factor| key.rng(factor as u64);
        Self {
            instance: Instance::draw(&mut rng(Factor::Instance)),
            background: Background::draw(distribution, &mut rng(Factor::Background)),
            occlusion: Occlusion::draw(distribution, &mut rng(Factor::Occlusion)),
            pattern: Pattern::draw(distribution, &mut rng(Factor::Pattern)),
            illumination: Illumination::draw(distribution, &mut rng(Factor::Illumination)),
            pose: Pose::draw(distribution, &mut rng(Factor::Pose)),
            scale: between(distribution.scale, &mut rng(Factor::Scale)),
        }
    }

    /// The kinds of background and of surface pattern of the factors that [`draw`](Self::draw)
    /// gives.
    pub(super) fn kinds(distribution: &Distribution, key: Key) -> Nuisances {
        let rng = |factor: Factor| key.rng(factor as u64);
        let background = Background::draw(distribution, &mut rng(Factor::Background));
        let pattern = Pattern::draw(distribution, &mut rng(Factor::Pattern));
        Nuisances { background: background.kind as u32, pattern: pattern.kind as u32 }
    }

    /// The same factors, except that `factor` has the value that [`draw`](Self::draw) gives it
    /// under `key`.
    pub fn redraw(&self, factor: Factor, distribution: &Distribution, key: Key) -> Self {
        let mut factors = self.clone();
        let mut rng = key.rng(factor as u64);
        match factor {
            Factor::Instance => factors.instance = Instance::draw(&mut rng),
            Factor::Background => factors.background = Background::draw(distribution, &mut rng),
            Factor::Occlusion => factors.occlusion = Occlusion::draw(distribution, &mut rng),
            Factor::Pattern => factors.pattern = Pattern::draw(distribution, &mut rng),
            Factor::Illumination => {
                factors.illumination = Illumination::draw(distribution, &mut rng);
            }
            Factor::Pose => factors.pose = Pose::draw(distribution, &mut rng),
            Factor::Scale => factors.scale = between(distribution.scale, &mut rng),
        }
        factors
    }
}
