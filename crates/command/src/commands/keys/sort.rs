//! SORT and `SORT_RO`. Source: `sort.c` of Valkey.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use slotmesh_store::{Db, End, Expiry, Hash, List, ValueRef, WrongType, parse_double};
use slotmesh_types::key_slot;

use crate::call::is_word;
use crate::commands::key_walk::slot_of_pattern;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};
use crate::table::KeyPlace;

/// What a request wants.
#[derive(Debug, Default)]
struct Options<'a> {
    descending: bool,
    alpha: bool,
    limit: Option<(i64, i64)>,
    store: Option<&'a [u8]>,
    by: Option<&'a [u8]>,
    get: Vec<&'a [u8]>,
}

/// What elements are ordered by.
#[derive(Debug)]
enum Weight {
    Number(f64),
    Text(Option<Vec<u8>>),
}

impl<'a> Options<'a> {
    fn parse(key: &[u8], mut words: &[&'a [u8]], may_store: bool) -> Result<Self, ErrorReply> {
        let mut found = Self::default();
        while let [word, rest @ ..] = words {
            words = rest;
            match *rest {
                _ if is_word(word, "asc") => found.descending = false,
                _ if is_word(word, "desc") => found.descending = true,
                _ if is_word(word, "alpha") => found.alpha = true,
                [offset, count, ref rest @ ..] if is_word(word, "limit") => {
                    let number = numbers::integer;
                    found.limit = Some((number(offset)?, number(count)?));
                    words = rest;
                }
                [value, ref rest @ ..] => {
                    found.take(key, word, value, may_store)?;
                    words = rest;
                }
                [] => return Err(ErrorReply::syntax()),
            }
        }
        Ok(found)
    }

    fn take(&mut self, key: &[u8], word: &[u8], value: &'a [u8], may_store: bool) -> Done {
        let elsewhere = |pattern| slot_of_pattern(pattern) != Some(key_slot(key));
        let denied = |option: &str| {
            ErrorReply::err(format!(
                "{option} option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots."
            ))
        };
        if may_store && is_word(word, "store") {
            self.store = Some(value);
        } else if is_word(word, "by") {
            if value.contains(&b'*') && elsewhere(value) {
                return Err(denied("BY"));
            }
            self.by = Some(value);
        } else if is_word(word, "get") {
            if value != b"#" && elsewhere(value) {
                return Err(denied("GET"));
            }
            self.get.push(value);
        } else {
            return Err(ErrorReply::syntax());
        }
        Ok(())
    }

    /// Whether elements stay in the order they have: a pattern without a star names the same key for each.
    fn keeps_order(&self) -> bool {
        self.by.is_some_and(|by| !by.contains(&b'*'))
    }
}

pub(crate) fn sort(call: &mut Keyed<'_>) -> Done {
    run(call, true)
}

pub(crate) fn sort_ro(call: &mut Keyed<'_>) -> Done {
    run(call, false)
}

fn run(call: &mut Keyed<'_>, may_store: bool) -> Done {
    let key = call.args[1];
    let mut options = Options::parse(key, &call.args[2..], may_store)?;
    let (mut elements, is_set) = elements(&mut call.db, key)?;
    if is_set && options.store.is_some() && options.keeps_order() {
        // The order that a set has by chance is not stored.
        (options.by, options.alpha) = (None, true);
    }
    if options.keeps_order() {
        if options.descending {
            elements.reverse();
        }
    } else {
        elements = ordered(&mut call.db, elements, &options)?;
    }
    let range = limited(elements.len(), options.limit);
    let elements = &elements[range];
    let Some(to) = options.store else {
        let Keyed { db, reply, .. } = call;
        reply.array(elements.len() * options.get.len().max(1));
        for_each_result(db, elements, &options.get, |result| match result {
            Some(text) => reply.bulk(text),
            None => reply.null(),
        });
        return Ok(());
    };
    store(call, to, elements, &options.get)
}

fn store(call: &mut Keyed<'_>, to: &[u8], elements: &[Vec<u8>], get: &[&[u8]]) -> Done {
    let (mut list, limit) = (List::default(), call.settings.list);
    for_each_result(&mut call.db, elements, get, |result| {
        list.push(End::Back, std::iter::once(result.unwrap_or_default()), limit);
    });
    let (count, existed) = (list.len(), call.db.is_there(to));
    if call.db.set_value(to, list, Expiry::Never) {
        call.tell(Classes::LIST, "sortstore", to);
    } else if existed {
        call.tell(Classes::GENERIC, "del", to);
    }
    call.count(count)
}

/// What there is to sort, and whether it is a set.
fn elements(db: &mut Db<'_>, key: &[u8]) -> Result<(Vec<Vec<u8>>, bool), ErrorReply> {
    Ok(match db.get(key) {
        None => (Vec::new(), false),
        Some(ValueRef::List(list)) => (list.iter().map(|text| text.text().into_owned()).collect(), false),
        Some(ValueRef::Set(set)) => (set.iter().map(|text| text.text().into_owned()).collect(), true),
        Some(ValueRef::SortedSet(set)) => (set.iter().map(|(member, _)| member.text().into_owned()).collect(), false),
        Some(_) => return Err(WrongType.into()),
    })
}

fn ordered(db: &mut Db<'_>, elements: Vec<Vec<u8>>, options: &Options<'_>) -> Result<Vec<Vec<u8>>, ErrorReply> {
    let mut weighted = Vec::with_capacity(elements.len());
    for element in elements {
        let weight = match options.by {
            None => Some(Cow::Borrowed(element.as_slice())),
            Some(pattern) => look_up(db, pattern, &element).map(Cow::Owned),
        };
        let weight = if options.alpha { Weight::Text(weight.map(Cow::into_owned)) } else { number(weight)? };
        weighted.push((weight, element));
    }
    // With texts of other keys, equal ones stay as they are.
    let by_element = options.by.is_none() || !options.alpha;
    weighted.sort_by(|(a, one), (b, other)| {
        let order = a.compare(b).then_with(|| if by_element { one.cmp(other) } else { Ordering::Equal });
        if options.descending { order.reverse() } else { order }
    });
    Ok(weighted.into_iter().map(|(_, element)| element).collect())
}

impl Weight {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => Ordering::Equal,
        }
    }
}

