//! Lines for people, on standard error and standard output.
//!
//! Writing them never ends the work that they tell of: a log's disk may be full, a terminal closed,
//! or the reader of a pipe gone. So no crate here uses `println!` and `eprintln!`, which panic
//! then.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

/// The first error of standard output other than a closed pipe.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes a line to standard error: notes and progress. It takes what `format!` takes. A line that
/// cannot be written is dropped.
#[macro_export]
macro_rules! note {
    ($($part:tt)*) => { $crate::output::write_note(format_args!($($part)*)) };
}

/// Writes a line to standard output: results. It takes what `format!` takes. A line that cannot be
/// written is dropped; [`lost`](crate::output::lost) tells at the end.
#[macro_export]
macro_rules! say {
    ($($part:tt)*) => { $crate::output::write_result(format_args!($($part)*)) };
}

/// What [`note!`](crate::note) does.
pub fn write_note(line: Arguments<'_>) {
    // In one piece, so that lines of several processes in one log do not mix.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// What [`say!`](crate::say) does.
pub fn write_result(line: Arguments<'_>) {
    let mut out = io::stdout().lock();
    let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Why results did not reach standard output, if any was lost. A reader who has closed the pipe, as
/// `head` does, has lost nothing that it wanted.
pub fn lost() -> Option<io::Error> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).take()
}
