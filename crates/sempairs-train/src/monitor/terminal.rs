//! Terminal handling while a dashboard is shown.
//!
//! burn-train's dashboard switches the terminal to raw mode, in which Ctrl-C is an ordinary key and
//! sends no signal, and its thread panics when the terminal disappears; a panic whose message
//! cannot be written to standard error aborts the process. This module keeps Ctrl-C a signal, makes
//! writes to standard error always succeed, and lets a process that must exit immediately restore
//! the terminal first.

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

    /// Maximum time to wait for the dashboard to switch the terminal to raw mode.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Escape sequences that disable mouse events, leave the alternate screen and show the cursor,
    /// as the dashboard does when it ends.
    const NORMAL: &[u8] =
        b"\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?1049l\x1b[?25h";

    /// Terminal modes from before a dashboard was started; `None` if there is no dashboard.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// Guard of a terminal in use by a dashboard; restores the terminal when dropped.
    pub(crate) struct Taken {
        _stderr: Option<Forwarded>,
    }

    impl Taken {
        /// Calls `start`, which starts a dashboard, possibly in another thread.
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
            // The dashboard has already done this, unless its thread has panicked.
            if let Some(before) = lock(&BEFORE).take() {
                let _ = tcsetattr(stdout(), SetArg::TCSANOW, &before);
            }
        }
    }

    /// Raw mode in which Ctrl-C sends a signal. Ctrl-Z and Ctrl-\ still send none, since they would
    /// return to the shell with the dashboard's terminal modes.
    fn with_ctrl_c(mut raw: Termios) -> Termios {
        raw.local_flags |= LocalFlags::ISIG;
        for key in [SpecialCharacterIndices::VSUSP, SpecialCharacterIndices::VQUIT] {
            raw.control_chars[key as usize] = libc::_POSIX_VDISABLE;
        }
        raw
    }

    /// Restores the terminal to its state before the dashboard, if one is shown.
    ///
    /// Only for a process that exits immediately afterwards: the dashboard is not notified.
    pub fn give_back() {
        let Some(before) = lock(&BEFORE).take() else { return };
        // Holding the lock keeps the dashboard from drawing until the process exits. A terminal
        // that accepts no output would block the lock forever, hence the timeout.
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

    /// Returns true if a dashboard can be shown: standard output is a terminal, this process is in
    /// its foreground (a background process is stopped when it changes terminal modes), and the
    /// process is notified when the terminal closes (`SIGHUP` is not ignored).
    pub fn is_usable() -> bool {
        let is_ours = |group| group == getpgrp();
        stdout().is_terminal() && tcgetpgrp(stdout()).map_or(true, is_ours) && !hang_up_is_ignored()
    }

    /// Returns true if `SIGHUP` is ignored, as under `nohup`, so that the process outlives its
    /// terminal.
    pub fn hang_up_is_ignored() -> bool {
        let mut now = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: with a null new action the call only writes the current one, and has written it
        // if it returns 0.
        unsafe {
            libc::sigaction(libc::SIGHUP, std::ptr::null(), now.as_mut_ptr()) == 0
                && now.assume_init().sa_sigaction == libc::SIG_IGN
        }
    }

    /// Redirection of standard error through a pipe, so that writes succeed even if the terminal is
    /// gone or the disk is full.
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
            // Closes the last write end of the pipe; the thread ends after forwarding all output.
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

    /// Restores the terminal; nothing to do on this platform.
    pub fn give_back() {}

    /// Returns true if standard output is a terminal.
    pub fn is_usable() -> bool {
        stdout().is_terminal()
    }

    /// Returns true if the process was started to outlive its terminal; always false, since this
    /// platform has no `SIGHUP`.
    pub fn hang_up_is_ignored() -> bool {
        false
    }
}