/// What is not there is 0.
fn number(text: Option<Cow<'_, [u8]>>) -> Result<Weight, ErrorReply> {
    let number = text.map_or(Some(0.0), |text| parse_double(&text));
    number.map(Weight::Number).ok_or_else(|| ErrorReply::err("One or more scores can't be converted into double"))
}

/// The elements that a limit leaves.
fn limited(length: usize, limit: Option<(i64, i64)>) -> Range<usize> {
    let Some((offset, count)) = limit else { return 0..length };
    let start = usize::try_from(offset).unwrap_or_default().min(length);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    start..start.saturating_add(count).min(length)
}

fn for_each_result(db: &mut Db<'_>, elements: &[Vec<u8>], get: &[&[u8]], mut each: impl FnMut(Option<&[u8]>)) {
    for element in elements {
        if get.is_empty() {
            each(Some(element));
        }
        for pattern in get {
            match *pattern {
                b"#" => each(Some(element)),
                pattern => each(look_up(db, pattern, element).as_deref()),
            }
        }
    }
}

/// What the key holds that a pattern names for an element, or, behind `->`, the field of a hash.
fn look_up(db: &mut Db<'_>, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    let star = pattern.iter().position(|byte| *byte == b'*')?;
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let arrow = after.windows(2).position(|two| two == b"->").filter(|place| place + 2 < after.len());
    let (after, field) = arrow.map_or((after, None), |place| (&after[..place], Some(&after[place + 2..])));
    let (key, now) = ([before, element, after].concat(), db.now());
    match field {
        Some(field) => {
            let hash = db.view::<Hash>(&key).ok().flatten()?;
            hash.get(field, now).map(|value| value.text().into_owned())
        }
        None => db.get(&key).and_then(|value| value.text().map(Cow::into_owned)),
    }
}

/// The key that is sorted, and the one behind the last STORE.
pub(crate) fn sort_keys(args: &[&[u8]]) -> Vec<KeyPlace> {
    let mut places = vec![KeyPlace { word: 1, flags: &["RO", "access"] }];
    let (mut word, mut stored) = (2, None);
    while word < args.len() {
        let values = match args[word] {
            limit if is_word(limit, "limit") => 2,
            option if is_word(option, "get") || is_word(option, "by") => 1,
            option if is_word(option, "store") && word + 1 < args.len() => {
                stored = Some(word + 1);
                1
            }
            _ => 0,
        };
        word += 1 + values;
    }
    places.extend(stored.map(|word| KeyPlace { word, flags: &["OW", "update"] }));
    places
}

/// The key that is sorted.
pub(crate) fn sort_ro_keys(_args: &[&[u8]]) -> Vec<KeyPlace> {
    vec![KeyPlace { word: 1, flags: &["RO", "access"] }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_store_names_the_key() {
        let words = |text: &'static str| text.split(' ').map(str::as_bytes).collect::<Vec<_>>();
        let places = |text| sort_keys(&words(text)).into_iter().map(|place| place.word).collect::<Vec<_>>();
        assert_eq!(places("sort k limit 0 store store a"), [1, 6]);
        assert_eq!(places("sort k store a store b"), [1, 5]);
        assert_eq!(places("sort k get store by store"), [1]);
        assert_eq!(places("sort k store"), [1]);
    }

    #[test]
    fn limits_reach_no_further_than_there_are() {
        assert_eq!(limited(5, None), 0..5);
        assert_eq!(limited(5, Some((1, 2))), 1..3);
        assert_eq!(limited(5, Some((-1, -1))), 0..5);
        assert_eq!(limited(5, Some((9, 2))), 5..5);
        assert_eq!(limited(5, Some((3, i64::MAX))), 3..5);
    }

    #[test]
    fn a_weight_is_a_number_and_nothing_else() {
        let weight = |text: &'static str| match number(Some(text.as_bytes().into())) {
            Ok(Weight::Number(number)) => Some(number),
            _ => None,
        };
        assert_eq!(["+5", ".5", "-inf"].map(weight), [Some(5.0), Some(0.5), Some(f64::NEG_INFINITY)]);
        // Valkey 9.1.2 takes neither nothing nor blanks; older ones do.
        for wrong in ["", " ", " 1", "1 ", "0x10", "nan", "1e400", "1e-400"] {
            assert_eq!(weight(wrong), None, "{wrong:?}");
        }
        assert!(matches!(number(None), Ok(Weight::Number(0.0))), "a key that is not there");
    }
}
