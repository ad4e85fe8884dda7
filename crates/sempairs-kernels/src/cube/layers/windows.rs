//! Sliding windows over feature maps.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Sliding windows over some images of a batch, as scalar arguments of a kernel.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(in crate::cube) struct Windows {
    /// Index of the first image.
    pub(in crate::cube) first: usize,
    /// Number of images.
    pub(in crate::cube) pictures: usize,
    /// Rows of a feature map.
    pub(in crate::cube) height: usize,
    /// Columns of a feature map.
    pub(in crate::cube) width: usize,
    /// Number of windows along the height.
    pub(in crate::cube) rows: usize,
    /// Number of windows along the width.
    pub(in crate::cube) columns: usize,
    /// Stride along the height.
    pub(in crate::cube) stride_y: usize,
    /// Stride along the width.
    pub(in crate::cube) stride_x: usize,
    /// Rows of padding above the feature map.
    pub(in crate::cube) padding_y: usize,
    /// Columns of padding to the left of the feature map.
    pub(in crate::cube) padding_x: usize,
}

/// The windows of `pictures` images from index `first` on, `windows` along height and width.
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
