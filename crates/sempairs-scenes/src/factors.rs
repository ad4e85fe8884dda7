use serde::{Deserialize, Serialize};

use super::colour::between;
use super::{Background, Distribution, Illumination, Instance, Occlusion, Pattern, Pose};
use sempairs_data::Key;

/// One of the things that make two pictures of a class differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Which object of the class it is.
    Instance,
    /// What lies behind it, distractor objects among it.
    Background,
    /// What stands in front of it.
    Occlusion,
    /// Its surface: texture, logos, colours.
    Pattern,
    /// The light and its shadow.
    Illumination,
    /// Where it stands and how it is turned.
    Pose,
    /// How large it is.
    Scale,
}

impl Factor {
    /// Every factor.
    pub const ALL: [Factor; 7] = [
        Factor::Instance,
        Factor::Background,
        Factor::Occlusion,
        Factor::Pattern,
        Factor::Illumination,
        Factor::Pose,
        Factor::Scale,
    ];

    /// The four kinds of nuisance that the paper names (arXiv 2510.08722, figure 2).
    pub const NUISANCES: [Factor; 4] =
        [Factor::Background, Factor::Occlusion, Factor::Pattern, Factor::Illumination];

    /// Its name.
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

/// All that a picture of a class depends on besides the class and its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factors {
    /// Which object of the class it is.
    pub instance: Instance,
    /// What lies behind it.
    pub background: Background,
    /// What stands in front of it.
    pub occlusion: Occlusion,
    /// Its surface.
    pub pattern: Pattern,
    /// The light.
    pub illumination: Illumination,
    /// Where it stands and how it is turned.
    pub pose: Pose,
    /// The longer side of the object's box over the side of the picture.
    pub scale: f32,
}

impl Factors {
    /// Draws every factor, each from a stream of its own: the value of one says nothing of another.
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

    /// The same factors but for `factor`, which is what [`draw`](Self::draw) gives it under `key`.
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
