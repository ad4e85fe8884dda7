//! Contact sheets.

use sempairs_data::MAX_PIXELS;
use sempairs_data::Picture;
use sempairs_scenes::{contact_sheet, sheet_size};

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
    assert_eq!(at(22, 3), 60, "reduced");
    // The third picture is four times as wide as high: 16x4 pixels in the centre of its cell.
    assert_eq!(at(3, 22 + 6), 90);
    assert_eq!(at(3, 22 + 9), 90);
    let paper = at(0, 0);
    for (x, y) in [(19, 5), (5, 20), (3, 22 + 5), (3, 22 + 10), (30, 30)] {
        assert_eq!(at(x, y), paper, "({x}, {y})");
    }
}

#[test]
fn a_contact_sheet_has_no_more_columns_than_pictures() {
    let picture = Picture::new(4, 4, vec![0; 48]);
    let sheet = contact_sheet(&[picture.clone(), picture], 10, 4, 1);
    assert_eq!((sheet.width(), sheet.height()), (11, 6));
}

#[test]
fn a_sheet_does_not_exceed_the_maximum_number_of_pixels() {
    assert_eq!(sheet_size(5, 2, 16, 3), Ok([41, 60]));
    assert_eq!(sheet_size(1, 9, 13_377, 0), Ok([13_377; 2]));
    assert_eq!(sheet_size(1, 9, 13_378, 0), Err(MAX_PIXELS));
    assert_eq!(sheet_size(2, 8, 4_000_000, 4), Err(MAX_PIXELS));
    assert_eq!(sheet_size(usize::MAX, 2, usize::MAX, 3), Err(MAX_PIXELS));
}
