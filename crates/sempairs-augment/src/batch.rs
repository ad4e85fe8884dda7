use std::cell::RefCell;

use rayon::prelude::*;
use sempairs_data::Picture;

use crate::{Plan, Scratch};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Makes a batch of views on all of rayon's threads. Each view equals the result of
/// [`Plan::apply`].
///
/// # Shapes
///
/// - `out`: `[views, 3, S, S]`, flattened
///
/// # Panics
///
/// Panics if the numbers of pictures and plans differ, if the plans differ in size, or if `out` has
/// the wrong length.
pub fn apply_batch(plans: &[Plan], pictures: &[Picture<'_>], out: &mut [f32]) {
    assert_eq!(plans.len(), pictures.len(), "there must be one plan for each picture");
    let Some(size) = plans.first().map(Plan::size) else {
        return assert!(out.is_empty(), "there are no views for {} values", out.len());
    };
    let length = 3 * size * size;
    assert_eq!(
        out.len(),
        plans.len() * length,
        "values of {} views of {size}x{size} pixels",
        plans.len()
    );
    let views = out.par_chunks_exact_mut(length);
    views.zip(plans.par_iter().zip(pictures)).for_each(|(view, (plan, picture))| {
        SCRATCH.with_borrow_mut(|scratch| plan.apply(picture, view, scratch));
    });
}
