//! Conversion of component planes to RGB pixels.
//!
//! Chroma subsampled by two is upsampled with the triangle filter `(3 near + far + 2) / 4`, rows
//! before columns; other ratios are upsampled by repetition, as in libjpeg. The results are
//! bit-identical to those of zune-jpeg. libjpeg rounds once for both steps of the filter, which
//! differs by at most one level.

use super::frame::Frame;
use super::planes::Plane;

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

/// Converts the planes to interleaved RGB.
pub(super) fn render(frame: &Frame, planes: &[Plane], colour: Colour) -> Vec<u8> {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { render_avx2(frame, planes, colour) };
    }
    render_with(frame, planes, colour)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn render_avx2(frame: &Frame, planes: &[Plane], colour: Colour) -> Vec<u8> {
    render_with(frame, planes, colour)
}

#[inline(always)]
fn render_with(frame: &Frame, planes: &[Plane], colour: Colour) -> Vec<u8> {
    let Frame { width, height, .. } = *frame;
    let mut pixels = vec![0; 3 * width * height];
    let wide = frame.components.iter().map(|it| it.stride() * it.ratio.0).max().unwrap_or(0);
    let mut rows = vec![vec![0; wide]; planes.len()];
    let mut between = vec![0; wide];
    for (y, out) in pixels.chunks_exact_mut(3 * width).enumerate() {
        for ((component, plane), row) in frame.components.iter().zip(planes).zip(&mut rows) {
            full_row(plane, component.ratio, y, &mut between, row);
        }
        match (colour, &rows[..]) {
            (Colour::Grey, [grey, ..]) => {
                for (out, &grey) in out.as_chunks_mut::<3>().0.iter_mut().zip(grey) {
                    *out = [grey; 3];
                }
            }
            (Colour::Rgb, [r, g, b, ..]) => {
                let pixels = out.as_chunks_mut::<3>().0.iter_mut();
                for (((out, &r), &g), &b) in pixels.zip(r).zip(g).zip(b) {
                    *out = [r, g, b];
                }
            }
            (Colour::YCbCr, [y, cb, cr, ..]) => ycbcr(y, cb, cr, out),
            (Colour::Cmyk, [c, m, y, k]) => {
                let pixels = out.as_chunks_mut::<3>().0.iter_mut();
                for ((((out, &c), &m), &y), &k) in pixels.zip(c).zip(m).zip(y).zip(k) {
                    *out = [product(c, k), product(m, k), product(y, k)];
                }
            }
            (Colour::Ycck, [y, cb, cr, k]) => {
                ycbcr(y, cb, cr, out);
                for (out, &k) in out.as_chunks_mut::<3>().0.iter_mut().zip(k) {
                    *out = out.map(|value| product(255 - value, k));
                }
            }
            _ => unreachable!("the colour space was chosen by the number of components"),
        }
    }
    pixels
}

/// Row `y` of one component at the picture's full resolution.
#[inline(always)]
fn full_row(plane: &Plane, ratio: (usize, usize), y: usize, between: &mut [u8], out: &mut [u8]) {
    let last = plane.samples.len() / plane.stride - 1;
    let near = y / ratio.1;
    let near_row = plane.row(near);
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(last) };
    match ratio {
        (1, 2) => triangle_rows(near_row, plane.row(far), out),
        (2, 2) => {
            let between = &mut between[..plane.stride];
            triangle_rows(near_row, plane.row(far), between);
            triangle_columns(between, out);
        }
        (2, 1) => triangle_columns(near_row, out),
        (1, _) => out[..plane.stride].copy_from_slice(near_row),
        (along, _) => {
            for (out, &sample) in out.chunks_exact_mut(along).zip(near_row) {
                out.fill(sample);
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

/// Upsamples a row by two; the first and the last sample are copied.
#[inline(always)]
fn triangle_columns(row: &[u8], out: &mut [u8]) {
    let out = &mut out[..2 * row.len()];
    let (&[first, .., last], &mut [ref mut begin, ref mut inner @ .., ref mut end]) = (row, out)
    else {
        unreachable!("a row of blocks has at least eight samples");
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
