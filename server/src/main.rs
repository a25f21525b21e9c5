//! `glassboard`: see the library for what it does.

use clap::Parser;
use server::{cli, commands};
use std::process::ExitCode;

fn main() -> ExitCode {
    match commands::run(cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("glassboard: {error}");
            ExitCode::FAILURE
        }
    }
}
