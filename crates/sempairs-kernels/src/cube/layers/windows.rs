//! Windows that go over maps.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// The windows of some pictures of a batch. As a kernel is told them, scalar by scalar.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(in crate::cube) struct Windows {
    /// The first picture.
    pub(in crate::cube) first: usize,
    /// How many pictures.
    pub(in crate::cube) pictures: usize,
    /// Rows of a map.
    pub(in crate::cube) height: usize,
    /// Columns of a map.
    pub(in crate::cube) width: usize,
    /// Windows above each other.
    pub(in crate::cube) rows: usize,
    /// Windows beside each other.
    pub(in crate::cube) columns: usize,
    /// Rows between two windows.
    pub(in crate::cube) stride_y: usize,
    /// Columns between two windows.
    pub(in crate::cube) stride_x: usize,
    /// Rows of padding above the map.
    pub(in crate::cube) padding_y: usize,
    /// Columns of padding to the left of the map.
    pub(in crate::cube) padding_x: usize,
}

/// The windows of `pictures` pictures from `first` on, `windows` above and beside each other.
pub(super) fn windows(
    [first, pictures]: [usize; 2],
    [height, width]: [usize; 2],
    [rows, columns]: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> WindowsLaunch {
    WindowsLaunch::new(
        first, pictures, height, width, rows, columns, stride[0], stride[1], padding[0], padding[1],
    )
}
