//! Lines of text on standard error and standard output.
//!
//! A failure to write them, for example because a disk is full, a terminal was closed or the reader
//! of a pipe has ended, must not stop the program. The crates therefore do not use `println!` and
//! `eprintln!`, which panic in this case.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use crate::progress::above_status;

/// The first error of standard output, other than a closed pipe.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes a line to standard error, for notes and progress. The arguments are those of `format!`. A
/// line that cannot be written is dropped.
#[macro_export]
macro_rules! note {
    ($($part:tt)*) => { $crate::output::write_note(format_args!($($part)*)) };
}

/// Writes a line to standard output, for results. The arguments are those of `format!`. A line that
/// cannot be written is dropped; [`lost`](crate::output::lost) returns the error later.
#[macro_export]
macro_rules! say {
    ($($part:tt)*) => { $crate::output::write_result(format_args!($($part)*)) };
}

/// Implementation of [`note!`](crate::note).
pub fn write_note(line: Arguments<'_>) {
    let line = format!("{line}\n");
    // A single write, so that lines of several processes in the same log do not mix.
    let _ = above_status(|| io::stderr().write_all(line.as_bytes()));
}

/// Implementation of [`say!`](crate::say).
pub fn write_result(line: Arguments<'_>) {
    let mut out = io::stdout().lock();
    let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// The error because of which results could not be written to standard output, if any. A closed
/// pipe, as left by `head`, is not an error.
pub fn lost() -> Option<io::Error> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
