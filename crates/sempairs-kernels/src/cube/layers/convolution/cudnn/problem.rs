//! Description of a convolution in the terms of cuDNN.

use burn::tensor::DType;
use cudarc::cudnn::sys::{cudnnDataType_t, cudnnMathType_t, cudnnTensorFormat_t};

/// The three passes of a convolution in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pass {
    /// `y` from `x` and filters.
    Forward,
    /// `∂L/∂x` from filters and `∂L/∂y`.
    Input,
    /// `∂L/∂weight` from `x` and `∂L/∂y`.
    Weight,
}

/// A convolution within the limits of cuDNN; the key of its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Problem {
    pass: Pass,
    dtype: DType,
    /// `[n, c_in, h, w]`
    x: [i32; 4],
    /// `[c_out, c_in, k_h, k_w]`
    filters: [i32; 4],
    /// `[n, c_out, h', w']`
    y: [i32; 4],
    stride: [i32; 2],
    padding: [i32; 2],
}

/// The reason why cuDNN is not used for a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsupported {
    /// Neither 32-bit floats nor bf16.
    Type(DType),
    /// A tensor is empty or has 2³¹ elements or more, more than the 32-bit indices of these
    /// functions address.
    Size,
}

impl Problem {
    /// A problem from the shapes of input and filters.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] if its type or a size is outside the limits.
    pub(super) fn new(
        pass: Pass,
        dtype: DType,
        x: [usize; 4],
        filters: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Result<Self, Unsupported> {
        data_type(dtype).ok_or(Unsupported::Type(dtype))?;
        let side = |axis: usize| {
            let covered = (x[2 + axis] + 2 * padding[axis]).checked_sub(filters[2 + axis])?;
            Some(covered.checked_div(stride[axis])? + 1)
        };
        let (Some(height), Some(width)) = (side(0), side(1)) else { return Err(Unsupported::Size) };
        let y = [x[0], filters[0], height, width];
        Ok(Self {
            pass,
            dtype,
            x: indexed(x)?,
            filters: indexed(filters)?,
            y: indexed(y)?,
            stride: [small(stride[0])?, small(stride[1])?],
            padding: [small(padding[0])?, small(padding[1])?],
        })
    }

    /// The shape of the result of the pass.
    pub(super) fn output(&self) -> [usize; 4] {
        let shape = match self.pass {
            Pass::Forward => self.y,
            Pass::Input => self.x,
            Pass::Weight => self.filters,
        };
        shape.map(|side| side as usize)
    }

    /// The content of cuDNN's descriptors.
    pub(super) fn description(&self) -> Description {
        let dtype = data_type(self.dtype).expect("`new` accepts no other types");
        let maps = |dims| Layout { dtype, format: CHANNELS_LAST, dims };
        Description {
            pass: self.pass,
            x: maps(self.x),
            filters: maps(self.filters),
            y: maps(self.y),
            stride: self.stride,
            padding: self.padding,
            dilation: [1, 1],
            compute: cudnnDataType_t::CUDNN_DATA_FLOAT,
            // The default mode for 32-bit floats lets tensor cores round factors to TF32, as the
            // documentation of the precision `f32` states; NVIDIA_TF32_OVERRIDE=0 disables this.
            math: match dtype {
                cudnnDataType_t::CUDNN_DATA_BFLOAT16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
                _ => cudnnMathType_t::CUDNN_DEFAULT_MATH,
            },
        }
    }
}

/// Channels innermost: `[n, h, w, c]` of feature maps, `[c_out, k_h, k_w, c_in]` of filters.
const CHANNELS_LAST: cudnnTensorFormat_t = cudnnTensorFormat_t::CUDNN_TENSOR_NHWC;

/// The descriptors of a convolution: cross-correlation, without groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Description {
    pub(super) pass: Pass,
    pub(super) x: Layout,
    pub(super) filters: Layout,
    pub(super) y: Layout,
    pub(super) stride: [i32; 2],
    pub(super) padding: [i32; 2],
    pub(super) dilation: [i32; 2],
    /// Accumulator type.
    pub(super) compute: cudnnDataType_t,
    pub(super) math: cudnnMathType_t,
}

/// A packed tensor of four axes; `dims` are in the order `[n, c, h, w]` for every memory format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layout {
    pub(super) dtype: cudnnDataType_t,
    pub(super) format: cudnnTensorFormat_t,
    pub(super) dims: [i32; 4],
}

