//! The contact sheet and the baseline of raw pixels.

use sempairs_data::scenes::{SceneSource, Split, contact_sheet, pixel_baseline};
use sempairs_data::{DataError, Picture, PictureSource};

#[test]
fn a_contact_sheet_is_a_grid_with_gaps() {
    let plain = |width: usize, height: usize, grey: u8| {
        Picture::new(width, height, vec![grey; 3 * width * height])
    };
    let pictures = [plain(8, 8, 10), plain(20, 20, 60), plain(16, 4, 90)];
    let sheet = contact_sheet(&pictures, 2, 16, 3);
    assert_eq!((sheet.width(), sheet.height()), (2 * 16 + 3 * 3, 2 * 16 + 3 * 3));
    let at = |x: usize, y: usize| sheet.pixels()[3 * (y * sheet.width() + x)];
    assert_eq!(at(3, 3), 10, "enlarged to the whole cell");
    assert_eq!(at(18, 18), 10);
    assert_eq!(at(22, 3), 60, "made smaller");
    // The third is four times as wide as high: 16 by 4, in the middle of its cell.
    assert_eq!(at(3, 22 + 6), 90);
    assert_eq!(at(3, 22 + 9), 90);
    let paper = at(0, 0);
    for (x, y) in [(19, 5), (5, 20), (3, 22 + 5), (3, 22 + 10), (30, 30)] {
        assert_eq!(at(x, y), paper, "({x}, {y})");
    }
}

#[test]
fn a_contact_sheet_needs_no_more_columns_than_pictures() {
    let picture = Picture::new(4, 4, vec![0; 48]);
    let sheet = contact_sheet(&[picture.clone(), picture], 10, 4, 1);
    assert_eq!((sheet.width(), sheet.height()), (11, 6));
}

/// Pictures whose colour is their class, or whose bright half is.
struct Plain {
    by_colour: bool,
}

impl PictureSource for Plain {
    fn len(&self) -> usize {
        40
    }
    fn classes(&self) -> &[String] {
        &[]
    }
    fn class(&self, index: usize) -> Option<usize> {
        Some(index % 2)
    }
    fn name(&self, index: usize) -> String {
        index.to_string()
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let class = index % 2;
        let mut pixels = vec![if self.by_colour { 20 + 200 * class as u8 } else { 20 }; 3 * 64];
        if !self.by_colour {
            pixels[96 * class..][..96].fill(220);
        }
        Ok(Picture::new(8, 8, pixels))
    }
}

#[test]
fn the_baseline_sees_what_pixels_and_colours_tell() {
    let colour = Plain { by_colour: true };
    let scores = pixel_baseline(&colour, &colour, 5).unwrap();
    assert_eq!((scores.pixels, scores.histogram, scores.chance), (1.0, 1.0, 0.5));
    // The halves swapped have the same histogram: every vote is a tie won by the first neighbour.
    let place = Plain { by_colour: false };
    let scores = pixel_baseline(&place, &place, 5).unwrap();
    assert_eq!((scores.pixels, scores.histogram), (1.0, 0.5));
}

#[test]
fn pixels_and_colours_do_poorly_on_the_scenes() {
    let train = SceneSource::new(Split::DownstreamTrain, 60, 32, 0).in_memory();
    let test = SceneSource::new(Split::DownstreamTest, 20, 32, 0).in_memory();
    let scores = pixel_baseline(&train, &test, 20).unwrap();
    assert!(scores.pixels < 0.3 && scores.histogram < 0.3, "{scores:?}");
}
