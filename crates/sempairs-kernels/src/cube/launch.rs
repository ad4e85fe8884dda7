//! Element types, output buffers and work partition of launches.

use burn::backend::cubecl::dtype_to_storage_type;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::prelude::{CubeCount, ElemType};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

/// Cubes that a launch should have at least where the work can be divided at will: about two for
/// each of the 108 multiprocessors of an A100.
pub(super) const CUBES: usize = 256;

/// The element type of a kernel's input.
pub(super) fn elem_type(dtype: DType) -> ElemType {
    dtype_to_storage_type(dtype)
}

/// An output of 32-bit floats beside a tensor.
pub(super) fn floats<const D: usize>(beside: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    empty(beside, shape, DType::F32)
}

/// An output of any type beside a tensor, row-major.
pub(super) fn empty<const D: usize>(
    beside: &CubeTensor,
    shape: [usize; D],
    dtype: DType,
) -> CubeTensor {
    self::beside(beside, Shape::new(shape), dtype)
}

/// An output of any shape and type beside a tensor, row-major.
pub(super) fn beside(tensor: &CubeTensor, shape: Shape, dtype: DType) -> CubeTensor {
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    empty_device_contiguous_dtype(client, device, shape, dtype)
}

/// At least this many cubes, as rows within the limit of every device: `CUBE_POS` numbers them, and
/// surplus cubes have no work.
pub(super) fn cubes(number: usize) -> CubeCount {
    /// WebGPU's limit is 65,535.
    const LONGEST: usize = 1 << 15;
    let lines = number.div_ceil(LONGEST).max(1);
    CubeCount::Static(number.div_ceil(lines) as u32, lines as u32, 1)
}

/// A row of tiles, split into chunks for different cubes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Number of chunks.
    pub(super) number: usize,
    /// Tiles per chunk; the last chunk may reach beyond the end.
    pub(super) tiles: usize,
}

impl Chunks {
    /// Chunks of `tiles`, each worked on by `cubes` cubes.
    pub(super) fn new(tiles: usize, cubes: usize) -> Self {
        Self::of(tiles, cubes, CUBES)
    }

    /// Chunks of `tiles`, each worked on by `cubes` cubes, of which there should be `all` together.
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
