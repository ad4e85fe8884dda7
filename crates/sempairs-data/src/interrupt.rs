//! Process-wide request to stop a long operation early.
//!
//! A program requests a stop when it receives a signal, such as that of Ctrl-C. Long operations
//! (listing a folder, decoding pictures, computing features, fitting a probe) call [`check`]
//! regularly. They then return an error within about the time needed for one picture or one pass
//! over the features, and leave no incomplete file. Training stops after its current step instead,
//! and writes a checkpoint.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::DataError;

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Requests that long operations stop. The request cannot be withdrawn.
pub fn request() {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// Returns true if a stop was requested.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Returns an error if a stop was requested.
///
/// # Errors
///
/// [`DataError::Interrupted`] if a stop was requested.
pub fn check() -> Result<(), DataError> {
    if is_requested() { Err(DataError::Interrupted) } else { Ok(()) }
}
