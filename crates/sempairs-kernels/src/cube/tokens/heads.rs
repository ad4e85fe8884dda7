//! Splitting tokens into one matrix per attention head, and joining them again.
//!
//! A head of an image becomes a row-major matrix `[pitch, width]` of its own; rows beyond the
//! tokens are zero.

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::{beside, cubes, elem_type};
use super::super::matmul_tile::UNITS;

/// Values of each matrix per unit.
const OWN: usize = 4;
/// The tokens of a matrix are zero-padded to a multiple of this, for 16-byte loads in all types.
const MULTIPLE: usize = 8;

/// Sizes of tokens `[pictures, tokens, parts · heads · width]` and of the matrices of their
/// heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) pictures: usize,
    pub(super) tokens: usize,
    pub(super) heads: usize,
    /// Number of values of a token in one head.
    pub(super) width: usize,
}

impl Sizes {
    /// Of queries, keys and values `[pictures, tokens, 3 · heads · width]`.
    pub(super) fn of(qkv: &CubeTensor, heads: usize) -> Self {
        let [pictures, tokens, values] = qkv.meta.shape().dims();
        Self { pictures, tokens, heads, width: values / (3 * heads) }
    }

    /// Number of rows of a matrix.
    fn pitch(self) -> usize {
        self.tokens.next_multiple_of(MULTIPLE)
    }

    /// The shape of the matrices of all heads.
    fn matrices(self) -> Shape {
        Shape::new([self.pictures * self.heads, self.pitch(), self.width])
    }

    pub(super) fn is_empty(self) -> bool {
        self.pictures * self.tokens * self.width == 0
    }
}

/// Index into the tokens, of `parts · heads · width` values each, that corresponds to an index into
/// the matrices, and whether it exists.
#[cube]
fn source(
    index: usize,
    tokens: usize,
    heads: usize,
    width: usize,
    pitch: usize,
    #[comptime] parts: usize,
) -> (usize, bool) {
    let row = index / width;
    let token = row % pitch;
    let matrix = row / pitch;
    let (picture, head) = (matrix / heads, matrix % heads);
    let start = (picture * tokens + token) * parts * heads * width;
    (start + head * width + index % width, token < tokens)
}

/// Copies queries, keys and values to the matrices of their heads.
#[cube(launch_unchecked)]
pub(in crate::cube) fn split_three<F: Float>(
    x: &[F],
    q: &mut [F],
    k: &mut [F],
    v: &mut [F],
    number: usize,
    tokens: usize,
    heads: usize,
    width: usize,
    pitch: usize,
    #[define(F)] _dtype: ElemType,
) {
    let d = heads * width;
    #[unroll]
    for i in 0..OWN {
        let index = (CUBE_POS * OWN + i) * UNITS + UNIT_POS as usize;
        if index < number {
            let (from, is_there) = source(index, tokens, heads, width, pitch, 3usize);
            let mut of_q = F::new(0.0);
            let mut of_k = F::new(0.0);
            let mut of_v = F::new(0.0);
            if is_there {
                of_q = x[from];
                of_k = x[from + d];
                of_v = x[from + 2 * d];
            }
            q[index] = of_q;
            k[index] = of_k;
            v[index] = of_v;
        }
    }
}

/// Copies tokens to the matrices of their heads.
#[cube(launch_unchecked)]
pub(in crate::cube) fn split_one<F: Float>(
    x: &[F],
    matrices: &mut [F],
    number: usize,
    tokens: usize,
    heads: usize,
    width: usize,
    pitch: usize,
    #[define(F)] _dtype: ElemType,
) {
    #[unroll]
    for i in 0..OWN {
        let index = (CUBE_POS * OWN + i) * UNITS + UNIT_POS as usize;
        if index < number {
            let (from, is_there) = source(index, tokens, heads, width, pitch, 1usize);
            let mut value = F::new(0.0);
            if is_there {
                value = x[from];
            }
            matrices[index] = value;
        }
    }
}

/// Copies the matrices of queries, keys and values back to tokens; the inverse of [`split_three`].
#[cube(launch_unchecked)]
pub(in crate::cube) fn join_three<F: Float>(
    q: &[F],
    k: &[F],
    v: &[F],
    x: &mut [F],
    number: usize,
    tokens: usize,
    heads: usize,
    width: usize,
    pitch: usize,
    #[define(F)] _dtype: ElemType,
) {
    let d = heads * width;
    #[unroll]
    for i in 0..OWN {
        let index = (CUBE_POS * OWN + i) * UNITS + UNIT_POS as usize;
        if index < number {
            let (to, is_there) = source(index, tokens, heads, width, pitch, 3usize);
            if is_there {
                x[to] = q[index];
                x[to + d] = k[index];
                x[to + 2 * d] = v[index];
            }
        }
    }
}

