//! ZADD and ZINCRBY.

use slotmesh_store::{AddMembers, AddRule, AddScores, Added, Edited, SortedSet, parse_double};

use crate::call::is_word;
use crate::commands::shown::write_score;
use crate::error_reply::ErrorReply;
use crate::event::Classes;
use crate::keyed::{Done, Keyed};

/// Options of ZADD.
#[derive(Debug, Default)]
struct Options {
    new_only: bool,
    present_only: bool,
    greater: bool,
    less: bool,
    /// CH: scores that have changed are counted as well as new members.
    counts_changes: bool,
    increment: bool,
}

/// What came of adding members.
#[derive(Debug, Default)]
struct Outcome {
    added: usize,
    changed: usize,
    /// The score of the last that was not refused.
    score: Option<f64>,
    is_no_number: bool,
}

pub(crate) fn zadd(call: &mut Keyed<'_>) -> Done {
    add(call, Options::default())
}

pub(crate) fn zincrby(call: &mut Keyed<'_>) -> Done {
    add(call, Options { increment: true, ..Options::default() })
}

impl Options {
    /// Takes the options at the beginning; gives what follows.
    fn parse<'w, 'a>(&mut self, mut words: &'w [&'a [u8]]) -> &'w [&'a [u8]] {
        while let [word, rest @ ..] = words {
            let option = match () {
                () if is_word(word, "nx") => &mut self.new_only,
                () if is_word(word, "xx") => &mut self.present_only,
                () if is_word(word, "gt") => &mut self.greater,
                () if is_word(word, "lt") => &mut self.less,
                () if is_word(word, "ch") => &mut self.counts_changes,
                () if is_word(word, "incr") => &mut self.increment,
                () => return words,
            };
            *option = true;
            words = rest;
        }
        words
    }

    fn rule(&self, pairs: usize) -> Result<AddRule, ErrorReply> {
        if self.new_only && self.present_only {
            return Err(ErrorReply::err("XX and NX options at the same time are not compatible"));
        }
        if usize::from(self.new_only) + usize::from(self.greater) + usize::from(self.less) > 1 {
            return Err(ErrorReply::err("GT, LT, and/or NX options at the same time are not compatible"));
        }
        if self.increment && pairs > 1 {
            return Err(ErrorReply::err("INCR option supports a single increment-element pair"));
        }
        let members = match () {
            () if self.new_only => AddMembers::New,
            () if self.present_only => AddMembers::Present,
            () => AddMembers::Any,
        };
        let scores = match () {
            () if self.greater => AddScores::Greater,
            () if self.less => AddScores::Less,
            () => AddScores::Any,
        };
        Ok(AddRule { increment: self.increment, members, scores })
    }
}

fn add(call: &mut Keyed<'_>, mut options: Options) -> Done {
    let words = options.parse(&call.args[2..]);
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return Err(ErrorReply::syntax());
    }
    // What options say against each other is told before wrong scores.
    let rule = options.rule(words.len() / 2)?;
    let entry = |pair: &[&'_ [u8]]| parse_double(pair[0]).ok_or_else(|| ErrorReply::err("value is not a valid float"));
    let scores = words.chunks(2).map(entry).collect::<Result<Vec<f64>, _>>()?;
    let members: Vec<&[u8]> = words.chunks(2).map(|pair| pair[1]).collect();
    add_entries(call, (rule, options.counts_changes), &scores, &members)
}

/// Gives members their scores, and replies what came of it. The rule goes with whether changes are counted.
pub(in crate::commands) fn add_entries(
    call: &mut Keyed<'_>,
    (rule, counts_changes): (AddRule, bool),
    scores: &[f64],
    members: &[&[u8]],
) -> Done {
    let (key, limits) = (call.args[1], call.settings.sorted_set);
    let longest = members.iter().map(|member| member.len()).max().unwrap_or_default();
    let outcome = call.db.edit_or_new(key, |set: &mut SortedSet| {
        set.expect(members.len(), longest, limits);
        let mut outcome = Outcome::default();
        for (member, score) in members.iter().zip(scores) {
            outcome.note(set.add(member, *score, rule, limits));
        }
        Edited::times(outcome.added + outcome.changed, outcome)
    })?;
    if outcome.is_no_number {
        return Err(ErrorReply::err("resulting score is not a number (NaN)"));
    }
    if outcome.added + outcome.changed > 0 {
        call.tell(Classes::SORTED_SET, if rule.increment { "zincr" } else { "zadd" }, key);
    }
    match (rule.increment, outcome.score) {
        (true, Some(score)) => write_score(&mut call.reply, score),
        (true, None) => call.reply.null(),
        (false, _) => {
            let changed = if counts_changes { outcome.changed } else { 0 };
            return call.count(outcome.added + changed);
        }
    }
    Ok(())
}

impl Outcome {
    fn note(&mut self, added: Added) {
        match added {
            Added::New(score) => (self.added, self.score) = (self.added + 1, Some(score)),
            Added::Changed(score) => (self.changed, self.score) = (self.changed + 1, Some(score)),
            Added::Same(score) => self.score = Some(score),
            Added::Refused => {}
            Added::NotANumber => self.is_no_number = true,
        }
    }
}
