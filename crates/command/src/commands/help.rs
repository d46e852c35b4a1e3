//! HELP of a container.

use slotmesh_resp::ReplyWriter;

use crate::call::{Call, Handled};
use crate::outcome::Outcome;
use crate::table::Command;

pub(crate) fn help(call: &mut Call<'_>) -> Handled {
    let container = call.command.container.expect("HELP is a subcommand");
    write_help(container, &mut call.reply());
    Ok(Outcome::Continue)
}

/// Writes the lines of HELP of a container.
pub(super) fn write_help(container: &Command, reply: &mut ReplyWriter<'_>) {
    let name = container.name.to_ascii_uppercase();
    reply.array(container.help.len() + 3);
    reply.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for line in container.help {
        reply.simple(line);
    }
    reply.simple("HELP");
    reply.simple("    Print this help.");
}
