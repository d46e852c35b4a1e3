//! COMMAND.

use slotmesh_config::glob;
use slotmesh_resp::ReplyWriter;

use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::table::{self, Argument, Begin, Find, Flag, KeyPlace, KeySpec, Known, Lookup};

pub(crate) fn all(call: &mut Call<'_>) -> Handled {
    let mut reply = call.reply();
    reply.array(table::known().len());
    table::known().iter().for_each(|command| write_info(command, &mut reply));
    Ok(Outcome::Continue)
}

pub(crate) fn count(call: &mut Call<'_>) -> Handled {
    call.reply().integer(i64::try_from(table::known().len()).unwrap_or(i64::MAX));
    Ok(Outcome::Continue)
}

pub(crate) fn info(call: &mut Call<'_>) -> Handled {
    let names = &call.args[2..];
    if names.is_empty() {
        return all(call);
    }
    call.reply().array(names.len());
    for name in names {
        match table::find(name) {
            Some(command) => write_info(command, &mut call.reply()),
            None => call.reply().null(),
        }
        if call.is_too_much() {
            return Ok(Outcome::Close);
        }
    }
    Ok(Outcome::Continue)
}

fn write_info(command: &Known, reply: &mut ReplyWriter<'_>) {
    let spec = command.spec;
    reply.array(10);
    reply.bulk(command.full_name.as_bytes());
    reply.integer(i64::from(spec.arity));
    reply.set(spec.flags.len());
    spec.flags.iter().for_each(|flag| reply.simple(flag.name()));
    let (first, last, step) = table::legacy_range(spec.keys);
    [first, last, step].into_iter().for_each(|number| reply.integer(number));
    reply.set(spec.categories.len());
    spec.categories.iter().for_each(|category| reply.simple(&format!("@{}", category.name())));
    reply.set(spec.tips.len());
    spec.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(spec.keys.len());
    spec.keys.iter().for_each(|keys| write_key_spec(keys, reply));
    reply.array(command.subcommands.len());
    command.subcommands.iter().for_each(|subcommand| write_info(subcommand, reply));
}

fn write_key_spec(keys: &KeySpec, reply: &mut ReplyWriter<'_>) {
    reply.map(3 + usize::from(keys.notes.is_some()));
    if let Some(notes) = keys.notes {
        reply.bulk(b"notes");
        reply.bulk(notes.as_bytes());
    }
    reply.bulk(b"flags");
    reply.set(keys.flags.len());
    keys.flags.iter().for_each(|flag| reply.simple(flag));
    reply.bulk(b"begin_search");
    match keys.begin {
        Begin::Index(word) => write_step(reply, "index", &[("index", word as i64)]),
        Begin::Keyword { word, from } => {
            write_step_head(reply, "keyword", 2);
            reply.bulk(b"keyword");
            reply.bulk(word.as_bytes());
            reply.bulk(b"startfrom");
            reply.integer(i64::from(from));
        }
        Begin::Unknown => write_step(reply, "unknown", &[]),
    }
    reply.bulk(b"find_keys");
    match keys.find {
        Find::Range { last, step, limit } => {
            let numbers = [("lastkey", i64::from(last)), ("keystep", step as i64), ("limit", limit as i64)];
            write_step(reply, "range", &numbers);
        }
        Find::KeyNum { at, first, step } => {
            let numbers = [("keynumidx", at as i64), ("firstkey", first as i64), ("keystep", step as i64)];
            write_step(reply, "keynum", &numbers);
        }
        Find::Unknown => write_step(reply, "unknown", &[]),
    }
}

fn write_step(reply: &mut ReplyWriter<'_>, kind: &str, numbers: &[(&str, i64)]) {
    write_step_head(reply, kind, numbers.len());
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.integer(*number);
    }
}

fn write_step_head(reply: &mut ReplyWriter<'_>, kind: &str, facts: usize) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(facts);
}

pub(crate) fn docs(call: &mut Call<'_>) -> Handled {
    let names = &call.args[2..];
    let found: Vec<&Known> = if names.is_empty() {
        table::known().iter().collect()
    } else {
        names.iter().filter_map(|name| table::find(name)).collect()
    };
    call.reply().map(found.len());
    for command in found {
        let mut reply = call.reply();
        reply.bulk(command.full_name.as_bytes());
        write_docs(command, &mut reply);
        if call.is_too_much() {
            return Ok(Outcome::Close);
        }
    }
    Ok(Outcome::Continue)
}

fn write_docs(command: &Known, reply: &mut ReplyWriter<'_>) {
    let spec = command.spec;
    let some = [
        spec.complexity.is_some(),
        !spec.doc_flags.is_empty(),
        !spec.history.is_empty(),
        !spec.arguments.is_empty(),
        !spec.subcommands.is_empty(),
    ];
    let optional = some.into_iter().filter(|some| *some).count() + 2 * usize::from(spec.deprecated.is_some());
    reply.map(3 + optional);
    let mut pair = |name: &str, value: &str| {
        reply.bulk(name.as_bytes());
        reply.bulk(value.as_bytes());
    };
    pair("summary", spec.summary);
    pair("since", spec.since);
    pair("group", spec.group.name());
    if let Some(complexity) = spec.complexity {
        pair("complexity", complexity);
    }
    if !spec.doc_flags.is_empty() {
        reply.bulk(b"doc_flags");
        reply.set(spec.doc_flags.len());
        spec.doc_flags.iter().for_each(|flag| reply.simple(flag));
    }
    if let Some(deprecated) = spec.deprecated {
        for (name, value) in [("deprecated_since", deprecated.since), ("replaced_by", deprecated.replaced_by)] {
            reply.bulk(name.as_bytes());
            reply.bulk(value.as_bytes());
        }
    }
    if !spec.history.is_empty() {
        reply.bulk(b"history");
        reply.set(spec.history.len());
        for (version, change) in spec.history {
            reply.array(2);
            reply.bulk(version.as_bytes());
            reply.bulk(change.as_bytes());
        }
    }
    if !spec.arguments.is_empty() {
        reply.bulk(b"arguments");
        write_arguments(spec.arguments, reply);
    }
    if !command.subcommands.is_empty() {
        reply.bulk(b"subcommands");
        reply.map(command.subcommands.len());
        for subcommand in &command.subcommands {
            reply.bulk(subcommand.full_name.as_bytes());
            write_docs(subcommand, reply);
        }
    }
}

