//! Conversion of the components' samples to RGB pixels.
//!
//! Chroma subsampled by two is upsampled with the triangle filter `(3 near + far + 2) / 4`, rows
//! before columns; other ratios are upsampled by repetition, as in libjpeg. The results are
//! bit-identical to those of zune-jpeg. libjpeg rounds once for both steps of the filter, which
//! differs by at most one level.

use std::ops::Range;

use super::frame::{Component, Frame, SIDE};
use super::planes::{Strip, Window};
use crate::Region;

/// Colour space of the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    Rgb,
    /// Full-range ITU-R BT.601, as specified by JFIF.
    YCbCr,
    /// CMYK with inverted values, as stored by Adobe: `(255 - C)(255 - K) / 255`.
    Cmyk,
    /// Like [`Cmyk`](Self::Cmyk), with the first three components as YCbCr.
    Ycck,
}

/// The columns and rows of a component's samples from which the pixels of `region` are computed:
/// those that these pixels cover, and a neighbour on each side where the filter uses one.
pub(super) fn needed_samples(
    component: &Component,
    region: Region,
) -> (Range<usize>, Range<usize>) {
    let (along, down) = component.ratio;
    let filtered = (along == 2 && down <= 2, down == 2 && along <= 2);
    let needed = |pixels: Range<usize>, ratio: usize, blocks: usize, filtered: bool| {
        let (first, end) = (pixels.start / ratio, pixels.end.div_ceil(ratio));
        if filtered { first.saturating_sub(1)..(end + 1).min(SIDE * blocks) } else { first..end }
    };
    (
        needed(region.left..region.right(), along, component.blocks.0, filtered.0),
        needed(region.top..region.bottom(), down, component.blocks.1, filtered.1),
    )
}

/// Conversion of the pixels of a region to interleaved RGB, one row of MCUs after the other.
pub(super) struct Rendering {
    colour: Colour,
    region: Region,
    components: Vec<Upsampled>,
    pixels: Vec<u8>,
    /// Index of the next row of the picture to convert.
    next: usize,
    /// Number of rows of the picture in the MCUs so far, and in a row of MCUs.
    rows: (usize, usize),
    /// Number of rows of the picture that have to wait for the next row of MCUs.
    waiting: usize,
    /// Number of rows of the picture.
    height: usize,
}

/// A component at the picture's full resolution, one row at a time.
struct Upsampled {
    strip: Strip,
    ratio: (usize, usize),
    /// The columns of samples that are upsampled.
    columns: Range<usize>,
    /// Index of the component's last row of samples.
    last: usize,
    /// A row after the first step of the filter.
    between: Vec<u8>,
    row: Vec<u8>,
    /// Position in `row` of the region's first pixel.
    offset: usize,
}

impl Rendering {
    /// Prepares the conversion of `region` from strips of `heights` rows of blocks, one number for
    /// each component.
    pub(super) fn new(frame: &Frame, colour: Colour, region: Region, heights: &[usize]) -> Self {
        let components = frame.components.iter().zip(heights);
        let filtered = frame.components.iter().any(|it| it.ratio.1 == 2 && it.ratio.0 <= 2);
        let high = frame.components.iter().zip(heights).map(|(it, height)| it.ratio.1 * height);
        Self {
            colour,
            region,
            components: components.map(|(it, &height)| Upsampled::of(it, height, region)).collect(),
            pixels: vec![0; 3 * region.width * region.height],
            next: region.top,
            rows: (0, SIDE * high.max().unwrap_or(1)),
            waiting: usize::from(filtered),
            height: frame.height,
        }
    }

    #[inline(always)]
    pub(super) fn strip(&self, component: usize) -> &Strip {
        &self.components[component].strip
    }

    #[inline(always)]
    pub(super) fn strip_mut(&mut self, component: usize) -> &mut Strip {
        &mut self.components[component].strip
    }

    /// Converts what is possible after another row of MCUs has been stored.
    pub(super) fn advance(&mut self) {
        self.rows.0 += self.rows.1;
        let ready =
            if self.rows.0 < self.height { self.rows.0 - self.waiting } else { self.height };
        self.convert_to(ready.min(self.region.bottom()));
        self.components.iter_mut().for_each(|it| it.strip.advance());
    }

    /// The pixels, after all rows of MCUs.
    pub(super) fn finish(self) -> Vec<u8> {
        self.pixels
    }

    fn convert_to(&mut self, end: usize) {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { self.convert_avx2(end) };
        }
        self.convert(end);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn convert_avx2(&mut self, end: usize) {
        self.convert(end);
    }

