//! Which keys SCAN and CLUSTERSCAN show.

use slotmesh_config::glob;
use slotmesh_store::ValueRef;
use slotmesh_types::Slot;

use super::key_walk::slot_of_pattern;
use super::numbers;
use crate::call::is_word;
use crate::error_reply::ErrorReply;

/// Names that TYPE of SCAN takes.
const TYPES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];

/// Keys that SCAN shows at a time, about.
const SCAN_COUNT: usize = 10;

/// Which keys a walk shows.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    /// Name of a type.
    kind: Option<&'static str>,
    /// How many keys are looked at, about.
    pub(super) count: usize,
}

impl<'a> Default for Filter<'a> {
    fn default() -> Self {
        Self { pattern: None, kind: None, count: SCAN_COUNT }
    }
}

impl<'a> Filter<'a> {
    /// Takes an option of SCAN that CLUSTERSCAN takes as well.
    pub(super) fn take(&mut self, option: &[u8], value: &'a [u8]) -> Result<(), ErrorReply> {
        if is_word(option, "match") {
            self.pattern = Some(value).filter(|pattern| *pattern != b"*");
        } else if is_word(option, "type") {
            self.kind = Some(parse_type(value)?);
        } else if is_word(option, "count") {
            let count = numbers::integer(value)?;
            let count = usize::try_from(count).ok().filter(|count| *count > 0);
            self.count = count.ok_or_else(ErrorReply::syntax)?;
        } else {
            return Err(ErrorReply::syntax());
        }
        Ok(())
    }

    /// The slot of all that can be shown, if it is one.
    pub(super) fn slot(&self) -> Option<Slot> {
        self.pattern.and_then(slot_of_pattern)
    }

    pub(super) fn shows(&self, key: &[u8], value: ValueRef<'_>) -> bool {
        self.kind.is_none_or(|kind| value.type_name() == kind)
            && self.pattern.is_none_or(|pattern| glob::matches(pattern, key))
    }
}

fn parse_type(name: &[u8]) -> Result<&'static str, ErrorReply> {
    let found = TYPES.into_iter().find(|known| is_word(name, known));
    found.ok_or_else(|| ErrorReply::echo(&[b"unknown type name '", name, b"'"]))
}
