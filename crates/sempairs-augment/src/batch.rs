use std::cell::RefCell;

use rayon::prelude::*;
use sempairs_data::Picture;

use crate::{Plan, Scratch};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Makes the views of many pictures on all of rayon's threads; each view is what
/// [`Plan::apply`] makes of it.
///
/// # Shapes
///
/// - `out`: `[views, 3, S, S]`, flat
///
/// # Panics
///
/// If there are not as many pictures as plans, if the plans differ in size, or if `out` has another
/// length.
pub fn apply_batch(plans: &[Plan], pictures: &[Picture<'_>], out: &mut [f32]) {
    assert_eq!(plans.len(), pictures.len(), "a plan for each picture");
    let Some(size) = plans.first().map(Plan::size) else {
        return assert!(out.is_empty(), "no views, but {} numbers for them", out.len());
    };
    let length = 3 * size * size;
    assert_eq!(
        out.len(),
        plans.len() * length,
        "numbers of {} views of {size}x{size}",
        plans.len()
    );
    let views = out.par_chunks_exact_mut(length);
    views.zip(plans.par_iter().zip(pictures)).for_each(|(view, (plan, picture))| {
        SCRATCH.with_borrow_mut(|scratch| plan.apply(picture, view, scratch));
    });
}