    /// Converts the rows up to `end`.
    #[inline(always)]
    fn convert(&mut self, end: usize) {
        let (colour, region) = (self.colour, self.region);
        let stride = 3 * region.width;
        while self.next < end {
            let row = self.next;
            self.next += 1;
            for component in &mut self.components {
                component.compute(row);
            }
            let out = &mut self.pixels[(row - region.top) * stride..][..stride];
            match (colour, &self.components[..]) {
                (Colour::Grey, [grey, ..]) => {
                    for (out, &grey) in out.as_chunks_mut::<3>().0.iter_mut().zip(grey.row(row)) {
                        *out = [grey; 3];
                    }
                }
                (Colour::Rgb, [r, g, b, ..]) => {
                    let pixels = out.as_chunks_mut::<3>().0.iter_mut();
                    let samples = r.row(row).iter().zip(g.row(row)).zip(b.row(row));
                    for (out, ((&r, &g), &b)) in pixels.zip(samples) {
                        *out = [r, g, b];
                    }
                }
                (Colour::YCbCr, [y, cb, cr, ..]) => {
                    ycbcr(y.row(row), cb.row(row), cr.row(row), out);
                }
                (Colour::Cmyk, [c, m, y, k]) => {
                    let pixels = out.as_chunks_mut::<3>().0.iter_mut();
                    let inks = c.row(row).iter().zip(m.row(row)).zip(y.row(row)).zip(k.row(row));
                    for (out, (((&c, &m), &y), &k)) in pixels.zip(inks) {
                        *out = [product(c, k), product(m, k), product(y, k)];
                    }
                }
                (Colour::Ycck, [y, cb, cr, k]) => {
                    ycbcr(y.row(row), cb.row(row), cr.row(row), out);
                    for (out, &k) in out.as_chunks_mut::<3>().0.iter_mut().zip(k.row(row)) {
                        *out = out.map(|value| product(255 - value, k));
                    }
                }
                _ => unreachable!("the colour space was chosen by the number of components"),
            }
        }
    }
}

impl Upsampled {
    fn of(component: &Component, height: usize, region: Region) -> Self {
        let (columns, _) = needed_samples(component, region);
        let ratio = component.ratio;
        let upsampled = if ratio == (1, 1) { 0 } else { ratio.0 * columns.len() };
        Self {
            strip: Strip::new(Window::of(component, region), height),
            ratio,
            last: SIDE * component.blocks.1 - 1,
            between: vec![0; if ratio == (2, 2) { columns.len() } else { 0 }],
            row: vec![0; upsampled],
            offset: region.left - ratio.0 * columns.start,
            columns,
        }
    }

    /// The pixels of row `y` of the picture, which was computed last, from the region's first
    /// column on.
    #[inline(always)]
    fn row(&self, y: usize) -> &[u8] {
        match self.ratio {
            (1, 1) => self.strip.row(y, &self.columns),
            _ => &self.row[self.offset..],
        }
    }

    /// Upsamples row `y` of the picture.
    #[inline(always)]
    fn compute(&mut self, y: usize) {
        let samples = |y: usize| self.strip.row(y, &self.columns);
        let near = y / self.ratio.1;
        // Only strips whose rows are filtered contain the row on the far side.
        let far_row = || {
            let before = y.is_multiple_of(2);
            samples(if before { near.saturating_sub(1) } else { (near + 1).min(self.last) })
        };
        match self.ratio {
            (1, 1) => {}
            (1, 2) => triangle_rows(samples(near), far_row(), &mut self.row),
            (2, 2) => {
                triangle_rows(samples(near), far_row(), &mut self.between);
                triangle_columns(&self.between, &mut self.row);
            }
            (2, 1) => triangle_columns(samples(near), &mut self.row),
            (1, _) => self.row.copy_from_slice(samples(near)),
            (along, _) => {
                for (out, &sample) in self.row.chunks_exact_mut(along).zip(samples(near)) {
                    out.fill(sample);
                }
            }
        }
    }
}

#[inline(always)]
fn triangle(near: u8, far: u8) -> u8 {
    ((3 * u16::from(near) + u16::from(far) + 2) >> 2) as u8
}

#[inline(always)]
fn triangle_rows(near: &[u8], far: &[u8], out: &mut [u8]) {
    for ((out, &near), &far) in out.iter_mut().zip(near).zip(far) {
        *out = triangle(near, far);
    }
}

/// Upsamples a row of at least two samples by two. The first and the last sample are copied, which
/// is right at the component's edges; elsewhere these pixels lie outside the region.
#[inline(always)]
fn triangle_columns(row: &[u8], out: &mut [u8]) {
    let out = &mut out[..2 * row.len()];
    let (&[first, .., last], &mut [ref mut begin, ref mut inner @ .., ref mut end]) = (row, out)
    else {
        unreachable!("a sample and its neighbour");
    };
    (*begin, *end) = (first, last);
    // Two new samples lie between two neighbours.
    let pairs = row.iter().zip(&row[1..]);
    for (out, (&left, &right)) in inner.as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
        *out = [triangle(left, right), triangle(right, left)];
    }
}

/// Number of fractional bits of the colour matrix.
const BITS: u32 = 14;

#[inline(always)]
fn ycbcr(y: &[u8], cb: &[u8], cr: &[u8], out: &mut [u8]) {
    let pixels = out.as_chunks_mut::<3>().0.iter_mut();
    for (((out, &y), &cb), &cr) in pixels.zip(y).zip(cb).zip(cr) {
        let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
        let y = (i32::from(y) << BITS) + (1 << (BITS - 1)) - 1;
        let byte = |value: i32| (value >> BITS).clamp(0, 255) as u8;
        *out = [byte(y + 22970 * cr), byte(y - 11700 * cr - 5638 * cb), byte(y + 29032 * cb)];
    }
}

/// `a * b / 255`, rounded to nearest.
#[inline(always)]
fn product(a: u8, b: u8) -> u8 {
    let t = u32::from(a) * u32::from(b) + 128;
    ((t + (t >> 8)) >> 8) as u8
}
