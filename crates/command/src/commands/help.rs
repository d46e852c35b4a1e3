//! HELP of a container.

use crate::call::{Call, Handled};
use crate::outcome::Outcome;

pub(crate) fn help(call: &mut Call<'_>) -> Handled {
    let container = call.command.container.expect("HELP is a subcommand");
    let name = container.name.to_ascii_uppercase();
    let mut reply = call.reply();
    reply.array(container.help.len() + 3);
    reply.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for line in container.help {
        reply.simple(line);
    }
    reply.simple("HELP");
    reply.simple("    Print this help.");
    Ok(Outcome::Continue)
}
