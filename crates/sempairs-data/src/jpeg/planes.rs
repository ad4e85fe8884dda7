//! Destinations of decoded scans: samples, or coefficients that later scans refine.

use std::ops::Range;

use super::damage::Damage;
use super::frame::{Component, SIDE};
use super::idct::idct;
use super::render::{Rendering, needed_samples};
use super::sequential::{Block, Destination};
use crate::Region;

/// A rectangle of blocks of a component.
#[derive(Clone, Copy)]
pub(super) struct Window(Region);

impl Window {
    /// The blocks from whose samples the pixels of `region` are computed.
    pub(super) fn of(component: &Component, region: Region) -> Self {
        let (columns, rows) = needed_samples(component, region);
        let (left, top) = (columns.start / SIDE, rows.start / SIDE);
        let width = columns.end.div_ceil(SIDE) - left;
        let height = rows.end.div_ceil(SIDE) - top;
        Self(Region { left, top, width, height })
    }

    /// All blocks of a component.
    fn all(component: &Component) -> Self {
        Self(Region::whole(component.blocks.into()))
    }

    /// Returns true if it contains every block that shows a part of the picture.
    pub(super) fn is_whole(&self, component: &Component) -> bool {
        self.0.contains(&Region::whole(component.own_blocks.into()))
    }

    /// Column and row in this rectangle of the block in column `x` and row `y` of the component;
    /// `None` for a block outside.
    #[inline(always)]
    fn locate(&self, x: usize, y: usize) -> Option<(usize, usize)> {
        let (x, y) = (x.wrapping_sub(self.0.left), y.wrapping_sub(self.0.top));
        (x < self.0.width && y < self.0.height).then_some((x, y))
    }

    pub(super) fn block_count(&self) -> usize {
        self.0.width * self.0.height
    }
}

/// The samples of a component in one row of MCUs, and its last row of samples above these.
///
/// A picture is converted strip by strip, so that its samples stay in the processor's cache and
/// need no memory for the whole picture.
pub(super) struct Strip {
    samples: Vec<u8>,
    /// Number of samples in a row.
    stride: usize,
    window: Window,
    /// Number of rows of blocks.
    height: usize,
    /// Index of the strip's first row of blocks in the component.
    first: usize,
}

impl Strip {
    /// The first strip, of `height` rows of blocks.
    pub(super) fn new(window: Window, height: usize) -> Self {
        let stride = SIDE * window.0.width;
        let samples = vec![0; (1 + SIDE * height) * stride];
        Self { samples, stride, window, height, first: 0 }
    }

    /// The samples in these columns of row `y` of the component: one of the strip or the last row
    /// above.
    #[inline(always)]
    pub(super) fn row(&self, y: usize, columns: &Range<usize>) -> &[u8] {
        let row = 1 + y - SIDE * self.first;
        let start = row * self.stride + columns.start - SIDE * self.window.0.left;
        &self.samples[start..][..columns.len()]
    }

    /// Transforms a block and stores its samples at column `x` of the window and row `y` of the
    /// strip.
    #[inline(always)]
    fn put(
        &mut self,
        (x, y): (usize, usize),
        block: &mut Block,
        coded: usize,
        quantiser: &[i32; 64],
    ) {
        let out = &mut self.samples[(1 + SIDE * y) * self.stride + SIDE * x..];
        idct(block, coded, quantiser, out, self.stride);
    }

    /// Goes on to the next row of MCUs.
    pub(super) fn advance(&mut self) {
        self.first += self.height;
        let last = self.samples.len() - self.stride;
        self.samples.copy_within(last.., 0);
    }
}

/// Conversion of the blocks of a picture's only scan.
pub(super) struct Converting<'r> {
    pub(super) rendering: &'r mut Rendering,
    /// Component and quantisation table of each part of the scan.
    pub(super) parts: Vec<(usize, [i32; 64])>,
}

impl Destination for Converting<'_> {
    #[inline(always)]
    fn place(&self, part: usize, x: usize, y: usize) -> Option<(usize, usize)> {
        let strip = self.rendering.strip(self.parts[part].0);
        let (x, _) = strip.window.locate(x, y)?;
        Some((x, y - strip.first))
    }

    #[inline(always)]
    fn put(
        &mut self,
        part: usize,
        place: (usize, usize),
        block: &mut Block,
        coded: usize,
    ) -> Result<(), Damage> {
        let (component, quantiser) = &self.parts[part];
        check_mean(block[0], quantiser)?;
        self.rendering.strip_mut(*component).put(place, block, coded, quantiser);
        Ok(())
    }

    #[inline(always)]
    fn pass(&mut self, part: usize, _x: usize, _y: usize, dc: i16) -> Result<(), Damage> {
        check_mean(dc, &self.parts[part].1)
    }

    fn end_row(&mut self) {
        self.rendering.advance();
    }
}

