//! Many tensors in one launch.
//!
//! A kernel cannot look an address up in a table, so each tensor is a binding of its own, and as many share a launch as
//! [`GROUP`] and the device allow. Every cube works on [`SHARE`] values of one of them, which it finds by going through the
//! list. Results are written one after another into one buffer, whose parts become tensors that share it.

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::launch::floats;
use super::products::UNITS;

/// Values of a tensor that a cube works on.
pub(super) const SHARE: usize = 16 * UNITS;
/// Tensors in a launch: with three buffers each, far below the 512 addresses that fit the 4 KiB of arguments every CUDA
/// device takes, and a kernel whose code is still short.
const GROUP: usize = 32;
/// More cubes than any launch has: the number of a cube that has found its tensor.
pub(super) const FOUND: usize = 0x7fff_ffff;

/// How many tensors of a list of `buffers` buffers each go into one launch, beside `outputs`.
pub(super) fn group(beside: &CubeTensor, buffers: usize, outputs: usize) -> usize {
    // One binding holds the scalars.
    let bindings = beside.client.properties().hardware.max_bindings as usize;
    (bindings.saturating_sub(outputs + 1) / buffers).clamp(1, GROUP)
}

/// Values at whose multiples a tensor may begin within a buffer.
pub(super) fn alignment(beside: &CubeTensor) -> usize {
    (beside.client.properties().memory.alignment as usize / size_of::<f32>()).max(1)
}

/// Cubes that a launch over these tensors takes.
pub(super) fn cubes(tensors: &[CubeTensor]) -> CubeCount {
    let number: usize = tensors.iter().map(|tensor| length(tensor).div_ceil(SHARE)).sum();
    CubeCount::Static(number as u32, 1, 1)
}

/// Numbers in a tensor.
pub(super) fn length(tensor: &CubeTensor) -> usize {
    tensor.meta.shape().num_elements()
}

/// The tensors as a kernel's list of buffers.
pub(super) fn buffers(tensors: &[CubeTensor]) -> SequenceArg<Box<[f32]>> {
    tensors.iter().map(|tensor| tensor.clone().into_buffer_arg()).collect()
}

/// A buffer with room for results of the lengths of these tensors, and the results as parts of it.
pub(super) fn results(like: &[CubeTensor]) -> (CubeTensor, Vec<CubeTensor>) {
    let alignment = alignment(&like[0]);
    let mut starts = vec![0];
    for tensor in like {
        starts.push(starts[starts.len() - 1] + length(tensor).next_multiple_of(alignment));
    }
    let total = starts[like.len()];
    let all = floats(&like[0], [total]);
    // The allocation may be larger than was asked for.
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

/// Where a cube goes on: the number of cubes before it in the tensors that are left.
#[cube]
pub(super) fn next(cube: usize, length: usize) -> usize {
    let cubes = length.div_ceil(SHARE);
    let mut left = FOUND.runtime();
    if cube >= cubes {
        left = cube - cubes;
    }
    left
}
