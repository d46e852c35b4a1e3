//! `slotmesh completions`: what a shell needs to complete our words.

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::ending::Ending;
use crate::output;

/// Print a script that makes a shell complete the words of this program.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(options: &Options) -> Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "slotmesh", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Ending::Good)
}
