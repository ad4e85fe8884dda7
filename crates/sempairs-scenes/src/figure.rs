use std::f32::consts::TAU;

use tiny_skia::{Path, PathBuilder, Point, Rect, Stroke, Transform};

/// Material of a part; the pattern factor determines its appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuff {
    /// The main surface.
    Body,
    /// The second surface.
    Accent,
    /// Darker trim, such as tyres, hooves and strings.
    Dark,
    /// Lighter trim, such as windows, eyes and dials.
    Light,
}

/// How the path of a part is drawn.
pub(super) enum Cover {
    /// The inside of the path is filled.
    Fill,
    /// A line of this width is drawn along the path.
    Line(f32),
    /// The inside of the path is cut out of the previous parts.
    Hole,
}

/// A part of an object.
pub(super) struct Part {
    pub(super) path: Path,
    pub(super) stuff: Stuff,
    pub(super) cover: Cover,
}

type Xy = (f32, f32);

/// An object as a list of parts from back to front, in its own coordinates: x points to the right
/// and y **down**. The extent is arbitrary, since the renderer scales the bounding box of the parts
/// to the pose.
#[derive(Default)]
pub(super) struct Figure {
    pub(super) parts: Vec<Part>,
}

impl Figure {
    fn add(&mut self, stuff: Stuff, cover: Cover, path: Option<Path>) {
        // An empty path is not drawn.
        if let Some(path) = path {
            self.parts.push(Part { path, stuff, cover });
        }
    }

    /// Adds a rectangle with opposite corners `a` and `b`.
    pub(super) fn rect(&mut self, stuff: Stuff, a: Xy, b: Xy) {
        self.polygon(stuff, &[a, (b.0, a.1), b, (a.0, b.1)]);
    }

    /// Adds a rectangle with corners of the given radius.
    pub(super) fn round(&mut self, stuff: Stuff, a: Xy, b: Xy, radius: f32) {
        let (x0, x1, y0, y1) = (a.0.min(b.0), a.0.max(b.0), a.1.min(b.1), a.1.max(b.1));
        let r = radius.min((x1 - x0) / 2.0).min((y1 - y0) / 2.0);
        let mut path = PathBuilder::new();
        path.move_to(x0 + r, y0);
        path.line_to(x1 - r, y0);
        path.quad_to(x1, y0, x1, y0 + r);
        path.line_to(x1, y1 - r);
        path.quad_to(x1, y1, x1 - r, y1);
        path.line_to(x0 + r, y1);
        path.quad_to(x0, y1, x0, y1 - r);
        path.line_to(x0, y0 + r);
        path.quad_to(x0, y0, x0 + r, y0);
        path.close();
        self.add(stuff, Cover::Fill, path.finish());
    }

    /// Adds an ellipse with the given centre and semi-axes.
    pub(super) fn ellipse(&mut self, stuff: Stuff, centre: Xy, radii: Xy) {
        self.add(stuff, Cover::Fill, oval(centre, radii));
    }

    /// Adds a disc.
    pub(super) fn disc(&mut self, stuff: Stuff, centre: Xy, radius: f32) {
        self.ellipse(stuff, centre, (radius, radius));
    }

    /// Adds a circular line.
    pub(super) fn ring(&mut self, stuff: Stuff, centre: Xy, radius: f32, width: f32) {
        self.add(stuff, Cover::Line(width), oval(centre, (radius, radius)));
    }

    /// Adds an elliptical hole.
    pub(super) fn hole(&mut self, centre: Xy, radii: Xy) {
        self.add(Stuff::Dark, Cover::Hole, oval(centre, radii));
    }

    /// Adds a filled polygon.
    pub(super) fn polygon(&mut self, stuff: Stuff, corners: &[Xy]) {
        self.add(stuff, Cover::Fill, polyline(corners, true));
    }

    /// Adds the inside of a smooth closed curve through the points (Catmull-Rom).
    pub(super) fn blob(&mut self, stuff: Stuff, points: &[Xy]) {
        self.add(stuff, Cover::Fill, curve(points, true));
    }

