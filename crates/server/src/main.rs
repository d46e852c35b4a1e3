//! The slotmesh-server binary: configuration, logging, signals.

#![forbid(unsafe_code)]

mod arguments;
mod exit;
mod limits;
mod log;
mod run;
mod zone;

use std::process::ExitCode;

use arguments::Wish;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match arguments::parse(words) {
        Wish::Print(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Wish::Run(words) => match run::run(&words) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        },
    }
}
