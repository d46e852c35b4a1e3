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
        "hello" => hide(&mut behind_options(args, 2, &HELLO)),
        "migrate" => hide(&mut behind_options(args, 6, &MIGRATE)),
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

/// An option: its name, how many words belong to it, and whether these are secrets.
type Choice = (&'static str, usize, bool);

const HELLO: [Choice; 2] = [("auth", 2, true), ("setname", 1, false)];

/// What follows KEYS are keys.
const MIGRATE: [Choice; 3] = [("auth", 1, true), ("auth2", 2, true), ("keys", usize::MAX, false)];

/// The places of the secrets among options, the first of which stands at `at`. What names no option has no words.
fn behind_options(args: &[&[u8]], mut at: usize, options: &[Choice]) -> impl Iterator<Item = usize> + use<> {
    let mut secrets = Vec::new();
    while let Some(word) = args.get(at) {
        let option = options.iter().find(|(name, ..)| is_word(word, name));
        let (count, is_secret) = option.map_or((0, false), |(_, count, is_secret)| (*count, *is_secret));
        let end = (at + 1).saturating_add(count).min(args.len());
        secrets.extend((at + 1..end).filter(|_| is_secret));
        at = end;
    }
    secrets.into_iter()
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
            ("HELLO 3 SETNAME auth AUTH default x", "HELLO 3 SETNAME auth AUTH (redacted) (redacted)"),
            ("HELLO 3 AUTH a b AUTH default x", "HELLO 3 AUTH (redacted) (redacted) AUTH (redacted) (redacted)"),
            ("MIGRATE host 1 k 0 9 AUTH x", "MIGRATE host 1 k 0 9 AUTH (redacted)"),
            (
                "MIGRATE host 1 k 0 9 COPY AUTH2 me x REPLACE",
                "MIGRATE host 1 k 0 9 COPY AUTH2 (redacted) (redacted) REPLACE",
            ),
            ("MIGRATE host 1 auth 0 9 AUTH auth KEYS AUTH k", "MIGRATE host 1 auth 0 9 AUTH (redacted) KEYS AUTH k"),
            ("MIGRATE host 1 k 0 9 AUTH2 me", "MIGRATE host 1 k 0 9 AUTH2 (redacted)"),
            ("ACL SETUSER a >x", "ACL SETUSER (redacted) (redacted)"),
            ("CONFIG SET port 1 masterauth x", "CONFIG SET port 1 masterauth (redacted)"),
            ("CONFIG SET requirepass", "CONFIG SET requirepass"),
            ("SET auth x", "SET auth x"),
        ] {
            assert_eq!(shown(request), wanted);
        }
    }
}
