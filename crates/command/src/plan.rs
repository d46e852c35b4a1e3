//! What a request is about, as far as its words alone tell.

use slotmesh_resp::Args;
use slotmesh_store::Foreseen;
use slotmesh_types::{Slot, key_slot};

use crate::table::{self, Lookup};

/// What a request is about, as far as its words alone tell: it can be found out before the request is executed, and is the same
/// whatever happens meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub(crate) found: Lookup,
    /// The slot of its only key; where it is not of a kind that has one, that is found out when it is executed.
    pub(crate) slot: Option<Slot>,
}

impl Plan {
    /// Of a request that is executed at once.
    pub(crate) fn of(args: &[&[u8]]) -> Self {
        Self { found: table::lookup(args), slot: None }
    }

    /// Of a request that is about to be executed, to be given to [`execute`](crate::execute) with it; and what it takes to
    /// [foresee](crate::Server::foresee) its first key, if it is likely to look for one.
    #[must_use]
    pub fn ahead(args: Args<'_>) -> (Self, Option<Foreseen>) {
        let (plan, key) = Self::with_key(args);
        (plan, key.map(|(slot, key)| Foreseen::new(slot, key)))
    }

    fn with_key(args: Args<'_>) -> (Self, Option<(Slot, &[u8])>) {
        let [name, second] = [0, 1].map(|index| args.get(index));
        let found = match (name, second) {
            (Some(name), Some(second)) => table::lookup(&[name, second]),
            (Some(name), None) => table::lookup(&[name]),
            (None, _) => Lookup::NoCommand,
        };
        let mut plan = Self { found, slot: None };
        let Lookup::Found(command) = found else { return (plan, None) };
        let Some((word, is_only)) = command.first_key.filter(|_| command.spec.accepts(args.len())) else {
            return (plan, None);
        };
        let key = args.get(word).map(|key| (key_slot(key), key));
        if is_only {
            plan.slot = key.map(|(slot, _)| slot);
        }
        (plan, key)
    }
}

#[cfg(test)]
mod tests {
    use slotmesh_resp::{Limits, Next, RequestReader, encode_command};

    use super::*;
    use crate::routing::slot_of;
    use crate::table::known;

    fn ahead(words: &[&[u8]]) -> (Plan, Option<Vec<u8>>) {
        let mut input = Vec::new();
        encode_command(words, &mut input);
        let mut reader = RequestReader::new(Limits::default());
        let Ok(Next::Request { args, .. }) = reader.next(&input) else { panic!("a whole request") };
        let (plan, key) = Plan::with_key(args);
        (
            plan,
            key.map(|(slot, key)| {
                assert_eq!(slot, key_slot(key));
                key.to_vec()
            }),
        )
    }

    #[test]
    fn what_is_planned_is_what_would_be_found_later() {
        let mut planned = 0;
        for command in known().iter().flat_map(|known| std::iter::once(known).chain(&known.subcommands)) {
            for count in 0..7_u8 {
                let mut words: Vec<Vec<u8>> =
                    command.full_name.split('|').map(|name| name.as_bytes().to_vec()).collect();
                words.extend((0..count).map(|number| vec![b'1' + number]));
                let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
                let (plan, _) = ahead(&words);
                if let (Lookup::Found(found), Some(slot)) = (plan.found, plan.slot) {
                    planned += 1;
                    assert_eq!(slot_of(found.spec, &words).ok(), Some(Some(slot)), "{words:?}");
                }
            }
        }
        assert!(planned > 300, "{planned}");
    }

    #[test]
    fn keys_are_foreseen_where_requests_look_for_them() {
        let key = |words: &[&[u8]]| ahead(words).1;
        assert_eq!(key(&[b"GET", b"a"]).as_deref(), Some(&b"a"[..]));
        assert_eq!(key(&[b"mset", b"a", b"1", b"b", b"2"]).as_deref(), Some(&b"a"[..]));
        assert_eq!(key(&[b"object", b"freq", b"a"]).as_deref(), Some(&b"a"[..]));
        for words in
            [&[&b"GET"[..]][..], &[b"get", b"a", b"b"], &[b"ping", b"a"], &[b"publish", b"a", b"b"], &[b"nosuch", b"a"]]
        {
            assert_eq!(key(words), None, "{words:?}");
        }
    }
}
