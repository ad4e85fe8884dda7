//! Loops compiled for the vector instructions of this CPU.

use pulp::{Arch, Simd, WithSimd};

/// Calls a closure compiled for the vector instructions of this CPU. The closure, and all that it
/// calls in a loop, must be `#[inline(always)]`.
///
/// [`Arch::dispatch`] does the same for a closure, but calls it by value: of a long closure the
/// compiler then leaves the body outside of the function with these instructions.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnMut() -> R) -> R {
    struct Work<F>(F);

    impl<R, F: FnMut() -> R> WithSimd for Work<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    Arch::new().dispatch(Work(work))
}
