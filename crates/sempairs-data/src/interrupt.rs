//! A request, made once for the whole process, that what is under way end early.
//!
//! Programs make it when a signal such as Ctrl-C's arrives. Whatever may take more than a moment -
//! listing a folder, decoding pictures, computing features, fitting a probe - [checks](check) for
//! it on the way, so that it ends with an error within about the time of a picture or of a pass
//! over the features, and leaves no half-written file. Training ends after its current step
//! instead, with a checkpoint.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::DataError;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Makes the request. It cannot be taken back.
pub fn request() {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// Whether it has been made.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// An error once the request has been made.
///
/// # Errors
///
/// [`DataError::Interrupted`].
pub fn check() -> Result<(), DataError> {
    if is_requested() { Err(DataError::Interrupted) } else { Ok(()) }
}
