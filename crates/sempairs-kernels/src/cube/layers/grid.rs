//! Partition of channels-last feature maps into cubes.
//!
//! Feature maps are viewed as a matrix `[rows, channels]`, whose rows are the positions of all
//! images. A unit processes a vector of adjacent channels in several rows.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::super::launch::{self, CUBES, Chunks};
use super::super::matmul_tile::UNITS;

/// Target number of cubes of a memory-bound pass over all values: about nine for each of the 108
/// multiprocessors of an A100, to hide memory latency.
const MANY: usize = 4 * CUBES;
/// Minimum rows per unit.
const LEAST: usize = 4;
/// Maximum units of a cube along a row.
const WIDEST: usize = 32;

/// Partition of a matrix `[rows, channels]` into blocks of columns and chunks of rows; a cube
/// processes one chunk of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// Rows of the matrix.
    pub(super) rows: usize,
    /// Channels in a vector.
    pub(super) vector: usize,
    /// Vectors in a row.
    pub(super) vectors: usize,
    /// Units of a cube along a row, one vector each; a power of two.
    pub(super) width: usize,
    /// Chunks of rows.
    pub(super) chunks: usize,
    /// Rows per chunk; the last chunk may reach beyond the end.
    pub(super) rows_of_chunk: usize,
}

impl Grid {
    /// The partition of a row-major tensor `[.., channels]`.
    pub(super) fn over(maps: &CubeTensor) -> Self {
        let shape = maps.meta.shape();
        let channels = shape[shape.len() - 1];
        let rows = shape.num_elements() / channels;
        let vector = vector(maps, channels);
        Self::new(rows, channels / vector, vector)
    }

    fn new(rows: usize, vectors: usize, vector: usize) -> Self {
        let width = vectors.next_power_of_two().min(WIDEST);
        let blocks = vectors.div_ceil(width);
        let tile = LEAST * UNITS / width;
        let Chunks { number, tiles } = Chunks::of(rows.div_ceil(tile), blocks, MANY);
        Self { rows, vector, vectors, width, chunks: number, rows_of_chunk: tiles * tile }
    }

    /// Channels of the matrix.
    pub(super) fn channels(&self) -> usize {
        self.vectors * self.vector
    }

    /// Cubes of a launch, one per block of columns and chunk of rows.
    pub(super) fn cubes(&self) -> CubeCount {
        let blocks = self.vectors.div_ceil(self.width);
        CubeCount::Static(blocks as u32, self.chunks as u32, 1)
    }

    /// Units of a cube along a row and along a column.
    pub(super) fn units(&self) -> CubeDim {
        CubeDim::new_2d(self.width as u32, (UNITS / self.width) as u32)
    }
}

/// Cubes of a launch of at least `units` units with linear indices.
pub(super) fn cubes(units: usize) -> CubeCount {
    launch::cubes(units.div_ceil(UNITS))
}

/// Linear index of a unit within the launch.
#[cube]
pub(super) fn number_of_unit() -> usize {
    CUBE_POS * UNITS + UNIT_POS as usize
}

/// Number of values per vector load: the device's preferred size that divides `row` evenly.
pub(super) fn vector(tensor: &CubeTensor, row: usize) -> usize {
    let mut sizes = tensor.client.io_optimized_vector_sizes(tensor.dtype.size());
    sizes.find(|size| row.is_multiple_of(*size)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_and_column_is_covered() {
        for rows in [1, 3, 255, 4097, 131_072] {
            for vectors in [1, 2, 5, 8, 33, 256] {
                let grid = Grid::new(rows, vectors, 8);
                assert!(grid.width.is_power_of_two() && UNITS.is_multiple_of(grid.width));
                assert!(grid.chunks * grid.rows_of_chunk >= rows);
                assert!((grid.chunks - 1) * grid.rows_of_chunk < rows, "an empty chunk");
                assert!(grid.chunks <= MANY);
            }
        }
    }
}
