use std::cell::RefCell;
use std::convert::Infallible;

use rayon::prelude::*;
use sempairs_data::Picture;

use crate::{Plan, Scratch};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Renders views on all of rayon's threads into `N` buffers at a time, for example the left and the
/// right views of a batch of pairs.
///
/// `render(row, views, scratch)` is called once for every row in `0..rows`, in any order; `views`
/// are the slices of the row in each buffer. It usually calls
/// [`Pipeline::render`](crate::Pipeline::render).
///
/// # Shapes
///
/// - `buffers`: `[rows, length]`, flattened; each buffer may have another length, and an empty one
///   gives empty slices
///
/// # Errors
///
/// An error of `render`; rows that have not been started are then skipped.
///
/// # Panics
///
/// Panics if the length of a buffer is not a multiple of `rows`.
pub fn render_views<const N: usize, E: Send>(
    rows: usize,
    buffers: [&mut [f32]; N],
    render: impl Fn(usize, [&mut [f32]; N], &mut Scratch) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let lengths = buffers.each_ref().map(|buffer| {
        let length = buffer.len() / rows.max(1);
        assert_eq!(rows * length, buffer.len(), "the length of a buffer of {rows} rows");
        length
    });
    let mut rest = buffers;
    let views: Vec<[&mut [f32]; N]> = (0..rows)
        .map(|_| {
            let mut length = lengths.iter();
            rest.each_mut().map(|buffer| {
                let length = *length.next().expect("one length for each buffer");
                buffer.split_off_mut(..length).expect("the buffers have `rows` rows")
            })
        })
        .collect();
    views.into_par_iter().enumerate().try_for_each(|(row, views)| {
        // Taken out of its cell, since `render` may wait for other work of rayon's, and this thread
        // may render another row meanwhile.
        let mut scratch = SCRATCH.take();
        let rendered = render(row, views, &mut scratch);
        SCRATCH.set(scratch);
        rendered
    })
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
    let wanted = plans.len() * 3 * size * size;
    assert_eq!(out.len(), wanted, "values of {} views of {size}x{size} pixels", plans.len());
    let rendered: Result<(), Infallible> =
        render_views(plans.len(), [out], |row, [view], scratch| {
            plans[row].apply(&pictures[row], view, scratch);
            Ok(())
        });
    let Ok(()) = rendered;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_gets_its_slice_of_every_buffer() {
        let (mut one, mut two) = (vec![0.0; 6], vec![0.0; 3]);
        render_views(3, [&mut one, &mut two, &mut []], |row, [one, two, none], _| {
            assert!(none.is_empty());
            one.fill(row as f32);
            two.fill(10.0 + row as f32);
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(one, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(two, [10.0, 11.0, 12.0]);
        assert_eq!(render_views(3, [&mut one], |row, _, _| Err::<(), _>(row / 3)), Err(0));
        assert_eq!(render_views(0, [&mut []], |_, _, _| Err(())), Ok(()));
    }

    #[test]
    fn a_row_may_render_other_views_while_it_waits() {
        let mut outer = vec![0.0; 8];
        render_views(8, [&mut outer], |row, [view], _| {
            let mut inner = vec![0.0; 16];
            render_views(16, [&mut inner], |other, [view], _| {
                view.fill((row * other) as f32);
                Ok::<(), ()>(())
            })?;
            view.fill(inner.iter().sum());
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(outer, [0.0, 120.0, 240.0, 360.0, 480.0, 600.0, 720.0, 840.0]);
    }
}
