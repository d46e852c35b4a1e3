//! MIGRATE. Source: `cluster.c` of Valkey.

use std::ops::Range;
use std::time::Duration;

use crate::call::{Call, Handled, is_word};
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::migration::{Credentials, Migration};
use crate::outcome::{Outcome, Question};
use crate::table::KeyPlace;

/// How long each step may take where nothing sensible is said.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Where the key is, unless several follow KEYS.
const KEY: usize = 3;
/// Where the options begin.
const OPTIONS: usize = 6;
const FLAGS: &[&str] = &["RW", "access", "delete"];

/// Checks the request; the rest takes a connection to the target.
pub(crate) fn migrate(call: &mut Call<'_>) -> Handled {
    let mut migration = parse_options(call.args)?;
    let timeout = numbers::integer(call.args[5])?;
    migration.database = numbers::integer(call.args[4])?;
    migration.timeout = match u64::try_from(timeout) {
        Ok(millis) if millis > 0 => Duration::from_millis(millis),
        _ => TIMEOUT,
    };
    Ok(Outcome::Ask(Question::Migrate(Box::new(migration))))
}

fn parse_options(args: &[&[u8]]) -> Result<Migration, ErrorReply> {
    let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
    let mut migration = Migration { host: text(args[1]), port: text(args[2]), ..Migration::default() };
    migration.keys = vec![args[KEY].to_vec()];
    let mut words = &args[OPTIONS..];
    while let [word, rest @ ..] = words {
        words = match rest {
            _ if is_word(word, "copy") => {
                migration.copies = true;
                rest
            }
            _ if is_word(word, "replace") => {
                migration.replaces = true;
                rest
            }
            [password, rest @ ..] if is_word(word, "auth") => {
                migration.credentials = Some(Credentials { user: None, password: password.to_vec() });
                rest
            }
            [user, password, rest @ ..] if is_word(word, "auth2") => {
                migration.credentials = Some(Credentials { user: Some(user.to_vec()), password: password.to_vec() });
                rest
            }
            keys if is_word(word, "keys") => {
                if !args[KEY].is_empty() {
                    return Err(ErrorReply::err(
                        "When using MIGRATE KEYS option, the key argument must be set to the empty string",
                    ));
                }
                migration.keys = keys.iter().map(|key| key.to_vec()).collect();
                &[]
            }
            _ => return Err(ErrorReply::syntax()),
        };
    }
    Ok(migration)
}

/// Where the keys are: behind KEYS, unless that stands where a password does; nowhere where there is one before KEYS as
/// well. Source: `migrateGetKeys`.
pub(crate) fn migrate_keys(args: &[&[u8]]) -> Vec<KeyPlace> {
    let places = |words: Range<usize>| words.map(|word| KeyPlace { word, flags: FLAGS }).collect();
    let mut at = OPTIONS;
    while let Some(word) = args.get(at) {
        at += match () {
            () if is_word(word, "keys") && !args[KEY].is_empty() => return Vec::new(),
            () if is_word(word, "keys") && at + 1 < args.len() => return places(at + 1..args.len()),
            () if is_word(word, "auth") => 2,
            () if is_word(word, "auth2") => 3,
            () => 1,
        };
    }
    places(KEY..KEY + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(request: &str) -> Vec<usize> {
        let words: Vec<&[u8]> = request.split(' ').map(|word| word.trim_matches('_').as_bytes()).collect();
        migrate_keys(&words).into_iter().map(|place| place.word).collect()
    }

    #[test]
    fn keys_stand_behind_keys() {
        assert_eq!(keys("migrate host 1 key 0 9"), [3]);
        assert_eq!(keys("migrate host 1 _ 0 9 copy KEYS a b"), [8, 9]);
        assert_eq!(keys("migrate host 1 _ 0 9 auth keys keys a"), [9]);
        assert_eq!(keys("migrate host 1 _ 0 9 auth2 keys keys keys a b"), [10, 11]);
        assert_eq!(keys("migrate host 1 key 0 9 keys a b"), [0_usize; 0]);
        assert_eq!(keys("migrate host 1 _ 0 9 keys"), [3]);
    }
}