/// Copies the matrices of heads back to tokens; the inverse of [`split_one`].
#[cube(launch_unchecked)]
pub(in crate::cube) fn join_one<F: Float>(
    matrices: &[F],
    x: &mut [F],
    number: usize,
    tokens: usize,
    heads: usize,
    width: usize,
    pitch: usize,
    #[define(F)] _dtype: ElemType,
) {
    #[unroll]
    for i in 0..OWN {
        let index = (CUBE_POS * OWN + i) * UNITS + UNIT_POS as usize;
        if index < number {
            let (to, is_there) = source(index, tokens, heads, width, pitch, 1usize);
            if is_there {
                x[to] = matrices[index];
            }
        }
    }
}

/// The matrices of queries, keys and values.
///
/// # Shapes
/// - `qkv`: `[pictures, tokens, 3 · heads · width]`, row-major
/// - outputs: `[pictures · heads, pitch, width]`
pub(super) fn split_qkv(qkv: CubeTensor, sizes: Sizes) -> [CubeTensor; 3] {
    let outputs = [(); 3].map(|()| beside(&qkv, sizes.matrices(), qkv.dtype));
    let [q, k, v] = outputs.clone();
    let (client, dtype, number) = (qkv.client.clone(), qkv.dtype, number(sizes));
    // SAFETY: the kernel checks indices and tokens against their numbers.
    unsafe {
        split_three::launch_unchecked(
            &client,
            cubes(number.div_ceil(OWN * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            qkv.into_buffer_arg(),
            q.into_buffer_arg(),
            k.into_buffer_arg(),
            v.into_buffer_arg(),
            number,
            sizes.tokens,
            sizes.heads,
            sizes.width,
            sizes.pitch(),
            elem_type(dtype),
        );
    }
    outputs
}

/// The matrices of tokens `[pictures, tokens, heads · width]`, row-major.
///
/// # Shapes
/// - output: `[pictures · heads, pitch, width]`
pub(super) fn split(x: CubeTensor, sizes: Sizes) -> CubeTensor {
    let matrices = beside(&x, sizes.matrices(), x.dtype);
    let (client, dtype, number) = (x.client.clone(), x.dtype, number(sizes));
    // SAFETY: as above.
    unsafe {
        split_one::launch_unchecked(
            &client,
            cubes(number.div_ceil(OWN * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            x.into_buffer_arg(),
            matrices.clone().into_buffer_arg(),
            number,
            sizes.tokens,
            sizes.heads,
            sizes.width,
            sizes.pitch(),
            elem_type(dtype),
        );
    }
    matrices
}

/// Queries, keys and values of tokens from their matrices; the inverse of [`split_qkv`].
pub(super) fn join_qkv([q, k, v]: [CubeTensor; 3], sizes: Sizes, dtype: DType) -> CubeTensor {
    let Sizes { pictures, tokens, heads, width } = sizes;
    let x = beside(&q, Shape::new([pictures, tokens, 3 * heads * width]), dtype);
    let (client, number) = (q.client.clone(), number(sizes));
    // SAFETY: as above.
    unsafe {
        join_three::launch_unchecked(
            &client,
            cubes(number.div_ceil(OWN * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            q.into_buffer_arg(),
            k.into_buffer_arg(),
            v.into_buffer_arg(),
            x.clone().into_buffer_arg(),
            number,
            tokens,
            heads,
            width,
            sizes.pitch(),
            elem_type(dtype),
        );
    }
    x
}

/// Tokens from the matrices of their heads; the inverse of [`split`].
pub(super) fn join(matrices: CubeTensor, sizes: Sizes) -> CubeTensor {
    let Sizes { pictures, tokens, heads, width } = sizes;
    let dtype = matrices.dtype;
    let x = beside(&matrices, Shape::new([pictures, tokens, heads * width]), dtype);
    let (client, number) = (matrices.client.clone(), number(sizes));
    // SAFETY: as above.
    unsafe {
        join_one::launch_unchecked(
            &client,
            cubes(number.div_ceil(OWN * UNITS)),
            CubeDim::new_1d(UNITS as u32),
            matrices.into_buffer_arg(),
            x.clone().into_buffer_arg(),
            number,
            tokens,
            heads,
            width,
            sizes.pitch(),
            elem_type(dtype),
        );
    }
    x
}

/// Number of values in the matrices of all heads.
fn number(sizes: Sizes) -> usize {
    sizes.matrices().num_elements()
}
