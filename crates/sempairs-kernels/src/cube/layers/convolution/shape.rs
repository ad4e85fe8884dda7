//! The sizes of a convolution.

/// A convolution of feature maps `[n, c_in, h, w]` with filters `[c_out, c_in, k_h, k_w]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Convolution {
    /// Batch size.
    pub(super) pictures: usize,
    /// Input channels.
    pub(super) c_in: usize,
    /// Output channels.
    pub(super) c_out: usize,
    /// Input height and width.
    pub(super) input: [usize; 2],
    /// Output height and width.
    pub(super) output: [usize; 2],
    /// Kernel height and width.
    pub(super) kernel: [usize; 2],
    /// Stride.
    pub(super) stride: [usize; 2],
    /// Zero padding per side.
    pub(super) padding: [usize; 2],
}

impl Convolution {
    pub(super) fn new(
        [pictures, c_in, h, w]: [usize; 4],
        [c_out, of_filters, k_h, k_w]: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        assert_eq!(c_in, of_filters, "conv2d: channels of the input and of the filters");
        let (input, kernel) = ([h, w], [k_h, k_w]);
        let output = [0, 1].map(|axis| {
            let padded = input[axis] + 2 * padding[axis];
            assert!(padded >= kernel[axis], "conv2d: kernel larger than the padded input");
            (padded - kernel[axis]) / stride[axis] + 1
        });
        Self { pictures, c_in, c_out, input, output, kernel, stride, padding }
    }

    /// Kernel positions, `k_h · k_w`.
    pub(super) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether the im2col matrix is the input itself.
    pub(super) fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Whether it is a 1×1 convolution without padding, with any stride.
    pub(super) fn is_subsampled(&self) -> bool {
        self.taps() == 1 && self.padding == [0, 0]
    }
}

/// Length to which a row is zero-padded for matrix instructions and vector loads.
pub(super) fn padded_row(row: usize) -> usize {
    row.next_multiple_of(8)
}
