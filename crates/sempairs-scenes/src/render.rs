use tiny_skia::{
    BlendMode, FillRule, FilterQuality, Paint, Pixmap, PixmapPaint, SpreadMode, Stroke, Transform,
};

use super::figure::{Cover, Figure, Stuff, stroke};
use super::texture::plain;
use super::{Class, Factors};
use sempairs_data::Picture;

/// Distance of the shadow from the object, relative to the object's bounding box.
const SHADOW_REACH: f32 = 0.14;

/// Renders the scene of a class with the given factors as a square picture of side `size`. The same
/// arguments give the same bytes.
///
/// # Panics
///
/// Panics if `size` is 0.
pub fn render(class: Class, factors: &Factors, size: usize) -> Picture<'static> {
    let mut picture = canvas(size);
    factors.background.paint(&mut picture);
    let mut object = object(class, factors, size);
    let light = &factors.illumination;
    let half = factors.scale * size as f32 / 2.0;
    light.shadow(&mut picture, &object, 2.0 * half * SHADOW_REACH);
    let centre = factors.pose.transform(factors.scale, size);
    light.shade(&mut object, (centre.tx, centre.ty), half);
    let over = PixmapPaint::default();
    picture.draw_pixmap(0, 0, object.as_ref(), &over, Transform::identity(), None);
    factors.occlusion.paint(&mut picture);
    Picture::new(size, size, light.develop(&picture))
}

/// Opacity of the object at every pixel, in 0..=255, without the occluder.
///
/// # Panics
///
/// Panics if `size` is 0.
pub fn mask(class: Class, factors: &Factors, size: usize) -> Vec<u8> {
    object(class, factors, size).data().chunks_exact(4).map(|pixel| pixel[3]).collect()
}

fn canvas(size: usize) -> Pixmap {
    let side = u32::try_from(size).expect("the side of a picture fits into 32 bits");
    Pixmap::new(side, side).expect("a picture must have at least one pixel")
}

/// The object on a transparent layer.
fn object(class: Class, factors: &Factors, size: usize) -> Pixmap {
    let mut layer = canvas(size);
    let figure = class.figure(&factors.instance);
    let fitting = figure.fitting();
    let to_pixels = fitting.post_concat(factors.pose.transform(factors.scale, size));
    paint(&mut layer, &figure, factors, fitting, to_pixels);
    layer
}

fn paint(
    layer: &mut Pixmap,
    figure: &Figure,
    factors: &Factors,
    fitting: Transform,
    to_pixels: Transform,
) {
    let pattern = &factors.pattern;
    let texels = (1.2 * factors.scale * layer.width() as f32).ceil().max(8.0);
    let [body, accent] = pattern.surfaces(texels as u32);
    // From the texels of a surface to the object's bounding box, and to the figure's coordinates.
    let to_figure = Transform::from_scale(2.0 / texels, 2.0 / texels)
        .post_translate(-1.0, -1.0)
        .post_concat(fitting.invert().expect("a figure is not empty"));
    let cut = |surface| Paint {
        shader: tiny_skia::Pattern::new(
            surface,
            SpreadMode::Pad,
            FilterQuality::Nearest,
            1.0,
            to_figure,
        ),
        ..Paint::default()
    };
    let (body, accent) = (cut(body.as_ref()), cut(accent.as_ref()));
    let (dark, light, edge) = (plain(pattern.dark), plain(pattern.light), plain(pattern.outline));
    let eraser = Paint { blend_mode: BlendMode::DestinationOut, ..Paint::default() };
    let reach = 2.0 * pattern.outline_width / fitting.sx;
    // Corners sharper than 60 degrees are bevelled: their tips would leave the bounding box.
    let rim = Stroke { width: reach, miter_limit: 2.0, ..Stroke::default() };
    for part in &figure.parts {
        let stuff = match part.stuff {
            Stuff::Body => &body,
            Stuff::Accent => &accent,
            Stuff::Dark => &dark,
            Stuff::Light => &light,
        };
        let path = &part.path;
        match part.cover {
            Cover::Fill => {
                layer.stroke_path(path, &edge, &rim, to_pixels, None);
                layer.fill_path(path, stuff, FillRule::Winding, to_pixels, None);
            }
            Cover::Line(width) => {
                layer.stroke_path(path, &edge, &stroke(width + reach), to_pixels, None);
                layer.stroke_path(path, stuff, &stroke(width), to_pixels, None);
            }
            Cover::Hole => {
                layer.fill_path(path, &eraser, FillRule::Winding, to_pixels, None);
            }
        }
    }
}
