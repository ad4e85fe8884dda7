use std::f32::consts::PI;

use sempairs_data::ConfigError;
use serde::{Deserialize, Serialize};

use super::{BackgroundKind, OcclusionKind, Palette, PatternKind, Silhouette};

/// Distribution of the nuisance factors of scenes.
///
/// [`pretrain`](Self::pretrain) and [`downstream`](Self::downstream) have no kinds of backgrounds,
/// occluders, patterns or distractors in common, no hues and no directions of light. They share
/// pose and scale, which are geometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// Hues of all parts of a scene.
    pub palette: Palette,
    /// Kinds of backgrounds, with equal probabilities.
    pub backgrounds: Vec<BackgroundKind>,
    /// Number of periods of a background's texture along the picture's side.
    pub frequency: [f32; 2],
    /// Minimum and maximum number of distractor objects.
    pub distractors: [u8; 2],
    /// Outlines of distractors and logos, with equal probabilities.
    pub silhouettes: Vec<Silhouette>,
    /// Fraction of pictures with an occluder.
    pub occluded: f32,
    /// Kinds of occluders, with equal probabilities.
    pub occlusions: Vec<OcclusionKind>,
    /// Fraction of the picture that an occluder covers.
    pub coverage: [f32; 2],
    /// Kinds of surface patterns, with equal probabilities.
    pub patterns: Vec<PatternKind>,
    /// Number of periods of a pattern along the object's bounding box.
    pub pattern_frequency: [f32; 2],
    /// Direction from which the light comes, in radians.
    pub light: [f32; 2],
    /// Strength of the shading by the light's direction.
    pub light_strength: [f32; 2],
    /// Brightness of the picture.
    pub exposure: [f32; 2],
    /// Strength of the light's colour.
    pub cast: [f32; 2],
    /// Darkness of the shadow.
    pub shadow: [f32; 2],
    /// Rotation of the object in radians.
    pub rotation: [f32; 2],
    /// Size of the object's bounding box relative to the picture's side.
    pub scale: [f32; 2],
}

impl Distribution {
    /// The distribution of the pre-training scenes.
    pub fn pretrain() -> Self {
        Self {
            palette: Palette { hues: arcs(0), saturation: [0.15, 0.95] },
            backgrounds: vec![
                BackgroundKind::Gradient,
                BackgroundKind::Stripes,
                BackgroundKind::Noise,
                BackgroundKind::Clutter,
                BackgroundKind::Landscape,
            ],
            silhouettes: vec![
                Silhouette::Star,
                Silhouette::Triangle,
                Silhouette::Disc,
                Silhouette::Pebble,
            ],
            occlusions: vec![OcclusionKind::Bars, OcclusionKind::Leaves, OcclusionKind::Frame],
            patterns: vec![
                PatternKind::Plain,
                PatternKind::Stripes,
                PatternKind::Dots,
                PatternKind::Logo,
            ],
            light: [PI, 1.5 * PI],
            ..Self::common()
        }
    }

    /// The distribution of the downstream and the validation scenes.
    pub fn downstream() -> Self {
        Self {
            palette: Palette { hues: arcs(1), saturation: [0.15, 0.95] },
            backgrounds: vec![
                BackgroundKind::Rings,
                BackgroundKind::Checker,
                BackgroundKind::Bricks,
                BackgroundKind::Confetti,
                BackgroundKind::Skyline,
            ],
            silhouettes: vec![
                Silhouette::Cross,
                Silhouette::Arrow,
                Silhouette::Square,
                Silhouette::Crescent,
            ],
            occlusions: vec![OcclusionKind::Splashes, OcclusionKind::Mesh, OcclusionKind::Corner],
            patterns: vec![
                PatternKind::Shaded,
                PatternKind::Checker,
                PatternKind::Zigzag,
                PatternKind::Patches,
                PatternKind::Decal,
            ],
            light: [1.5 * PI, 2.0 * PI],
            ..Self::common()
        }
    }

    /// Checks that no list is empty and that every interval is valid.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the first invalid field and the reason.
    pub fn check(&self) -> Result<(), ConfigError> {
        let empty = [
            ("palette.hues", self.palette.hues.is_empty()),
            ("backgrounds", self.backgrounds.is_empty()),
            ("silhouettes", self.silhouettes.is_empty()),
            ("occlusions", self.occlusions.is_empty()),
            ("patterns", self.patterns.is_empty()),
        ];
        if let Some(&(field, _)) = empty.iter().find(|(_, empty)| *empty) {
            return Err(ConfigError::new(field, "is empty"));
        }
        let turn = 2.0 * PI;
        let distractors = self.distractors.map(f32::from);
        let hues = self.palette.hues.iter().map(|&arc| ("palette.hues", arc, [0.0, 1.0]));
        let within = [
            ("palette.saturation", self.palette.saturation, [0.0, 1.0]),
            ("frequency", self.frequency, [0.5, 64.0]),
            ("distractors", distractors, [0.0, 255.0]),
            ("occluded", [self.occluded; 2], [0.0, 1.0]),
            ("coverage", self.coverage, [0.0, 0.9]),
            ("pattern_frequency", self.pattern_frequency, [0.5, 64.0]),
            ("light", self.light, [-turn, turn]),
            ("light_strength", self.light_strength, [0.0, 1.0]),
            ("exposure", self.exposure, [0.0, 4.0]),
            ("cast", self.cast, [0.0, 1.0]),
            ("shadow", self.shadow, [0.0, 1.0]),
            ("rotation", self.rotation, [-turn, turn]),
            ("scale", self.scale, [0.05, 1.0]),
        ];
        for (field, [low, high], [least, most]) in hues.chain(within) {
            // Written so that NaN is rejected, too.
            if !(least <= low && low <= high && high <= most) {
                let reason =
                    format!("must be an interval within [{least}, {most}], not [{low}, {high}]");
                return Err(ConfigError::new(field, reason));
            }
        }
        Ok(())
    }

    /// The values that both tasks share: amounts and geometry.
    fn common() -> Self {
        Self {
            palette: Palette { hues: Vec::new(), saturation: [0.0, 0.0] },
            backgrounds: Vec::new(),
            frequency: [2.0, 5.0],
            distractors: [0, 3],
            silhouettes: Vec::new(),
            occluded: 0.4,
            occlusions: Vec::new(),
            coverage: [0.05, 0.15],
            patterns: Vec::new(),
            pattern_frequency: [3.0, 6.0],
            light: [0.0, 0.0],
            light_strength: [0.1, 0.6],
            exposure: [0.8, 1.35],
            cast: [0.0, 0.5],
            shadow: [0.0, 0.6],
            rotation: [-0.2, 0.2],
            scale: [0.65, 0.85],
        }
    }
}

/// Every second twelfth of the colour circle, starting with number `first`.
fn arcs(first: usize) -> Vec<[f32; 2]> {
    (first..12).step_by(2).map(|arc| [arc as f32 / 12.0, (arc as f32 + 0.9) / 12.0]).collect()
}
