//! From the words of a request to the command that they name.

use crate::error_reply::{ErrorReply, shown, until_nul, wrong_number};
use crate::server::Server;
use crate::session::Session;
use crate::table::{Flag, Known, Lookup};

/// The command that a request names, of which that was found, if it may run; `None` to close the connection.
pub(crate) fn find(
    server: &Server,
    session: &Session,
    args: &[&[u8]],
    found: Lookup,
) -> Result<Option<&'static Known>, ErrorReply> {
    if matches!(found, Lookup::NoCommand) && is_http(args[0]) {
        return Ok(None);
    }
    if session.is_locked_out(server) {
        check_open_to_all(server, found)?;
    }
    match found {
        Lookup::Found(command) if command.spec.accepts(args.len()) => Ok(Some(command)),
        Lookup::Found(command) => {
            server.stats.add_rejected(command);
            Err(wrong_number(command))
        }
        Lookup::NoSubcommand => {
            let typed = shown(args[1], 128);
            let name = until_nul(args[0]).to_ascii_uppercase();
            Err(ErrorReply::echo(&[b"unknown subcommand '", typed, b"'. Try ", &name, b" HELP."]))
        }
        Lookup::NoCommand => Err(unknown(args)),
    }
}

/// Who has not shown the password learns nothing, not even which commands there are.
fn check_open_to_all(server: &Server, found: Lookup) -> Result<(), ErrorReply> {
    if let Lookup::Found(command) = found {
        if command.spec.flags.contains(&Flag::NoAuth) {
            return Ok(());
        }
        server.stats.add_rejected(command);
    }
    Err(ErrorReply::new("NOAUTH Authentication required."))
}

/// Whether the request is a line of HTTP: a browser that somebody points at the server must get nothing done.
fn is_http(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

fn unknown(args: &[&[u8]]) -> ErrorReply {
    let mut beginning = Vec::new();
    for argument in &args[1..] {
        if beginning.len() >= 128 {
            break;
        }
        let room = 128 - beginning.len();
        beginning.push(b'\'');
        beginning.extend_from_slice(shown(argument, room));
        beginning.extend_from_slice(b"' ");
    }
    ErrorReply::echo(&[b"unknown command '", shown(args[0], 128), b"', with args beginning with: ", &beginning])
}
