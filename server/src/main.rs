//! `glassboard`: see the library for what it does.

use clap::Parser;
use server::{cli, commands};
use std::process::ExitCode;

/// A tenth to a sixth of a request's time went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::run(cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("glassboard: {error}");
            ExitCode::FAILURE
        }
    }
}
