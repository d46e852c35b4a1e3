//! COMMAND.

use slotmesh_config::glob;
use slotmesh_resp::ReplyWriter;

use crate::call::{Call, Handled, is_word};
use crate::error_reply::ErrorReply;
use crate::outcome::Outcome;
use crate::table::{self, Argument, KeySpec, Known, Lookup};

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
    let (first, last, step) = spec.keys.map_or((0, 0, 0), |keys| (keys.first, keys.last_word(), keys.step));
    [first as i64, last, step as i64].into_iter().for_each(|number| reply.integer(number));
    reply.set(spec.categories.len());
    spec.categories.iter().for_each(|category| reply.simple(&format!("@{}", category.name())));
    reply.set(spec.tips.len());
    spec.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(usize::from(spec.keys.is_some()));
    if let Some(keys) = spec.keys {
        write_key_spec(&keys, reply);
    }
    reply.array(command.subcommands.len());
    command.subcommands.iter().for_each(|subcommand| write_info(subcommand, reply));
}

fn write_key_spec(keys: &KeySpec, reply: &mut ReplyWriter<'_>) {
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(keys.flags.len());
    keys.flags.iter().for_each(|flag| reply.simple(flag));
    let mut step = |name: &str, kind: &str, numbers: &[(&str, i64)]| {
        reply.bulk(name.as_bytes());
        reply.map(2);
        reply.bulk(b"type");
        reply.bulk(kind.as_bytes());
        reply.bulk(b"spec");
        reply.map(numbers.len());
        for (name, number) in numbers {
            reply.bulk(name.as_bytes());
            reply.integer(*number);
        }
    };
    step("begin_search", "index", &[("index", keys.first as i64)]);
    step("find_keys", "range", &[("lastkey", i64::from(keys.last)), ("keystep", keys.step as i64), ("limit", 0)]);
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
    let flags = [(argument.optional, "optional"), (argument.multiple, "multiple")];
    let flags: Vec<&str> = flags.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    let texts = [
        ("display_text", (!argument.kind.is_nested()).then_some(argument.display)),
        ("token", argument.token),
        ("since", argument.since),
        ("deprecated_since", argument.deprecated),
    ];
    let given = texts.iter().filter(|(_, text)| text.is_some()).count();
    reply.map(2 + given + usize::from(!flags.is_empty()) + usize::from(!argument.arguments.is_empty()));
    for (name, text) in [("name", Some(argument.name)), ("type", Some(argument.kind.name()))].into_iter().chain(texts) {
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
    Err(match table::lookup(&call.args[2..]) {
        // What routes as keys do is none, and no command has others so far.
        Lookup::Found(_) => ErrorReply::err("The command has no key arguments"),
        Lookup::NoSubcommand | Lookup::NoCommand => ErrorReply::err("Invalid command specified"),
    })
}

pub(crate) use getkeys as getkeysandflags;

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
