//! Finding commands by name.

use std::iter;
use std::sync::LazyLock;

use super::COMMANDS;
use super::command::Command;

/// A command or subcommand of the table, with its place in it.
#[derive(Clone, Debug)]
pub struct Known {
    /// What the table says.
    pub spec: &'static Command,
    /// The container it belongs to.
    pub container: Option<&'static Command>,
    /// `container|name`, or just the name.
    pub full_name: String,
    /// Position among all commands and subcommands, from 0.
    pub index: usize,
    /// Its subcommands, ordered by name.
    pub subcommands: Vec<Known>,
    /// Which word is its first key, if that is the same in every request, and whether it is the only one.
    pub(crate) first_key: Option<(usize, bool)>,
    outline: Outline,
    /// Whether its outline is all of its name: no more than eight bytes, and only letters.
    is_outlined: bool,
}

/// What there is of a name at a glance, in whatever case it is written: its first eight bytes, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outline {
    start: u64,
    length: usize,
}

impl Outline {
    const BYTES: usize = size_of::<u64>();

    fn of(name: &[u8]) -> Self {
        let mut start = [0; Self::BYTES];
        start.iter_mut().zip(name).for_each(|(byte, of)| *byte = *of);
        // The bit that tells capitals from small letters is left out.
        Self { start: u64::from_le_bytes(start) & !0x2020_2020_2020_2020, length: name.len() }
    }

    /// Where a command of that name may stand in the table.
    fn places(self) -> impl Iterator<Item = usize> {
        let hash = (self.start ^ self.length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let first = (hash >> 32) as usize;
        (0..PLACES).map(move |step| (first + step) % PLACES)
    }
}

struct Table {
    commands: Vec<Known>,
    count: usize,
    /// Positions in `commands` plus one, each at or behind the place its name gives; 0 where there is none.
    places: [u16; PLACES],
}

/// A power of two, several times the number of commands: few places are taken twice.
const PLACES: usize = 2048;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut next = 0;
    let commands: Vec<_> = COMMANDS.iter().map(|spec| Known::new(spec, None, &mut next)).collect();
    let mut places = [0; PLACES];
    for (known, position) in iter::zip(&commands, 1..) {
        let free = known.outline.places().find(|place| places[*place] == 0);
        places[free.expect("more places than commands")] = position;
    }
    Table { commands, count: next, places }
});

impl Known {
    fn new(spec: &'static Command, container: Option<&'static Command>, next: &mut usize) -> Self {
        let full_name = container.map_or_else(|| spec.name.to_owned(), |of| format!("{}|{}", of.name, spec.name));
        let index = *next;
        *next += 1;
        let subcommands = spec.subcommands.iter().map(|sub| Self::new(sub, Some(spec), next)).collect();
        let outline = Outline::of(spec.name.as_bytes());
        let is_outlined = spec.name.len() <= Outline::BYTES && spec.name.bytes().all(|byte| byte.is_ascii_alphabetic());
        let first_key = spec.first_key();
        Self { spec, container, full_name, index, subcommands, first_key, outline, is_outlined }
    }

    /// Whether that is its name, whose outline is this.
    fn is_named(&self, name: &[u8], outline: Outline) -> bool {
        self.outline == outline && (self.is_outlined || self.spec.name.as_bytes().eq_ignore_ascii_case(name))
    }
}

/// Every command, ordered by name.
#[must_use]
pub fn known() -> &'static [Known] {
    &TABLE.commands
}

/// How many commands and subcommands there are.
#[must_use]
pub fn count() -> usize {
    TABLE.count
}

/// The command or subcommand at that position among all.
///
/// # Panics
/// When there are not so many.
#[must_use]
pub fn by_index(index: usize) -> &'static Known {
    let command = known().partition_point(|known| known.index <= index) - 1;
    let command = &known()[command];
    if command.index == index { command } else { &command.subcommands[index - command.index - 1] }
}

/// What the words of a request name.
#[derive(Clone, Copy, Debug)]
pub enum Lookup {
    /// A command, or the subcommand its second word names.
    Found(&'static Known),
    /// A second word that names nothing in the container.
    NoSubcommand,
    /// Nothing.
    NoCommand,
}

/// Finds what a request names; case does not matter.
#[must_use]
pub fn lookup(args: &[&[u8]]) -> Lookup {
    let Some(command) = args.first().and_then(|name| named(name)) else { return Lookup::NoCommand };
    match args.get(1) {
        Some(name) if !command.subcommands.is_empty() => {
            search(&command.subcommands, name).map_or(Lookup::NoSubcommand, Lookup::Found)
        }
        _ => Lookup::Found(command),
    }
}

/// The command of that name, or the subcommand `container|name`.
#[must_use]
pub fn find(full_name: &[u8]) -> Option<&'static Known> {
    let mut names = full_name.splitn(2, |byte| *byte == b'|');
    let command = named(names.next()?)?;
    match names.next() {
        Some(name) => search(&command.subcommands, name),
        None => Some(command),
    }
}

fn named(name: &[u8]) -> Option<&'static Known> {
    let (table, outline) = (&*TABLE, Outline::of(name));
    let taken = outline.places().map_while(|place| usize::from(table.places[place]).checked_sub(1));
    let mut there = taken.map(|position| &table.commands[position]);
    there.find(|known| known.is_named(name, outline))
}

fn search(commands: &'static [Known], name: &[u8]) -> Option<&'static Known> {
    let lower = |name: &[u8], at: usize| name[at].to_ascii_lowercase();
    let found = commands.binary_search_by(|known| {
        let own = known.spec.name.as_bytes();
        own.iter().copied().cmp((0..name.len()).map(|at| lower(name, at)))
    });
    found.ok().map(|index| &commands[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_ordered(commands: &[Known]) {
        assert!(commands.is_sorted_by(|a, b| a.spec.name < b.spec.name));
        for command in commands {
            assert!(command.spec.run.is_some() || !command.subcommands.is_empty(), "{}", command.full_name);
            assert_ordered(&command.subcommands);
        }
    }

    #[test]
    fn the_table_is_ordered_and_every_command_does_something() {
        assert_ordered(known());
    }

    #[test]
    fn positions_lead_back() {
        for index in 0..count() {
            assert_eq!(by_index(index).index, index);
        }
    }

    #[test]
    fn every_command_is_found_by_its_name() {
        for command in known() {
            let name = command.spec.name.to_ascii_uppercase();
            assert_eq!(named(name.as_bytes()).map(|found| found.index), Some(command.index), "{name}");
        }
        for none in [
            &b""[..],
            b"ge",
            b"get\0",
            b"get ",
            b"gett",
            b"\x07et",
            b"flushallx",
            b"flushal",
            b"sort\x7fro",
            &[b'g'; 1000],
        ] {
            assert!(named(none).is_none(), "{}", none.escape_ascii());
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(find(b"Cluster|MEET").map(|known| known.full_name.as_str()), Some("cluster|meet"));
        assert!(find(b"meet").is_none());
        assert!(matches!(lookup(&[b"CLUSTER"]), Lookup::Found(known) if known.spec.name == "cluster"));
        assert!(matches!(lookup(&[b"CLUSTER", b"nosuch"]), Lookup::NoSubcommand));
        assert!(matches!(lookup(&[b"ping", b"meet"]), Lookup::Found(known) if known.spec.name == "ping"));
    }
}
