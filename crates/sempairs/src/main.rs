//! The `sempairs` command.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    keep_memory();
    sempairs::signals::exit_code(command::Cli::parse().run())
}

/// Makes the allocator of glibc keep freed memory for the next step. By default it returns large
/// allocations to the system, and each step then pays a page fault per 4 KiB again: a tenth of a
/// step of a ResNet-18, and half of the loader's time for large batches from a cache.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_memory() {
    // No allocation by `mmap`, which is undone when it is freed (threads other than the first still
    // make those of over 64 MiB so), and the heap shrinks only by 2 GiB.
    for (parameter, value) in [(libc::M_MMAP_MAX, 0), (libc::M_TRIM_THRESHOLD, i32::MAX)] {
        // SAFETY: sets a parameter of the allocator, before there are other threads. A value that
        // it rejects changes nothing.
        unsafe { libc::mallopt(parameter, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_memory() {}
