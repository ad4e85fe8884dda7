use serde::{Deserialize, Serialize};

use crate::Picture;

/// A rectangle of pixels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Index of its first column.
    pub left: usize,
    /// Index of its first row.
    pub top: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of rows.
    pub height: usize,
}

impl Region {
    /// The rectangle that covers a whole picture of `width` by `height` pixels.
    pub fn whole([width, height]: [usize; 2]) -> Self {
        Self { left: 0, top: 0, width, height }
    }

    /// The smallest rectangle that contains both.
    pub fn union(&self, other: &Self) -> Self {
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self { left, top, width: right - left, height: bottom - top }
    }

    /// Index of the column after its last one.
    pub fn right(&self) -> usize {
        self.left + self.width
    }

    /// Index of the row after its last one.
    pub fn bottom(&self) -> usize {
        self.top + self.height
    }

    /// Returns true if every pixel of `other` lies in this rectangle.
    pub fn contains(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// Checks that the rectangle has pixels and lies within a picture of these sides.
    ///
    /// # Panics
    ///
    /// Panics if it is empty or not within the picture.
    pub(crate) fn check_within(&self, sides @ [width, height]: [usize; 2]) {
        assert!(self.width > 0 && self.height > 0, "the region {self:?} has no pixels");
        // Checked by subtraction, since the sum of two sides may overflow.
        let within =
            |start: usize, length: usize, side: usize| length <= side && start <= side - length;
        assert!(
            within(self.left, self.width, width) && within(self.top, self.height, height),
            "the region {self:?} is not within the {}x{} picture",
            sides[0],
            sides[1]
        );
    }
}

/// Decoded pixels of a part of a picture: at least the requested [`Region`], at most the whole
/// picture.
///
/// The pixels are those that [`read`](crate::PictureSource::read) returns for the whole picture, to
/// the bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionPicture<'a> {
    pixels: Picture<'a>,
    left: usize,
    top: usize,
}

impl<'a> RegionPicture<'a> {
    /// Creates a part of a picture from its pixels and the position of the first one, as column
    /// `left` and row `top` of the whole picture.
    pub fn new(pixels: Picture<'a>, left: usize, top: usize) -> Self {
        Self { pixels, left, top }
    }

    /// The whole picture, for a source that cannot read less; `plan` is asked for the region, and
    /// its answer checked.
    pub(crate) fn of_whole(
        picture: Picture<'a>,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Self {
        let sides = [picture.width(), picture.height()];
        plan(sides).check_within(sides);
        Self::new(picture, 0, 0)
    }

    /// The rectangle of the whole picture that the pixels cover.
    pub fn covered(&self) -> Region {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        Region { left: self.left, top: self.top, width, height }
    }

    /// The pixels of the [covered](Self::covered) rectangle.
    pub fn picture(&self) -> &Picture<'a> {
        &self.pixels
    }

    /// Converts into the pixels of the [covered](Self::covered) rectangle.
    pub fn into_picture(self) -> Picture<'a> {
        self.pixels
    }

    /// The position of `region`, a rectangle of the whole picture, in [`picture`](Self::picture).
    ///
    /// # Panics
    ///
    /// Panics if `region` is not [covered](Self::covered).
    pub fn locate(&self, region: Region) -> Region {
        let covered = self.covered();
        assert!(covered.contains(&region), "{region:?} is not within the covered {covered:?}");
        Region { left: region.left - self.left, top: region.top - self.top, ..region }
    }
}
