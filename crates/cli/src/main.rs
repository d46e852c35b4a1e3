//! The `slotmesh` binary: forms clusters, looks at them, and finds what is wrong with them.
//!
//! It knows nodes only by what they say: [`view`] holds that, asked for over [`talk`]. A file for each subcommand;
//! [`checks`] holds what `doctor` looks for, pure functions over what was collected. It keeps no state and has no daemon.

#![forbid(unsafe_code)]

mod arguments;
mod checks;
mod completions;
mod create;
mod doctor;
mod ending;
mod forget;
mod meet;
mod nodes;
mod output;
mod plot;
mod proto_json;
mod slots;
mod talk;
mod top;
mod view;
mod watch;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use arguments::{Arguments, Command};
use ending::Ending;

fn main() -> ExitCode {
    ending::report(run(Arguments::parse()))
}

fn run(arguments: Arguments) -> Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the system gives no runtime")?;
    runtime.block_on(dispatch(arguments))
}

async fn dispatch(Arguments { global, command }: Arguments) -> Result<Ending> {
    match command {
        Command::Create(options) => create::run(&global, &options).await,
        Command::Meet(options) => meet::run(&global, &options).await,
        Command::Forget(options) => forget::run(&global, &options).await,
        Command::Nodes(options) => nodes::run(&global, &options).await,
        Command::Slots(options) => slots::run(&global, &options).await,
        Command::Doctor(options) => doctor::run(&global, &options).await,
        Command::Watch(options) => watch::run(&global, &options).await,
        Command::Top(options) => top::run(&global, &options).await,
        Command::Plot(options) => plot::run(&global, &options).await,
        Command::Completions(options) => completions::run(&options),
    }
}
