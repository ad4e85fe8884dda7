//! Catching of panics in other crates, such as decoders.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether [`caught`] is active on this thread.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` and returns its result, or the message of its panic, which is not printed. A decoder
/// that panics on a damaged file can thus be treated as an error for that file.
///
/// A panic hook is installed once. It ignores panics of `work` on the calling thread, and passes
/// all others on to the previous hook. A panic may leave data in an inconsistent state, so `work`
/// should own all data that it modifies.
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

/// Installs a panic hook that ignores panics under [`caught`] and passes on all others.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // The thread-local value is not available while a thread is being torn down.
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
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_returned_as_an_error_and_later_calls_work() {
        let length = std::hint::black_box(3);
        let message = caught(|| [1, 2, 3][length]).unwrap_err();
        assert!(message.contains("index out of bounds"), "{message}");
        assert_eq!(caught(|| 1), Ok(1));
        assert!(!CAUGHT.get());
    }

    #[test]
    #[ignore = "run as a child process by `a_caught_panic_prints_nothing_and_others_do`"]
    fn panics_that_are_caught_here_and_elsewhere() {
        let _ = caught::<()>(|| panic!("inside"));
        let _ = panic::catch_unwind(|| panic!("outside"));
    }

    #[test]
    fn a_caught_panic_prints_nothing_and_others_do() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--nocapture", "--exact"])
            .arg("caught::tests::panics_that_are_caught_here_and_elsewhere")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("outside") && !text.contains("inside"), "{text}");
    }
}
