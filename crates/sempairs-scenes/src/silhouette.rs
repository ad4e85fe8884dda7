use serde::{Deserialize, Serialize};
use tiny_skia::Path;

use super::figure::{around, curve, oval, polyline};

/// Outline of a distractor object or a logo, which belongs to no class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silhouette {
    /// A five-pointed star.
    Star,
    /// A triangle.
    Triangle,
    /// A disc.
    Disc,
    /// A smooth, irregular shape.
    Pebble,
    /// A plus sign.
    Cross,
    /// An arrow.
    Arrow,
    /// A square.
    Square,
    /// A crescent.
    Crescent,
}

impl Silhouette {
    /// The outline, within the unit circle.
    pub(super) fn path(self) -> Option<Path> {
        match self {
            Silhouette::Star => polyline(
                &around((0.0, 0.0), 10, 0.3, |i| if i % 2 == 0 { 1.0 } else { 0.42 }),
                true,
            ),
            Silhouette::Triangle => polyline(&around((0.0, 0.0), 3, 0.5, |_| 1.0), true),
            Silhouette::Disc => oval((0.0, 0.0), (0.85, 0.85)),
            Silhouette::Pebble => {
                curve(&[(0.9, 0.1), (0.3, 0.6), (-0.7, 0.5), (-0.9, -0.2), (-0.1, -0.7)], true)
            }
            Silhouette::Cross => polyline(
                &[
                    (-0.3, -0.95),
                    (0.3, -0.95),
                    (0.3, -0.3),
                    (0.95, -0.3),
                    (0.95, 0.3),
                    (0.3, 0.3),
                    (0.3, 0.95),
                    (-0.3, 0.95),
                    (-0.3, 0.3),
                    (-0.95, 0.3),
                    (-0.95, -0.3),
                    (-0.3, -0.3),
                ],
                true,
            ),
            Silhouette::Arrow => polyline(
                &[
                    (-0.9, -0.25),
                    (0.1, -0.25),
                    (0.1, -0.7),
                    (0.95, 0.0),
                    (0.1, 0.7),
                    (0.1, 0.25),
                    (-0.9, 0.25),
                ],
                true,
            ),
            Silhouette::Square => polyline(&around((0.0, 0.0), 4, 0.0, |_| 1.0), true),
            Silhouette::Crescent => curve(
                &[
                    (0.3, -0.9),
                    (-0.5, -0.7),
                    (-0.9, 0.0),
                    (-0.5, 0.7),
                    (0.3, 0.9),
                    (-0.15, 0.4),
                    (-0.25, 0.0),
                    (-0.15, -0.4),
                ],
                true,
            ),
        }
    }
}
