//! Decoders that panic.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is caught by [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// The result of `work`, or of its panic the message, which is not printed: a decoder that fails on
/// a picture is that picture's fault and ends nothing else.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    silence();
    let outer = GUARDED.replace(true);
    // Nothing that `work` leaves half-done outlives it: it borrows the file's bytes and owns the
    // rest.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    result.unwrap_or_else(|payload| {
        Err(format!("the decoder cannot cope with this file: {}", message(&*payload)))
    })
}

/// Makes the process's panic hook pass over panics of guarded threads, and pass on all others.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // The value is gone where a thread is being torn down.
            if !GUARDED.try_with(Cell::get).unwrap_or(false) {
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
        let failed = guarded(|| Ok([1, 2, 3][length]));
        let message = failed.unwrap_err();
        assert!(message.contains("the decoder cannot cope"), "{message}");
        assert!(message.contains("index out of bounds"), "{message}");
        assert_eq!(guarded(|| Ok(1)), Ok(1));
        assert!(!GUARDED.get());
    }

    /// Runs in a process of its own, whose standard error the test below reads.
    #[test]
    fn panics_in_a_guard_and_outside() {
        if std::env::var_os("SEMPAIRS_TEST_GUARD").is_some() {
            let _ = guarded(|| -> Result<(), String> { panic!("inside") });
            let _ = panic::catch_unwind(|| panic!("outside"));
        }
    }

    #[test]
    fn a_caught_panic_prints_nothing_and_others_do() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "decode::guard::tests::panics_in_a_guard_and_outside"])
            .env("SEMPAIRS_TEST_GUARD", "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("outside") && !text.contains("inside"), "{text}");
    }
}