/// The cuDNN data type of a supported type. f16 is not supported because weight gradients would be
/// returned in f16, whose range ends at 65,504.
fn data_type(dtype: DType) -> Option<cudnnDataType_t> {
    match dtype {
        DType::F32 => Some(cudnnDataType_t::CUDNN_DATA_FLOAT),
        DType::BF16 => Some(cudnnDataType_t::CUDNN_DATA_BFLOAT16),
        _ => None,
    }
}

/// A shape without empty axes and with fewer than 2³¹ elements.
fn indexed(shape: [usize; 4]) -> Result<[i32; 4], Unsupported> {
    let elements = shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
    match elements {
        Some(1..=MOST) => Ok(shape.map(|side| side as i32)),
        _ => Err(Unsupported::Size),
    }
}

const MOST: usize = i32::MAX as usize;

fn small(length: usize) -> Result<i32, Unsupported> {
    i32::try_from(length).map_err(|_| Unsupported::Size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(pass: Pass, dtype: DType) -> Problem {
        Problem::new(pass, dtype, [8, 64, 17, 16], [128, 64, 3, 3], [2, 2], [1, 1]).unwrap()
    }

    #[test]
    fn descriptors_have_the_shapes_with_channels_innermost() {
        for (dtype, element, math) in [
            (
                DType::BF16,
                cudnnDataType_t::CUDNN_DATA_BFLOAT16,
                cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
            ),
            (DType::F32, cudnnDataType_t::CUDNN_DATA_FLOAT, cudnnMathType_t::CUDNN_DEFAULT_MATH),
        ] {
            for pass in [Pass::Forward, Pass::Input, Pass::Weight] {
                let description = problem(pass, dtype).description();
                let packed = |dims| Layout { dtype: element, format: CHANNELS_LAST, dims };
                assert_eq!(
                    description,
                    Description {
                        pass,
                        x: packed([8, 64, 17, 16]),
                        filters: packed([128, 64, 3, 3]),
                        y: packed([8, 128, 9, 8]),
                        stride: [2, 2],
                        padding: [1, 1],
                        dilation: [1, 1],
                        compute: cudnnDataType_t::CUDNN_DATA_FLOAT,
                        math,
                    }
                );
            }
        }
    }

    #[test]
    fn each_pass_has_its_output_shape() {
        assert_eq!(problem(Pass::Forward, DType::F32).output(), [8, 128, 9, 8]);
        assert_eq!(problem(Pass::Input, DType::F32).output(), [8, 64, 17, 16]);
        assert_eq!(problem(Pass::Weight, DType::F32).output(), [128, 64, 3, 3]);
    }

    #[test]
    fn unsupported_sizes_and_types_are_refused() {
        let new = |dtype, x, filters, stride| {
            Problem::new(Pass::Forward, dtype, x, filters, stride, [0, 0]).map(|_| ())
        };
        let (x, filters) = ([2, 3, 8, 8], [4, 3, 3, 3]);
        assert_eq!(new(DType::F32, x, filters, [1, 1]), Ok(()));
        assert_eq!(new(DType::F16, x, filters, [1, 1]), Err(Unsupported::Type(DType::F16)));
        assert_eq!(new(DType::F64, x, filters, [1, 1]), Err(Unsupported::Type(DType::F64)));
        // No output: filters larger than the image, a stride of zero, an empty batch.
        assert_eq!(new(DType::F32, x, [4, 3, 9, 3], [1, 1]), Err(Unsupported::Size));
        assert_eq!(new(DType::F32, x, filters, [0, 1]), Err(Unsupported::Size));
        assert_eq!(new(DType::F32, [0, 3, 8, 8], filters, [1, 1]), Err(Unsupported::Size));
        // An input of 2³¹ elements, and an output of 2³¹ elements from a smaller input.
        assert_eq!(
            new(DType::BF16, [1 << 15, 64, 32, 32], [1, 64, 1, 1], [1, 1]),
            Err(Unsupported::Size)
        );
        assert_eq!(
            new(DType::BF16, [1 << 15, 1, 32, 32], [64, 1, 1, 1], [1, 1]),
            Err(Unsupported::Size)
        );
    }
}
