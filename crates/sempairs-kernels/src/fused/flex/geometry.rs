//! The sizes of a convolution.

use std::ops::Range;

/// Shapes of input, filters and output, with stride and padding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub n: usize,
    pub c_in: usize,
    pub input: [usize; 2],
    pub c_out: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub output: [usize; 2],
}

impl Geometry {
    /// The geometry of a convolution.
    ///
    /// # Panics
    /// If the numbers of channels disagree, a stride is zero, or a filter is larger than the padded
    /// input.
    pub fn new(
        [n, c_in, h, w]: [usize; 4],
        [c_out, filter_channels, k_h, k_w]: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        assert_eq!(c_in, filter_channels, "conv2d: channels of the input and of the filters");
        assert!(stride[0] > 0 && stride[1] > 0, "conv2d: stride {stride:?}");
        let (input, kernel) = ([h, w], [k_h, k_w]);
        let output = [0, 1].map(|axis| {
            let padded = input[axis] + 2 * padding[axis];
            assert!(
                kernel[axis] > 0 && padded >= kernel[axis],
                "conv2d: kernel {kernel:?} larger than input {input:?} padded by {padding:?}"
            );
            (padded - kernel[axis]) / stride[axis] + 1
        });
        Self { n, c_in, input, c_out, kernel, stride, padding, output }
    }

    /// The geometry of a pooling, of which every window covers at least one position of the input.
    ///
    /// # Panics
    /// As [`new`](Self::new), and if a side of the input is zero or the padding more than half of a
    /// window.
    pub fn of_windows(
        input: [usize; 4],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        let c = input[1];
        assert!(input[2] > 0 && input[3] > 0, "pooling: an input of {input:?}");
        let half = [0, 1].iter().all(|&axis| 2 * padding[axis] <= kernel[axis]);
        assert!(half, "pooling: padding {padding:?} exceeds half of the window {kernel:?}");
        Self::new(input, [c, c, kernel[0], kernel[1]], stride, padding)
    }

    /// Weights of a filter for one input channel: `k_h · k_w`.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Rows of the im2col matrix: `c_in · k_h · k_w`.
    pub fn rows(&self) -> usize {
        self.c_in * self.taps()
    }

    /// Positions of the output: `h' · w'`.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Columns of the im2col matrix: `h' · w' · n`.
    pub fn columns(&self) -> usize {
        self.positions() * self.n
    }

    /// Whether the input is its own im2col matrix.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Input position that a kernel tap reads for an output position; `None` in the padding.
    pub fn reads(&self, output: usize, tap: usize) -> Option<usize> {
        let Self { input: [h, w], kernel: [_, k_w], stride, padding, .. } = *self;
        let (i, j) = (output / self.output[1], output % self.output[1]);
        let y = (i * stride[0] + tap / k_w).checked_sub(padding[0]).filter(|&y| y < h)?;
        let x = (j * stride[1] + tap % k_w).checked_sub(padding[1]).filter(|&x| x < w)?;
        Some(y * w + x)
    }

    /// Output positions along `axis` for which the input position at kernel offset `offset` lies
    /// inside the input.
    pub fn inside(&self, axis: usize, offset: usize) -> Range<usize> {
        let (stride, padding) = (self.stride[axis], self.padding[axis]);
        let first = padding.saturating_sub(offset).div_ceil(stride);
        let end = (self.input[axis] + padding).saturating_sub(offset).div_ceil(stride);
        let end = end.min(self.output[axis]);
        first.min(end)..end
    }
}
