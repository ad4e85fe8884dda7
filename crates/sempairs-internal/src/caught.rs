//! Panics of code that is not this project's.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught by [`caught`].
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// The result of `work`, or the message of its panic, of which nothing is printed: a reader that
/// fails on a file is that file's fault and ends nothing else.
///
/// A panic hook, set once, passes over the panics of `work` on the calling thread and passes all
/// others on to the hook that was there. What a panic leaves half-done must not outlive `work`: it
/// had best own what it changes.
///
/// # Errors
///
/// The panic's message.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    silence();
    let outer = CAUGHT.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(outer);
    result.map_err(|payload| message(&*payload).to_owned())
}

/// Makes the process's panic hook pass over panics that are caught here, and pass on all others.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // The value is gone where a thread is being torn down.
            if !CAUGHT.try_with(Cell::get).unwrap_or(false) {
                hook(info);
            }
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no reason is given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_call_is_as_good_as_the_first() {
        let length = std::hint::black_box(3);
        let message = caught(|| [1, 2, 3][length]).unwrap_err();
        assert!(message.contains("index out of bounds"), "{message}");
        assert_eq!(caught(|| 1), Ok(1));
        assert!(!CAUGHT.get());
    }

    /// Runs in a process of its own, whose standard error the test below reads.
    #[test]
    fn panics_that_are_caught_here_and_elsewhere() {
        if std::env::var_os("SEMPAIRS_TEST_CAUGHT").is_some() {
            let _ = caught::<()>(|| panic!("inside"));
            let _ = panic::catch_unwind(|| panic!("outside"));
        }
    }

    #[test]
    fn a_caught_panic_prints_nothing_and_others_do() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture"])
            .arg("caught::tests::panics_that_are_caught_here_and_elsewhere")
            .env("SEMPAIRS_TEST_CAUGHT", "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("outside") && !text.contains("inside"), "{text}");
    }
}
