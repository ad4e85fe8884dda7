//! Once the largest view has been made, making views allocates no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use sempairs_augment::{Augmentation, Scratch};
use sempairs_data::{Key, Picture, Side};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is forwarded to the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: guaranteed by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// The only test of this file, since allocations of other threads would be counted too.
#[test]
fn views_after_the_first_round_allocate_nothing() {
    let picture = Picture::new(120, 90, vec![77; 3 * 120 * 90]);
    let plans: Vec<_> = [Augmentation::Paper, Augmentation::Byol, Augmentation::CenterCrop]
        .iter()
        .flat_map(|preset| preset.pipelines(64))
        .flat_map(|pipeline| {
            (0..50).map(move |number| {
                let key = Key { seed: 0, epoch: 0, picture: number, side: Side::Left };
                pipeline.plan(120, 90, key)
            })
        })
        .collect();
    let mut view = vec![0.0; 3 * 64 * 64];
    let mut scratch = Scratch::default();
    let mut round = || {
        let before = COUNT.load(Ordering::Relaxed);
        plans.iter().for_each(|plan| plan.apply(&picture, &mut view, &mut scratch));
        COUNT.load(Ordering::Relaxed) - before
    };
    assert!(round() > 0, "the allocator counts nothing");
    assert_eq!(round(), 0);
}
