//! Loading and storing of a block of columns.

use std::ops::Range;

use pulp::Arch;

use super::super::geometry::Geometry;
use super::super::matmul::Target;
use super::transform::{Kind, POINTS, Transform};

/// Some columns of the products, one per `(tile, image)`.
pub(super) struct Part {
    n: usize,
    map: [usize; 2],
    columns: Range<usize>,
}

impl Part {
    pub fn new(geometry: &Geometry, columns: Range<usize>) -> Self {
        Self { n: geometry.n, map: geometry.input, columns }
    }

    /// Number of columns.
    pub fn wide(&self) -> usize {
        self.columns.len()
    }

    /// Writes `Bᵀ D B` to `v`, `[16, channels, columns]`.
    ///
    /// # Safety
    /// The buffer of `v` is alive, and nothing else uses it.
    pub unsafe fn inputs(&self, x: &[f32], channels: usize, v: Target) {
        self.each_run(channels, |channel, [i, j], pictures, at| {
            let from = std::array::from_fn(|point| {
                let place =
                    [(2 * i + point / 4).wrapping_sub(1), (2 * j + point % 4).wrapping_sub(1)];
                self.row(x, channel, place, &pictures)
            });
            // SAFETY: by the contract of this function.
            let to = std::array::from_fn(|point| unsafe {
                v.at(point * channels + channel, at).row(0, pictures.len()).as_mut_ptr()
            });
            let length = pictures.len();
            Arch::new().dispatch(Transform { kind: Kind::Input, from, to, length });
        });
    }

    /// Writes `A ∂Y Aᵀ` to `m`, `[16, channels, columns]`.
    ///
    /// # Safety
    /// The buffer of `m` is alive, and nothing else uses it.
    pub unsafe fn gradients(&self, gradient: &[f32], channels: usize, m: Target) {
        self.each_run(channels, |channel, [i, j], pictures, at| {
            let from = std::array::from_fn(|place| match place {
                0..4 => {
                    self.row(gradient, channel, [2 * i + place / 2, 2 * j + place % 2], &pictures)
                }
                _ => std::ptr::null(),
            });
            // SAFETY: by the contract of this function.
            let to = std::array::from_fn(|point| unsafe {
                m.at(point * channels + channel, at).row(0, pictures.len()).as_mut_ptr()
            });
            let length = pictures.len();
            Arch::new().dispatch(Transform { kind: Kind::Gradient, from, to, length });
        });
    }

    /// Writes `Aᵀ M A` of `m`, `[16, channels, columns]`, to `y`, `[channels, h · w · n]`.
    ///
    /// # Safety
    /// The buffer of `y` is alive, and nothing else uses the outputs that belong to these columns.
    pub unsafe fn outputs(&self, m: &[f32], channels: usize, y: Target) {
        let [h, w] = self.map;
        // Scratch for outputs outside a feature map of odd size.
        let mut outside = vec![0.0; self.n];
        let outside = outside.as_mut_ptr();
        self.each_run(channels, |channel, [i, j], pictures, at| {
            let from = std::array::from_fn(|point| {
                m[(point * channels + channel) * self.wide() + at..][..pictures.len()].as_ptr()
            });
            let to = std::array::from_fn(|place| {
                let (row, column) = (2 * i + place / 2, 2 * j + place % 2);
                if place < 4 && row < h && column < w {
                    let start = (row * w + column) * self.n + pictures.start;
                    // SAFETY: by the contract of this function.
                    unsafe { y.at(channel, start).row(0, pictures.len()).as_mut_ptr() }
                } else {
                    outside
                }
            });
            let length = pictures.len();
            Arch::new().dispatch(Transform { kind: Kind::Output, from, to, length });
        });
    }

    /// Calls `visit(channel, tile, pictures, column of this part)` for every tile of every channel.
    fn each_run(
        &self,
        channels: usize,
        mut visit: impl FnMut(usize, [usize; 2], Range<usize>, usize),
    ) {
        let across = self.map[1].div_ceil(2);
        for channel in 0..channels {
            let mut column = self.columns.start;
            while column < self.columns.end {
                let (tile, first) = (column / self.n, column % self.n);
                let end = self.n.min(first + self.columns.end - column);
                let at = column - self.columns.start;
                visit(channel, [tile / across, tile % across], first..end, at);
                column += end - first;
            }
        }
    }

    /// Values of some images at a position of a channel; null in the padding.
    fn row(
        &self,
        maps: &[f32],
        channel: usize,
        [i, j]: [usize; 2],
        pictures: &Range<usize>,
    ) -> *const f32 {
        let [h, w] = self.map;
        if i >= h || j >= w {
            return std::ptr::null();
        }
        maps[((channel * h + i) * w + j) * self.n..][pictures.clone()].as_ptr()
    }
}

const _: () = assert!(POINTS == 16, "tiles of 4×4 inputs");
