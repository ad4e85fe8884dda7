//! The terminal while a dashboard has it.
//!
//! burn-train's dashboard switches the terminal to raw mode, in which Ctrl-C is a key without a
//! meaning, and panics in a thread of its own when the terminal is gone; a panic that cannot be
//! told on standard error ends the process. Here Ctrl-C keeps its meaning, standard error takes
//! whatever is written to it, and a process that has to end at once can put the terminal back
//! first.

#[cfg(unix)]
pub(crate) use on_unix::Taken;
#[cfg(unix)]
pub use on_unix::{give_back, hang_up_is_ignored, is_usable};

#[cfg(not(unix))]
pub(crate) use elsewhere::Taken;
#[cfg(not(unix))]
pub use elsewhere::{give_back, hang_up_is_ignored, is_usable};

#[cfg(unix)]
mod on_unix {
    use std::io::{IsTerminal, Read, Write, pipe, stderr, stdout};
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::{Mutex, PoisonError, mpsc};
    use std::thread::{self, JoinHandle};
    use std::time::{Duration, Instant};

    use nix::libc;
    use nix::sys::termios::{
        LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
    };
    use nix::unistd::{dup2_stderr, getpgrp, tcgetpgrp, write};

    /// For how long the dashboard may take to switch the terminal to raw mode.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Shows the cursor, takes no clicks, leaves the second screen: what the dashboard does when it
    /// ends.
    const NORMAL: &[u8] =
        b"\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1049l\x1b[?25h";

    /// The modes of the terminal before a dashboard took it.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// A terminal that a dashboard has, until it is dropped.
    pub(crate) struct Taken {
        _stderr: Option<Forwarded>,
    }

    impl Taken {
        /// Lets `start` start a dashboard, which it may do in another thread.
        pub(crate) fn by<T>(start: impl FnOnce() -> T) -> (T, Self) {
            let taken = Self { _stderr: Forwarded::start().ok() };
            let Ok(before) = tcgetattr(stdout()) else { return (start(), taken) };
            *lock(&BEFORE) = Some(before.clone());
            let dashboard = start();
            if !before.local_flags.contains(LocalFlags::ICANON) {
                return (dashboard, taken);
            }
            let begun = Instant::now();
            while begun.elapsed() < PATIENCE {
                match tcgetattr(stdout()) {
                    Ok(now) if now.local_flags.contains(LocalFlags::ICANON) => {
                        thread::sleep(Duration::from_millis(2));
                    }
                    Ok(raw) => {
                        let _ = tcsetattr(stdout(), SetArg::TCSANOW, &with_ctrl_c(raw));
                        break;
                    }
                    Err(_) => break,
                }
            }
            (dashboard, taken)
        }
    }

    impl Drop for Taken {
        fn drop(&mut self) {
            // The dashboard has done this itself, unless its thread has panicked.
            if let Some(before) = lock(&BEFORE).take() {
                let _ = tcsetattr(stdout(), SetArg::TCSANOW, &before);
            }
        }
    }

    /// Raw mode in which Ctrl-C is a signal, and Ctrl-Z and Ctrl-\ are still none: they would leave
    /// the shell with the dashboard's modes.
    fn with_ctrl_c(mut raw: Termios) -> Termios {
        raw.local_flags |= LocalFlags::ISIG;
        for key in [SpecialCharacterIndices::VSUSP, SpecialCharacterIndices::VQUIT] {
            raw.control_chars[key as usize] = libc::_POSIX_VDISABLE;
        }
        raw
    }

    /// Puts the terminal back to what it was before a dashboard took it, if one has it. For a
    /// process that ends at once; the dashboard does not know of it.
    pub fn give_back() {
        let Some(before) = lock(&BEFORE).take() else { return };
        // Until the process ends the dashboard may draw no more. A terminal that does not take what
        // was drawn before would keep this waiting.
        let (send, has_stopped) = mpsc::channel();
        thread::spawn(move || {
            let _out = stdout().lock();
            let _ = send.send(());
            loop {
                thread::park();
            }
        });
        let _ = has_stopped.recv_timeout(Duration::from_millis(300));
        let _ = write(stdout(), NORMAL);
        let _ = tcsetattr(stdout(), SetArg::TCSANOW, &before);
    }

    /// Whether a dashboard may be shown: standard output is a terminal, this process is in the
    /// foreground there, so that it is not stopped for changing modes, and it is told when the
    /// terminal goes away.
    pub fn is_usable() -> bool {
        let is_ours = |group| group == getpgrp();
        stdout().is_terminal() && tcgetpgrp(stdout()).map_or(true, is_ours) && !hang_up_is_ignored()
    }

    /// Whether the process was started to outlive its terminal, as `nohup` does.
    pub fn hang_up_is_ignored() -> bool {
        let mut now = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: without a new action the call only writes the present one, if it returns 0.
        unsafe {
            libc::sigaction(libc::SIGHUP, std::ptr::null(), now.as_mut_ptr()) == 0
                && now.assume_init().sa_sigaction == libc::SIG_IGN
        }
    }

    /// Standard error by way of a pipe, so that whatever is written is taken, be the terminal gone
    /// or the disk full.
    struct Forwarded {
        original: OwnedFd,
        forwards: Option<JoinHandle<()>>,
    }

    impl Forwarded {
        fn start() -> std::io::Result<Self> {
            let original = stderr().as_fd().try_clone_to_owned()?;
            let mut to = std::fs::File::from(original.try_clone()?);
            let (mut from, into) = pipe()?;
            let forward = move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = from.read(&mut bytes) {
                    let _ = to.write_all(&bytes[..count]);
                }
            };
            let forwards = thread::Builder::new().name("standard-error".into()).spawn(forward)?;
            dup2_stderr(&into)?;
            Ok(Self { original, forwards: Some(forwards) })
        }
    }

    impl Drop for Forwarded {
        fn drop(&mut self) {
            // Closes the pipe's end, the only one that is left: all that was written comes out.
            if dup2_stderr(&self.original).is_ok()
                && let Some(forwards) = self.forwards.take()
            {
                let _ = forwards.join();
            }
        }
    }

    fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::io::{IsTerminal, stdout};

    pub(crate) struct Taken;

    impl Taken {
        pub(crate) fn by<T>(start: impl FnOnce() -> T) -> (T, Self) {
            (start(), Self)
        }
    }

    /// Puts the terminal back; the system does that here.
    pub fn give_back() {}

    /// Whether standard output is a terminal.
    pub fn is_usable() -> bool {
        stdout().is_terminal()
    }

    /// Whether the process was started to outlive its terminal: never, since nothing is known of it
    /// here.
    pub fn hang_up_is_ignored() -> bool {
        false
    }
}
