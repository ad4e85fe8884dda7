//! Kinds of backgrounds, occluders and surface patterns.

use serde::{Deserialize, Serialize};

/// Kind of a background.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackgroundKind {
    /// A gradient between two colours.
    Gradient,
    /// Stripes.
    Stripes,
    /// Smooth noise.
    Noise,
    /// Overlapping shapes.
    Clutter,
    /// A sky above hills.
    Landscape,
    /// Concentric rings.
    Rings,
    /// A chequerboard.
    Checker,
    /// A brick wall.
    Bricks,
    /// Scattered strokes.
    Confetti,
    /// A skyline of rectangular buildings.
    Skyline,
}

/// Kind of an occluder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OcclusionKind {
    /// No occluder.
    Clear,
    /// Parallel bars.
    Bars,
    /// Leaves.
    Leaves,
    /// A frame around the picture.
    Frame,
    /// Splashes.
    Splashes,
    /// A mesh of thin wires.
    Mesh,
    /// A triangle that covers a corner of the picture.
    Corner,
}

/// Kind of pattern on an object's surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternKind {
    /// A single colour.
    Plain,
    /// Stripes.
    Stripes,
    /// Dots.
    Dots,
    /// A small sign, repeated.
    Logo,
    /// A gradient between two colours.
    Shaded,
    /// A chequerboard.
    Checker,
    /// A zigzag.
    Zigzag,
    /// Irregular patches.
    Patches,
    /// One large sign.
    Decal,
}
