//! The slotmesh-server binary: configuration, logging, signals.

#![forbid(unsafe_code)]

mod arguments;
mod exit;
mod limits;
mod log;
mod run;
mod supervisor;
mod zone;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::anyhow;
use arguments::Wish;
use exit::Failure;

fn main() -> ExitCode {
    let words: Result<Vec<String>, _> = std::env::args_os().skip(1).map(OsString::into_string).collect();
    let words = match words {
        Ok(words) => words,
        Err(word) => {
            let error = anyhow!("an argument holds bytes that are no text: {}", word.display());
            return Failure::Configuration(error).report();
        }
    };
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
