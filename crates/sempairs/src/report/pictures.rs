//! The section of example pairs of each arm.

use std::io::Cursor;

use image::{ImageFormat, RgbImage, imageops};
use sempairs_data::Picture;

use super::escape::escape;
use super::markup::{arm_name, paragraph, section};
use super::{ExamplePairs, base64, number};
use crate::comparison::Comparison;

/// Longest side of an embedded picture in pixels: twice its displayed size, for high-resolution
/// screens.
const SIDE: u32 = 160;

/// Returns the section as HTML; empty if there are no examples.
pub fn examples(comparison: &Comparison, examples: &[ExamplePairs]) -> String {
    match arms(comparison, examples, usize::MAX) {
        none if none.is_empty() => none,
        arms => section(HEADING, &(paragraph(&escape(ABOUT)) + &arms)),
    }
}

/// Heading of the section.
pub const HEADING: &str = "Training pairs of each arm";

/// Explanation of the section, plain text.
pub const ABOUT: &str = "The upper row of a card is a pair of pictures; the lower row shows the \
                         network's input, an augmented view of each picture. Pre-training treats \
                         the two views as a positive pair.";

/// Returns at most `most` examples of every arm as HTML, without the section around them.
pub fn arms(comparison: &Comparison, examples: &[ExamplePairs], most: usize) -> String {
    examples.iter().filter_map(|example| arm(comparison, example, most)).collect()
}

/// Formats a count with its noun: `1 pair`, `2 pairs`.
fn counted(count: usize, one: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {one}{end}", number::count(count))
}

fn arm(comparison: &Comparison, example: &ExamplePairs, most: usize) -> Option<String> {
    let number = comparison.arms.iter().position(|arm| arm.arm.name == example.arm);
    let mut heading = match number {
        Some(i) => arm_name(i, &example.arm),
        None => format!("<b>{}</b>", escape(&example.arm)),
    };
    if let Some(arm) = number.map(|i| &comparison.arms[i]) {
        heading += &format!(
            " <span class=\"muted\">{} pairing, {} of {}</span>",
            escape(&arm.arm.pairing.name().replace('_', " ")),
            counted(arm.pairs, "pair"),
            counted(arm.pictures, "picture")
        );
    }
    let mut cards = String::new();
    for i in 0..example.pairs.len().max(example.views.len()).min(most) {
        cards += "<div class=\"pair\">";
        for (kind, rows) in [("picture", &example.pairs), ("view", &example.views)] {
            let Some(pair) = rows.get(i) else { continue };
            for (side, picture) in ["left", "right"].into_iter().zip(pair) {
                let what = format!("{}, pair {}, {side} {kind}", example.arm, i + 1);
                cards += &img(picture, &what);
            }
        }
        cards += "</div>";
    }
    let wanted = !cards.is_empty();
    wanted.then(|| format!("<h3>{heading}</h3>\n<div class=\"pairs\">{cards}</div>\n"))
}

fn img(picture: &Picture<'_>, what: &str) -> String {
    format!(
        "<img alt=\"{}\" src=\"data:image/png;base64,{}\">",
        escape(what),
        base64::encode(&png(picture))
    )
}

/// Returns a picture at the size of the report, downscaled if it is larger than [`SIDE`].
pub fn shown(picture: &Picture<'_>) -> Picture<'static> {
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let longest = width.max(height);
    if longest <= SIDE {
        return picture.clone().into_owned();
    }
    let side = |side: u32| (side * SIDE / longest).max(1);
    let small = imageops::thumbnail(&image(picture), side(width), side(height));
    Picture::new(small.width() as usize, small.height() as usize, small.into_raw())
}

fn image(picture: &Picture<'_>) -> RgbImage {
    let side = |side: usize| u32::try_from(side).expect("a side of a picture");
    let (width, height) = (side(picture.width()), side(picture.height()));
    let pixels = RgbImage::from_raw(width, height, picture.pixels().to_vec());
    pixels.expect("three bytes a pixel")
}

/// Encodes a picture as PNG, downscaled if it is larger than [`SIDE`].
fn png(picture: &Picture<'_>) -> Vec<u8> {
    let shown = image(&shown(picture));
    let mut bytes = Cursor::new(Vec::new());
    shown.write_to(&mut bytes, ImageFormat::Png).expect("memory takes every picture");
    bytes.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_from_the_page_and_large_ones_smaller() {
        let small = Picture::new(2, 1, vec![255, 0, 0, 0, 0, 255]);
        let back = image::load_from_memory(&png(&small)).unwrap().into_rgb8();
        assert_eq!((back.dimensions(), &back.into_raw()[..]), ((2, 1), small.pixels()));
        let large = Picture::new(1000, 10, vec![7; 30_000]);
        let back = image::load_from_memory(&png(&large)).unwrap().into_rgb8();
        assert_eq!((back.dimensions(), back.get_pixel(5, 0).0), ((160, 1), [7; 3]));
    }
}