fn write_arguments(arguments: &[Argument], reply: &mut ReplyWriter<'_>) {
    reply.array(arguments.len());
    for argument in arguments {
        write_argument(argument, reply);
    }
}

fn write_argument(argument: &Argument, reply: &mut ReplyWriter<'_>) {
    let flags =
        [(argument.optional, "optional"), (argument.multiple, "multiple"), (argument.multiple_token, "multiple_token")];
    let flags: Vec<&str> = flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    let display = (!argument.kind.is_nested()).then_some(argument.display);
    let texts = [
        ("token", argument.token),
        ("summary", argument.summary),
        ("since", argument.since),
        ("deprecated_since", argument.deprecated),
    ];
    let given = texts.iter().filter(|(_, text)| text.is_some()).count();
    let others = [display.is_some(), argument.key_spec.is_some(), !flags.is_empty(), !argument.arguments.is_empty()];
    reply.map(2 + given + others.into_iter().filter(|is_given| *is_given).count());
    let mut pair = |name: &str, text: &str| {
        reply.bulk(name.as_bytes());
        reply.bulk(text.as_bytes());
    };
    pair("name", argument.name);
    pair("type", argument.kind.name());
    display.into_iter().for_each(|display| pair("display_text", display));
    if let Some(spec) = argument.key_spec {
        reply.bulk(b"key_spec_index");
        reply.integer(spec as i64);
    }
    for (name, text) in texts {
        if let Some(text) = text {
            reply.bulk(name.as_bytes());
            reply.bulk(text.as_bytes());
        }
    }
    if !flags.is_empty() {
        reply.bulk(b"flags");
        reply.set(flags.len());
        flags.into_iter().for_each(|flag| reply.simple(flag));
    }
    if !argument.arguments.is_empty() {
        reply.bulk(b"arguments");
        write_arguments(argument.arguments, reply);
    }
}

pub(crate) fn getkeys(call: &mut Call<'_>) -> Handled {
    let places = places_in_request(call)?;
    let args = &call.args[2..];
    let mut reply = call.reply();
    reply.array(places.len());
    places.iter().for_each(|place| reply.bulk(args[place.word]));
    Ok(Outcome::Continue)
}

pub(crate) fn getkeysandflags(call: &mut Call<'_>) -> Handled {
    let places = places_in_request(call)?;
    let args = &call.args[2..];
    let mut reply = call.reply();
    reply.array(places.len());
    for place in places {
        reply.array(2);
        reply.bulk(args[place.word]);
        reply.set(place.flags.len());
        place.flags.iter().for_each(|flag| reply.simple(flag));
    }
    Ok(Outcome::Continue)
}

/// Where the keys of a request are that stands behind two words.
fn places_in_request(call: &Call<'_>) -> Result<Vec<KeyPlace>, ErrorReply> {
    let args = &call.args[2..];
    let Lookup::Found(command) = table::lookup(args) else {
        return Err(ErrorReply::err("Invalid command specified"));
    };
    // What routes as keys do is none.
    if !command.spec.has_keys() {
        return Err(ErrorReply::err("The command has no key arguments"));
    }
    if !command.spec.accepts(args.len()) {
        return Err(ErrorReply::err("Invalid number of arguments specified for command"));
    }
    let places = command.spec.key_places(args);
    if places.is_empty() && !command.spec.flags.contains(&Flag::NoMandatoryKeys) {
        return Err(ErrorReply::err("Invalid arguments specified for command"));
    }
    Ok(places)
}

pub(crate) fn list(call: &mut Call<'_>) -> Handled {
    let names = match call.args[2..] {
        [] => with_subcommands().map(|command| command.full_name.as_str()).collect(),
        [filter, what, value] if is_word(filter, "filterby") => filtered(what, value)?,
        _ => return Err(ErrorReply::syntax()),
    };
    let mut reply = call.reply();
    reply.array(names.len());
    names.into_iter().for_each(|name| reply.bulk(name.as_bytes()));
    Ok(Outcome::Continue)
}

fn with_subcommands() -> impl Iterator<Item = &'static Known> {
    table::known().iter().flat_map(|known| std::iter::once(known).chain(&known.subcommands))
}

fn filtered(what: &[u8], value: &[u8]) -> Result<Vec<&'static str>, ErrorReply> {
    let pick = |wanted: &dyn Fn(&Known) -> bool| {
        with_subcommands().filter(|known| wanted(known)).map(|known| known.full_name.as_str()).collect()
    };
    if is_word(what, "module") {
        Ok(Vec::new())
    } else if is_word(what, "aclcat") {
        Ok(pick(&|known| known.spec.categories.iter().any(|category| is_word(value, category.name()))))
    } else if is_word(what, "pattern") {
        Ok(pick(&|known| glob::matches_ignoring_case(value, known.full_name.as_bytes())))
    } else {
        Err(ErrorReply::syntax())
    }
}