    /// Adds a line from point to point with round ends.
    pub(super) fn line(&mut self, stuff: Stuff, points: &[Xy], width: f32) {
        self.add(stuff, Cover::Line(width), polyline(points, false));
    }

    /// Adds a line along the smooth curve through the points (Catmull-Rom).
    pub(super) fn bow(&mut self, stuff: Stuff, points: &[Xy], width: f32) {
        self.add(stuff, Cover::Line(width), curve(points, false));
    }

    /// Adds a wheel with a tyre and a hub.
    pub(super) fn wheel(&mut self, centre: Xy, radius: f32) {
        self.disc(Stuff::Dark, centre, radius);
        self.disc(Stuff::Light, centre, 0.45 * radius);
    }

    /// The transform that centres the bounding box of the parts and scales its longer side to 2.
    pub(super) fn fitting(&self) -> Transform {
        let mut bounds: Option<Rect> = None;
        for part in &self.parts {
            let around = part.path.bounds();
            let reach = if let Cover::Line(width) = part.cover { width / 2.0 } else { 0.0 };
            let grown = Rect::from_ltrb(
                around.left() - reach,
                around.top() - reach,
                around.right() + reach,
                around.bottom() + reach,
            );
            bounds = match (bounds, grown) {
                (Some(a), Some(b)) => Rect::from_ltrb(
                    a.left().min(b.left()),
                    a.top().min(b.top()),
                    a.right().max(b.right()),
                    a.bottom().max(b.bottom()),
                ),
                (a, b) => a.or(b),
            };
        }
        let bounds = bounds.expect("an object has at least one part");
        let scale = 2.0 / bounds.width().max(bounds.height());
        Transform::from_translate(
            -(bounds.left() + bounds.right()) / 2.0,
            -(bounds.top() + bounds.bottom()) / 2.0,
        )
        .post_scale(scale, scale)
    }
}

/// A stroke with round ends and joints.
pub(super) fn stroke(width: f32) -> Stroke {
    Stroke {
        width,
        line_cap: tiny_skia::LineCap::Round,
        line_join: tiny_skia::LineJoin::Round,
        ..Stroke::default()
    }
}

/// The ellipse with the given centre and semi-axes.
pub(super) fn oval(centre: Xy, radii: Xy) -> Option<Path> {
    let (rx, ry) = (radii.0.max(1e-3), radii.1.max(1e-3));
    PathBuilder::from_oval(Rect::from_ltrb(
        centre.0 - rx,
        centre.1 - ry,
        centre.0 + rx,
        centre.1 + ry,
    )?)
}

/// The path through the points along straight lines.
pub(super) fn polyline(points: &[Xy], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// The Catmull-Rom curve through the points. Each segment is a cubic whose handles are a sixth of
/// the chord between the neighbouring points.
pub(super) fn curve(points: &[Xy], closed: bool) -> Option<Path> {
    let count = points.len();
    let at = |i: isize| -> Point {
        let i = if closed { i.rem_euclid(count as isize) } else { i.clamp(0, count as isize - 1) };
        points[i as usize].into()
    };
    let mut path = PathBuilder::new();
    path.move_to(points[0].0, points[0].1);
    let segments = if closed { count } else { count - 1 };
    for i in 0..segments as isize {
        let (before, from, to, after) = (at(i - 1), at(i), at(i + 1), at(i + 2));
        path.cubic_to(
            from.x + (to.x - before.x) / 6.0,
            from.y + (to.y - before.y) / 6.0,
            to.x - (after.x - from.x) / 6.0,
            to.y - (after.y - from.y) / 6.0,
            to.x,
            to.y,
        );
    }
    if closed {
        path.close();
    }
    path.finish()
}

/// The corners of a star or regular polygon: `count` points around `centre` at distance
/// `radius(i)`.
pub(super) fn around(
    centre: Xy,
    count: usize,
    turn: f32,
    mut radius: impl FnMut(usize) -> f32,
) -> Vec<Xy> {
    (0..count)
        .map(|i| {
            let angle = TAU * (i as f32 / count as f32) + turn;
            let radius = radius(i);
            (centre.0 + radius * angle.cos(), centre.1 + radius * angle.sin())
        })
        .collect()
}
