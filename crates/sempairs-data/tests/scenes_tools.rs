//! The contact sheet.

use sempairs_data::Picture;
use sempairs_data::scenes::contact_sheet;

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
