//! The keys of a request.

use std::ops::ControlFlow;

use super::command::Command;
use super::key_spec::VARIABLE_FLAGS;

/// Where a key stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// Which word it is.
    pub word: usize,
    /// What the command does with it, in the words of COMMAND INFO.
    pub flags: &'static [&'static str],
}

/// Finds the keys of a request whose table entry does not tell them.
pub(crate) type OwnKeys = fn(&[&[u8]]) -> Vec<KeyPlace>;

impl Command {
    /// Whether requests have keys.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.own_keys.is_some() || self.keys.iter().any(super::KeySpec::is_about_keys)
    }

    /// Where the keys of a request are; none in one that is wrong. Source: `getKeysFromCommandWithSpecs`.
    #[must_use]
    pub fn key_places(&self, args: &[&[u8]]) -> Vec<KeyPlace> {
        match self.own_keys {
            Some(find) if self.keys.iter().any(|spec| spec.flags.contains(&VARIABLE_FLAGS)) => find(args),
            own => self.told_places(args).or_else(|| own.map(|find| find(args))).unwrap_or_default(),
        }
    }

    /// Which word is the first key of every request, and whether it is the only one.
    pub(crate) fn first_key(&self) -> Option<(usize, bool)> {
        let [spec] = self.keys else { return None };
        spec.first().filter(|_| spec.is_about_keys()).map(|word| (word, spec.is_only()))
    }

    /// The keys of a request.
    pub(crate) fn keys_of<'a>(&self, args: &[&'a [u8]]) -> Vec<&'a [u8]> {
        self.key_places(args).into_iter().map(|place| args[place.word]).collect()
    }

    /// The places that the table tells, if it tells all of them.
    fn told_places(&self, args: &[&[u8]]) -> Option<Vec<KeyPlace>> {
        let mut all = Vec::new();
        for spec in self.keys.iter().filter(|spec| spec.is_about_keys()) {
            all.extend(spec.places(args)?.map(|word| KeyPlace { word, flags: spec.flags }));
        }
        Some(all)
    }

    /// Calls `each` with what decides which slot a request is for: its keys, or what routes it as keys do.
    pub fn routed_by<'a, B>(
        &self,
        args: &[&'a [u8]],
        mut each: impl FnMut(&'a [u8]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        // Of nearly all requests.
        if let [spec] = self.keys
            && let Some(places) = spec.places(args)
        {
            return places.map(|word| args[word]).try_for_each(each);
        }
        if self.keys.iter().any(|spec| !spec.is_about_keys()) {
            let places = self.keys.iter().filter_map(|spec| spec.places(args)).flatten();
            return places.map(|word| args[word]).try_for_each(each);
        }
        self.key_places(args).into_iter().try_for_each(|place| each(args[place.word]))
    }
}
