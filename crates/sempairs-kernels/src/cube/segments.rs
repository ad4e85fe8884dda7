//! Many tensors in one launch.
//!
//! CubeCL exposes no device addresses, so a kernel cannot read a table of pointers. Instead each
//! tensor is a separate binding, and a launch processes a bin of as many tensors as [`GROUP`] and
//! the device allow. Each cube processes [`SHARE`] values of one tensor, which it finds by walking
//! the list. Results are written consecutively into one buffer that the result tensors share.

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::floats;
use super::matmul_tile::UNITS;

/// Number of values per cube.
pub(super) const SHARE: usize = 16 * UNITS;
/// Maximum tensors per launch. With four buffers each they are far below the 512 addresses that fit
/// into the 4 KiB of kernel arguments of every CUDA device, and the kernel's code stays small.
const GROUP: usize = 32;
/// Marks a cube that has found its tensor: more cubes than any launch has.
pub(super) const FOUND: usize = 0x7fff_ffff;

/// Number of tensors per launch, for `buffers` input buffers per tensor and `outputs` output
/// buffers.
pub(super) fn group(beside: &CubeTensor, buffers: usize, outputs: usize) -> usize {
    // One binding holds the scalars.
    let bindings = beside.client.properties().hardware.max_bindings as usize;
    (bindings.saturating_sub(outputs + 1) / buffers).clamp(1, GROUP)
}

/// Alignment of a tensor within a buffer, in values.
pub(super) fn alignment(beside: &CubeTensor) -> usize {
    (beside.client.properties().memory.alignment as usize / size_of::<f32>()).max(1)
}

/// Number of cubes of a launch over these tensors.
pub(super) fn cubes(tensors: &[CubeTensor]) -> CubeCount {
    let number: usize = tensors.iter().map(|tensor| length(tensor).div_ceil(SHARE)).sum();
    CubeCount::Static(number as u32, 1, 1)
}

/// Number of elements of a tensor.
pub(super) fn length(tensor: &CubeTensor) -> usize {
    tensor.meta.shape().num_elements()
}

/// The tensors as a list of buffers of a kernel.
pub(super) fn buffers(tensors: &[CubeTensor]) -> SequenceArg<Box<[f32]>> {
    tensors.iter().map(|tensor| tensor.clone().into_buffer_arg()).collect()
}

/// A buffer for results of the lengths of `like`, and the results as tensors that share it.
pub(super) fn results(like: &[CubeTensor]) -> (CubeTensor, Vec<CubeTensor>) {
    let alignment = alignment(&like[0]);
    let mut starts = vec![0];
    for tensor in like {
        starts.push(starts[starts.len() - 1] + length(tensor).next_multiple_of(alignment));
    }
    let total = starts[like.len()];
    let all = floats(&like[0], [total]);
    // The allocation may be larger than requested.
    let bytes = |numbers: usize| (numbers * size_of::<f32>()) as u64;
    let beyond = all.handle.size_in_used() - bytes(total);
    let part = |(tensor, start): (&CubeTensor, &usize)| {
        let end = start + length(tensor);
        let handle = all.handle.clone().offset_start(bytes(*start));
        let handle = handle.offset_end(beyond + bytes(total - end));
        let (client, device) = (all.client.clone(), all.device.clone());
        let shape = Shape::new([length(tensor)]);
        CubeTensor::new_contiguous(client, device, shape, handle, DType::F32)
    };
    let parts = like.iter().zip(&starts).map(part).collect();
    (all, parts)
}

/// Index of the cube relative to the next tensor, after a tensor of this length.
#[cube]
pub(super) fn next(cube: usize, length: usize) -> usize {
    let cubes = length.div_ceil(SHARE);
    let mut left = FOUND.runtime();
    if cube >= cubes {
        left = cube - cubes;
    }
    left
}
