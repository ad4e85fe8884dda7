//! The `sempairs` command.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    sempairs::signals::exit_code(command::Cli::parse().run())
}
