//! An allocator that knows how much is taken, and that has an end.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Beyond this there is no memory.
const END: usize = 4 << 30;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

pub struct Counted;

// SAFETY: everything is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        taking(layout.size(), || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        taking(layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
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

/// Forgets the peak; what is taken now counts as nothing.
pub fn reset() -> usize {
    let taken = TAKEN.load(Relaxed);
    PEAK.store(taken, Relaxed);
    taken
}

/// The most that was taken since the [`reset`] that gave `before`.
pub fn peak_since(before: usize) -> usize {
    PEAK.load(Relaxed).saturating_sub(before)
}
