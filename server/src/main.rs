//! `glassboard`: see the library for what it does.

use clap::Parser;
use server::{cli, commands};
use std::io::{Error, ErrorKind, Write};
use std::process::ExitCode;

/// A tenth to a sixth of a request's time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(error) if error.downcast_ref().is_some_and(|error: &Error| error.kind() == ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "glassboard: {error}");
            ExitCode::FAILURE
        }
    }
}
