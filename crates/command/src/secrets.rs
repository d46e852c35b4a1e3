//! Words of requests that are shown to nobody: not in logs of commands, not to those who monitor.

use slotmesh_config::Config;

use crate::call::is_word;
use crate::table::Known;

/// What stands in place of a secret.
const REDACTED: &[u8] = b"(redacted)";

/// The words of a request with its secrets left out.
pub(crate) fn without_secrets<'a>(command: &Known, args: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut shown = args.to_vec();
    let mut hide = |words: &mut dyn Iterator<Item = usize>| words.for_each(|at| shown[at] = REDACTED);
    match command.full_name.as_str() {
        "auth" => hide(&mut (1..args.len())),
        "acl|setuser" => hide(&mut (2..args.len())),
        "hello" => {
            let option = args.iter().position(|word| is_word(word, "auth"));
            hide(&mut (1..=2).filter_map(|step| Some(option? + step)).filter(|at| *at < args.len()));
        }
        "config|set" => {
            let is_secret = |name: &[u8]| {
                let name = String::from_utf8_lossy(name);
                Config::directive(&name).is_some_and(|directive| directive.sensitive)
            };
            hide(&mut (3..args.len()).step_by(2).filter(|at| is_secret(args[at - 1])));
        }
        _ => {}
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{self, Lookup};

    fn shown(request: &str) -> String {
        let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        let Lookup::Found(command) = table::lookup(&words) else { panic!("no command: {request}") };
        String::from_utf8(without_secrets(command, &words).join(&b' ')).expect("text")
    }

    #[test]
    fn passwords_are_left_out_wherever_they_stand() {
        for (request, wanted) in [
            ("AUTH x", "AUTH (redacted)"),
            ("AUTH default x", "AUTH (redacted) (redacted)"),
            ("HELLO 3 AUTH default x SETNAME y", "HELLO 3 AUTH (redacted) (redacted) SETNAME y"),
            ("HELLO 3 AUTH default", "HELLO 3 AUTH (redacted)"),
            ("ACL SETUSER a >x", "ACL SETUSER (redacted) (redacted)"),
            ("CONFIG SET port 1 masterauth x", "CONFIG SET port 1 masterauth (redacted)"),
            ("CONFIG SET requirepass", "CONFIG SET requirepass"),
            ("SET auth x", "SET auth x"),
        ] {
            assert_eq!(shown(request), wanted);
        }
    }
}
