//! Signals that ask the process to end: Ctrl-C's, SIGTERM and SIGHUP.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};

use burn_train::Interrupter;
use sempairs_data::interrupt;
use sempairs_internal::{note, output};
use sempairs_train::terminal;

use crate::Error;

/// The signal of Ctrl-C.
const SIGINT: i32 = 2;

/// The first signal that arrived; 0 for none.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// Makes the signals of Ctrl-C, of batch systems and containers (SIGTERM) and of closed terminals
/// (SIGHUP) ask what is under way to end: `interrupter`'s runs after their current step, with a
/// checkpoint, and [all else](interrupt) as soon as it can. A second Ctrl-C ends the process at
/// once; other signals may be sent twice, as a closing terminal's is, without harm. Under `nohup`
/// SIGHUP stays ignored.
///
/// # Errors
///
/// [`Error::Signal`] if a handler cannot be set, or is set already: a process has one.
pub fn stop_on_signals(interrupter: &Interrupter) -> Result<(), Error> {
    let interrupter = interrupter.clone();
    listen(move |signal| arrived(signal, &interrupter))
}

#[cfg(unix)]
fn listen(mut arrived: impl FnMut(i32) + Send + 'static) -> Result<(), Error> {
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::iterator::Signals;

    static SET: AtomicBool = AtomicBool::new(false);
    if SET.swap(true, Ordering::Relaxed) {
        return Err(Error::Signal("they are handled already".into()));
    }
    let mut wanted = vec![SIGINT, SIGTERM];
    if !terminal::hang_up_is_ignored() {
        wanted.push(SIGHUP);
    }
    let refused = |error: std::io::Error| Error::Signal(error.to_string());
    let mut signals = Signals::new(wanted).map_err(refused)?;
    let forever = move || signals.forever().for_each(&mut arrived);
    std::thread::Builder::new().name("signals".into()).spawn(forever).map_err(refused)?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(mut arrived: impl FnMut(i32) + Send + 'static) -> Result<(), Error> {
    ctrlc::set_handler(move || arrived(SIGINT)).map_err(|error| Error::Signal(error.to_string()))
}

fn arrived(signal: i32, interrupter: &Interrupter) {
    let again = interrupter.should_stop() || interrupt::is_requested();
    // The request comes first: whatever else is done here may wait, or fail.
    interrupt::request();
    let _ = FIRST.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
    if again && signal == SIGINT {
        terminal::give_back();
        std::process::exit(128 + SIGINT);
    }
    if !again {
        interrupter.stop(Some("a signal"));
        note!("stopping; Ctrl-C again ends at once");
    }
}

/// The end of a program: says on standard error what went wrong, if anything, and returns the code
/// to exit with. For a run that was stopped that is what a shell reports of a process that the
/// signal has ended: 130 after Ctrl-C (or `q` in the dashboard), 143 after SIGTERM, 129 after
/// SIGHUP.
pub fn exit_code(result: Result<(), Error>) -> ExitCode {
    match (result, output::lost()) {
        (Ok(()), None) => ExitCode::SUCCESS,
        (Ok(()), Some(lost)) => {
            note!("error: standard output: {lost}");
            ExitCode::FAILURE
        }
        (Err(error), _) => {
            note!("error: {error}");
            match (error.is_interruption(), FIRST.load(Ordering::Relaxed)) {
                (false, _) => ExitCode::FAILURE,
                (true, 0) => ExitCode::from(128 + SIGINT as u8),
                (true, signal) => ExitCode::from(128 + signal as u8),
            }
        }
    }
}