/// The coefficients of a component.
pub(super) struct Coefficients {
    window: Window,
    /// The blocks that are stored completely: those of `window`, or all if `window` has all that
    /// show a part of the picture.
    held: Window,
    blocks: Vec<Block>,
    /// The DC coefficients of all blocks, row by row, if some are not held; empty otherwise.
    means: Vec<i16>,
    /// For every block of a progressive picture the AC coefficients that are not zero, which
    /// determine how later scans are parsed: bit `k` for the one with coding index `k`.
    nonzero: Vec<u64>,
    /// Number of blocks in a row of the component.
    along: usize,
}

impl Coefficients {
    pub(super) fn of(component: &Component, window: Window, progressive: bool) -> Self {
        let whole = window.is_whole(component);
        let held = if whole { Window::all(component) } else { window };
        let all = component.block_count();
        Self {
            window,
            held,
            blocks: vec![[0; 64]; held.block_count()],
            means: vec![0; if whole { 0 } else { all }],
            nonzero: vec![0; if progressive { all } else { 0 }],
            along: component.blocks.0,
        }
    }

    #[inline(always)]
    fn held_block(&mut self, (x, y): (usize, usize)) -> &mut Block {
        &mut self.blocks[y * self.held.0.width + x]
    }

    /// The DC coefficient of a block.
    #[inline(always)]
    pub(super) fn dc(&mut self, x: usize, y: usize) -> &mut i16 {
        match self.held.locate(x, y) {
            Some(place) => &mut self.held_block(place)[0],
            None => &mut self.means[y * self.along + x],
        }
    }

    /// Which AC coefficients of a block of a progressive picture are not zero, and their values if
    /// the block is held.
    #[inline(always)]
    pub(super) fn ac(&mut self, x: usize, y: usize) -> (&mut u64, Option<&mut Block>) {
        let nonzero = &mut self.nonzero[y * self.along + x];
        let width = self.held.0.width;
        let block = self.held.locate(x, y).map(|(x, y)| &mut self.blocks[y * width + x]);
        (nonzero, block)
    }

    /// Checks the means of all blocks, once all scans of the component have been read.
    pub(super) fn check(&self, quantiser: &[i32; 64]) -> Result<(), Damage> {
        // The means of held blocks are zero in `means`.
        let means = self.means.iter().chain(self.blocks.iter().map(|block| &block[0]));
        means.copied().try_for_each(|mean| check_mean(mean, quantiser))
    }

    /// Converts the blocks of a strip to samples.
    pub(super) fn convert(&mut self, quantiser: &[i32; 64], strip: &mut Strip) {
        let Region { left, top, width, height } = self.window.0;
        let rows = strip.first.max(top)..(strip.first + strip.height).min(top + height);
        for y in rows {
            for x in left..left + width {
                let place = (x - self.held.0.left, y - self.held.0.top);
                let block = self.held_block(place);
                let coded = if block[1..].iter().all(|&it| it == 0) { 1 } else { 64 };
                strip.put((x - left, y - strip.first), block, coded, quantiser);
            }
        }
    }
}

/// The coefficients that a sequential scan of some components fills.
pub(super) struct Filling<'c> {
    pub(super) coefficients: &'c mut [Coefficients],
    /// For each part of the scan, the index of its component.
    pub(super) components: Vec<usize>,
}

impl Destination for Filling<'_> {
    #[inline(always)]
    fn place(&self, part: usize, x: usize, y: usize) -> Option<(usize, usize)> {
        self.coefficients[self.components[part]].held.locate(x, y)
    }

    #[inline(always)]
    fn put(
        &mut self,
        part: usize,
        place: (usize, usize),
        block: &mut Block,
        _coded: usize,
    ) -> Result<(), Damage> {
        *self.coefficients[self.components[part]].held_block(place) = *block;
        *block = [0; 64];
        Ok(())
    }

    #[inline(always)]
    fn pass(&mut self, part: usize, x: usize, y: usize, dc: i16) -> Result<(), Damage> {
        let component = &mut self.coefficients[self.components[part]];
        component.means[y * component.along + x] = dc;
        Ok(())
    }
}

/// Checks that the mean of a block, given by its DC coefficient, is in the range of 8-bit samples.
///
/// The DC coefficient is eight times the mean minus 128, rounded by the encoder to a multiple of
/// the quantisation step. Overwritten data often exceed this range, since each DC coefficient is
/// coded as a difference from the previous block.
#[inline(always)]
fn check_mean(dc: i16, quantiser: &[i32; 64]) -> Result<(), Damage> {
    let mean = i32::from(dc).wrapping_mul(quantiser[0]);
    if mean.unsigned_abs() > 1024 + quantiser[0].unsigned_abs() {
        return Err(Damage::Coefficient);
    }
    Ok(())
}
