//! Element types, output buffers and work partition of launches.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::prelude::{CubeCount, ElemType};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

/// Target number of cubes of a launch whose work can be divided freely: about two for each of the
/// 108 multiprocessors of an A100.
pub(super) const CUBES: usize = 256;

/// The element type of a kernel's input.
pub(super) fn elem_type(dtype: DType) -> ElemType {
    dtype_to_storage_type(dtype)
}

/// An uninitialised row-major tensor of 32-bit floats on the device of another.
pub(super) fn floats<const D: usize>(beside: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    empty(beside, shape, DType::F32)
}

/// An uninitialised row-major tensor on the device of another.
pub(super) fn empty<const D: usize>(
    beside: &CubeTensor,
    shape: [usize; D],
    dtype: DType,
) -> CubeTensor {
    self::beside(beside, Shape::new(shape), dtype)
}

/// [`empty`] for a shape whose rank is known at run time only.
pub(super) fn beside(tensor: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    empty_device_contiguous_dtype(client, device, shape, dtype)
}

/// A launch of at least `number` cubes, arranged in two dimensions that respect the limit of every
/// device. Kernels use the linear index `CUBE_POS`; surplus cubes have no work.
pub(super) fn cubes(number: usize) -> CubeCount {
    /// Cubes per row; WebGPU's limit is 65,535.
    const LONGEST: usize = 1 << 15;
    let lines = number.div_ceil(LONGEST).max(1);
    CubeCount::Static(number.div_ceil(lines) as u32, lines as u32, 1)
}

/// Partition of a row of tiles into chunks that different cubes process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Number of chunks.
    pub(super) number: usize,
    /// Tiles per chunk; the last chunk may reach beyond the end.
    pub(super) tiles: usize,
}

impl Chunks {
    /// Splits `tiles` into chunks of which each is processed by `cubes` cubes.
    pub(super) fn new(tiles: usize, cubes: usize) -> Self {
        Self::of(tiles, cubes, CUBES)
    }

    /// Splits `tiles` into chunks of which each is processed by `cubes` cubes, so that a launch has
    /// about `all` cubes.
    pub(super) fn of(tiles: usize, cubes: usize, all: usize) -> Self {
        let wanted = all.div_ceil(cubes).clamp(1, tiles);
        let length = tiles.div_ceil(wanted);
        Self { number: tiles.div_ceil(length), tiles: length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_tile_and_none_is_empty() {
        for tiles in 1..70 {
            for cubes in [1, 3, 8, 100, 1000] {
                let Chunks { number, tiles: length } = Chunks::new(tiles, cubes);
                assert!(number * length >= tiles && (number - 1) * length < tiles);
                assert!(number == 1 || (number - 1) * cubes < CUBES);
            }
        }
    }
}
