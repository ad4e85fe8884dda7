//! Handling of SIGINT (Ctrl-C), SIGTERM and SIGHUP.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI32, Ordering};

use burn_train::Interrupter;
use sempairs_data::interrupt;
use sempairs_internal::{note, output};
use sempairs_train::terminal;

use crate::Error;

/// Number of the signal that Ctrl-C sends.
const SIGINT: i32 = 2;

/// Number of the first signal received; 0 if none was.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// Installs a handler for SIGINT (Ctrl-C), SIGTERM (batch systems and containers) and SIGHUP
/// (closed terminals). The first signal requests a stop: runs with `interrupter` stop after their
/// current step, with a checkpoint, and [other work](interrupt) stops as soon as possible. A second
/// Ctrl-C ends the process immediately; repeated SIGTERM and SIGHUP are ignored. SIGHUP stays
/// ignored under `nohup`.
///
/// # Errors
/// [`Error::Signal`] if the handler cannot be installed, or was installed before.
pub fn stop_on_signals(interrupter: &Interrupter) -> Result<(), Error> {
    let interrupter = interrupter.clone();
    listen(move |signal| handle(signal, &interrupter))
}

#[cfg(unix)]
fn listen(mut on_signal: impl FnMut(i32) + Send + 'static) -> Result<(), Error> {
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::iterator::Signals;

    static SET: AtomicBool = AtomicBool::new(false);
    if SET.swap(true, Ordering::Relaxed) {
        return Err(Error::Signal("it is already installed".into()));
    }
    let mut wanted = vec![SIGINT, SIGTERM];
    if !terminal::hang_up_is_ignored() {
        wanted.push(SIGHUP);
    }
    let refused = |error: std::io::Error| Error::Signal(error.to_string());
    let mut signals = Signals::new(wanted).map_err(refused)?;
    let forever = move || signals.forever().for_each(&mut on_signal);
    std::thread::Builder::new().name("signals".into()).spawn(forever).map_err(refused)?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(mut on_signal: impl FnMut(i32) + Send + 'static) -> Result<(), Error> {
    ctrlc::set_handler(move || on_signal(SIGINT)).map_err(|error| Error::Signal(error.to_string()))
}

fn handle(signal: i32, interrupter: &Interrupter) {
    let again = interrupter.should_stop() || interrupt::is_requested();
    // The request is made first, since the other operations may block or fail.
    interrupt::request();
    let _ = FIRST.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed);
    if again && signal == SIGINT {
        terminal::give_back();
        std::process::exit(128 + SIGINT);
    }
    if !again {
        interrupter.stop(Some("a signal"));
        note!("stopping; Ctrl-C again ends the process immediately");
    }
}

/// Returns the exit code for a result, and prints the error, if any, on standard error. An
/// interrupted run returns the code that a shell reports for a process ended by the signal: 130
/// after Ctrl-C (or `q` in the dashboard), 143 after SIGTERM, 129 after SIGHUP.
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
