//! Buffers for results.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty, Bytes};

/// Alignment in bytes: a cache line, so that no vector of 512 bits lies in two.
const ALIGNMENT: usize = 64;

/// Floats aligned to a cache line, the storage of a result.
///
/// Unlike those of a `Vec`, they need not be zeroed before they are written: for the feature maps
/// of a network that takes as long as some of its layers.
pub(super) struct Buffer {
    /// First byte of the allocation.
    allocation: NonNull<u8>,
    start: NonNull<f32>,
    length: usize,
}

// SAFETY: a buffer is owned memory.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// A buffer of unspecified contents, for an operation that writes all of them.
    pub fn new(length: usize) -> Self {
        if length == 0 {
            return Self { allocation: NonNull::dangling(), start: NonNull::dangling(), length };
        }
        let layout = Self::layout(length);
        // SAFETY: the layout is not empty.
        let allocation = unsafe { alloc(layout) };
        let allocation = NonNull::new(allocation).unwrap_or_else(|| handle_alloc_error(layout));
        let offset = allocation.align_offset(ALIGNMENT);
        // SAFETY: the allocation is longer than the floats by the alignment.
        let start = unsafe { allocation.add(offset) }.cast();
        initialise(start, length);
        Self { allocation, start, length }
    }

    /// A buffer of zeros.
    pub fn zeroed(length: usize) -> Self {
        let mut buffer = Self::new(length);
        buffer.fill(0.0);
        buffer
    }

    /// The buffer as storage of a tensor.
    pub fn into_bytes(self) -> Bytes {
        let length = self.length * size_of::<f32>();
        // SAFETY: the floats of the buffer are initialised, and the controller owns it.
        unsafe { Bytes::from_controller(Box::new(self), length) }
    }

    /// The layout of the allocation. It is aligned by hand, since the allocator of glibc does not
    /// use freed memory again for allocations with a larger alignment than usual: with them a
    /// ResNet-18 takes a third more memory.
    fn layout(length: usize) -> Layout {
        let layout = Layout::array::<f32>(length + ALIGNMENT / size_of::<f32>());
        layout.expect("a buffer that fits the address space")
    }
}

/// Makes newly allocated floats count as initialised, with unspecified values.
#[cfg(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64")))]
fn initialise(start: NonNull<f32>, _: usize) {
    // SAFETY: to the compiler this may have written any values to the memory, which it keeps.
    unsafe {
        std::arch::asm!("/* {0} */", in(reg) start.as_ptr(), options(nostack, preserves_flags));
    }
}

#[cfg(not(all(not(miri), any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn initialise(start: NonNull<f32>, length: usize) {
    // SAFETY: this many floats were allocated.
    unsafe { start.as_ptr().write_bytes(0, length) };
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: allocated with this layout, and nothing else owns it.
            unsafe { dealloc(self.allocation.as_ptr(), Self::layout(self.length)) };
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `length` initialised floats.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the buffer is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl AllocationController for Buffer {
    /// That of a float: a copy of the bytes gets this alignment, of which Burn allows at most 16.
    fn alloc_align(&self) -> usize {
        align_of::<f32>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(
        &mut self,
        _: AccessPolicy,
    ) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let (start, length) = (self.start.as_ptr(), self.length * size_of::<f32>());
        // SAFETY: the buffer has these bytes; the caller writes only initialised ones.
        Ok(unsafe { std::slice::from_raw_parts_mut(start.cast(), length) })
    }

    fn memory(&self, _: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let (start, length) = (self.start.as_ptr(), self.length * size_of::<f32>());
        // SAFETY: the buffer has these bytes.
        Ok(unsafe { std::slice::from_raw_parts(start.cast(), length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_and_its_bytes_are_its_floats() {
        for length in [0, 1, 100, 5000] {
            let mut buffer = Buffer::zeroed(length);
            assert!(length == 0 || buffer.as_ptr().addr().is_multiple_of(ALIGNMENT));
            for (i, value) in buffer.iter_mut().enumerate() {
                *value += i as f32;
            }
            let floats: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let bytes = buffer.into_bytes();
            assert_eq!(bytes.len(), size_of_val(&floats[..]));
            // It is not the memory of a `Vec`, so it is copied.
            assert!(bytes.clone()[..] == Bytes::from_elems(floats)[..]);
            assert!(length == 0 || bytes.try_into_vec::<f32>().is_err());
        }
    }
}
