//! Allocator that tracks the allocated memory and enforces a limit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Limit beyond which allocations fail, in bytes.
const END: usize = 4 << 30;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

pub struct Counted;

// SAFETY: all calls are forwarded to the system allocator.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of this method.
        taking(layout.size(), || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of this method.
        taking(layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller upholds the contract of this method.
        let new = taking(size, || unsafe { System.realloc(pointer, layout, size) });
        if !new.is_null() {
            TAKEN.fetch_sub(layout.size(), Relaxed);
        }
        new
    }
}

fn taking(size: usize, allocate: impl FnOnce() -> *mut u8) -> *mut u8 {
    let taken = TAKEN.fetch_add(size, Relaxed).saturating_add(size);
    let pointer = if taken > END { std::ptr::null_mut() } else { allocate() };
    if pointer.is_null() {
        TAKEN.fetch_sub(size, Relaxed);
    } else {
        PEAK.fetch_max(taken, Relaxed);
    }
    pointer
}

/// Resets the peak to the memory allocated now, and returns that amount.
pub fn reset() -> usize {
    let taken = TAKEN.load(Relaxed);
    PEAK.store(taken, Relaxed);
    taken
}

/// Peak allocation since the [`reset`] that returned `before`, in excess of `before`.
pub fn peak_since(before: usize) -> usize {
    PEAK.load(Relaxed).saturating_sub(before)
}
