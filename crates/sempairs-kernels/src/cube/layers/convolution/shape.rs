//! The sizes of a convolution.

/// A convolution of maps `[n, c_in, h, w]` with filters `[c_out, c_in, k_h, k_w]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Convolution {
    /// Pictures of the batch.
    pub(super) pictures: usize,
    /// Channels of the input.
    pub(super) c_in: usize,
    /// Channels of the output.
    pub(super) c_out: usize,
    /// Height and width of the input.
    pub(super) input: [usize; 2],
    /// Height and width of the output.
    pub(super) output: [usize; 2],
    /// Height and width of a filter.
    pub(super) kernel: [usize; 2],
    /// Places between two windows.
    pub(super) stride: [usize; 2],
    /// Rows and columns of zeros on each side.
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
            assert!(padded >= kernel[axis], "conv2d: a filter larger than the padded maps");
            (padded - kernel[axis]) / stride[axis] + 1
        });
        Self { pictures, c_in, c_out, input, output, kernel, stride, padding }
    }

    /// Places of a filter.
    pub(super) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether the unrolled input is the input itself.
    pub(super) fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.stride == [1, 1] && self.padding == [0, 0]
    }

    /// Whether it is pointwise on every so many rows and columns.
    pub(super) fn is_subsampled(&self) -> bool {
        self.taps() == 1 && self.padding == [0, 0]
    }
}

/// The length to which a row of so many values is filled up with zeros, so that matrix instructions and wide loads take it.
pub(super) fn filled_up(row: usize) -> usize {
    row.next_multiple_of(8)
}
