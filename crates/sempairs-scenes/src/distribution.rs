use std::f32::consts::PI;

use serde::{Deserialize, Serialize};

use super::{BackgroundKind, OcclusionKind, Palette, PatternKind, Silhouette};

/// What the nuisances are drawn from.
///
/// [`pretrain`](Self::pretrain) and [`downstream`](Self::downstream) have no kind of background,
/// occluder, pattern or distractor in common, no hue and no direction of light. Pose and scale are
/// geometry that both tasks share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// The hues of everything.
    pub palette: Palette,
    /// The kinds of background, each as likely.
    pub backgrounds: Vec<BackgroundKind>,
    /// Periods of a background's texture along the picture's side.
    pub frequency: [f32; 2],
    /// The fewest and the most distractor objects.
    pub distractors: [u8; 2],
    /// The outlines of distractors and signs, each as likely.
    pub silhouettes: Vec<Silhouette>,
    /// The share of pictures with something in front of the object.
    pub occluded: f32,
    /// The kinds of that, each as likely.
    pub occlusions: Vec<OcclusionKind>,
    /// The share of the picture that it covers.
    pub coverage: [f32; 2],
    /// The kinds of surface, each as likely.
    pub patterns: Vec<PatternKind>,
    /// Periods of a pattern along the object's box.
    pub pattern_frequency: [f32; 2],
    /// Where the light comes from, in radians.
    pub light: [f32; 2],
    /// How much the light's direction shows.
    pub light_strength: [f32; 2],
    /// The brightness of the picture.
    pub exposure: [f32; 2],
    /// How coloured the light is.
    pub cast: [f32; 2],
    /// How dark the shadow is.
    pub shadow: [f32; 2],
    /// The object's turn in radians.
    pub rotation: [f32; 2],
    /// The object's box over the picture's side.
    pub scale: [f32; 2],
}

impl Distribution {
    /// The nuisances of the pre-training scenes.
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

    /// The nuisances of the downstream scenes.
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

    /// Checks that every list has an entry and every interval is one.
    ///
    /// # Errors
    ///
    /// [`BadDistribution`] naming the first field that is not right and what is wrong with it.
    pub fn check(&self) -> Result<(), BadDistribution> {
        let empty = [
            ("palette.hues", self.palette.hues.is_empty()),
            ("backgrounds", self.backgrounds.is_empty()),
            ("silhouettes", self.silhouettes.is_empty()),
            ("occlusions", self.occlusions.is_empty()),
            ("patterns", self.patterns.is_empty()),
        ];
        if let Some(&(field, _)) = empty.iter().find(|(_, empty)| *empty) {
            return Err(BadDistribution { field, reason: "is empty".into() });
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
            // Written so that what is not a number is refused too.
            if !(least <= low && low <= high && high <= most) {
                let reason = format!("[{low}, {high}] is no interval within [{least}, {most}]");
                return Err(BadDistribution { field, reason });
            }
        }
        Ok(())
    }

    /// What the two tasks share: amounts and geometry.
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

/// A distribution from which nothing can be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scenes: `{field}` {reason}")]
pub struct BadDistribution {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// Every second twelfth of the colour circle, from the `first`.
fn arcs(first: usize) -> Vec<[f32; 2]> {
    (first..12).step_by(2).map(|arc| [arc as f32 / 12.0, (arc as f32 + 0.9) / 12.0]).collect()
}
