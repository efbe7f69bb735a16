//! The `lintas` program: parse arguments, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    lintas::cli::run(std::env::args_os()).into()
}
