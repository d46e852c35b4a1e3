//! ACL, as far as one user needs it: the default user may do everything once he has shown the password.

use super::connection::DEFAULT_USER;
use crate::call::{Call, Handled};
use crate::error_reply::{ErrorReply, wrong_shape};
use crate::outcome::Outcome;
use crate::table::{self, Category};

/// Every category, in the order in which ACL CAT tells them.
const CATEGORIES: [Category; 21] = [
    Category::Keyspace,
    Category::Read,
    Category::Write,
    Category::Set,
    Category::SortedSet,
    Category::List,
    Category::Hash,
    Category::String,
    Category::Bitmap,
    Category::HyperLogLog,
    Category::Geo,
    Category::Stream,
    Category::Pubsub,
    Category::Admin,
    Category::Fast,
    Category::Slow,
    Category::Blocking,
    Category::Dangerous,
    Category::Connection,
    Category::Transaction,
    Category::Scripting,
];

pub(crate) fn whoami(call: &mut Call<'_>) -> Handled {
    call.reply().bulk(DEFAULT_USER);
    Ok(Outcome::Continue)
}

pub(crate) fn users(call: &mut Call<'_>) -> Handled {
    let mut reply = call.reply();
    reply.array(1);
    reply.bulk(DEFAULT_USER);
    Ok(Outcome::Continue)
}

pub(crate) fn cat(call: &mut Call<'_>) -> Handled {
    let names: Vec<&str> = match *call.args {
        [_, _] => CATEGORIES.iter().map(|category| category.name()).collect(),
        [_, _, name] => commands_of(name)?,
        _ => return Err(wrong_shape(call)),
    };
    let mut reply = call.reply();
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name.as_bytes()));
    Ok(Outcome::Continue)
}

/// The commands and subcommands of a category.
fn commands_of(name: &[u8]) -> Result<Vec<&'static str>, ErrorReply> {
    let category = CATEGORIES.iter().find(|category| name.eq_ignore_ascii_case(category.name().as_bytes()));
    let category = category.ok_or_else(|| ErrorReply::echo(&[b"Unknown category '", name, b"'"]))?;
    let commands = (0..table::count()).map(table::by_index);
    let of_category = commands.filter(|command| command.spec.categories.contains(category));
    Ok(of_category.map(|command| command.full_name.as_str()).collect())
}

pub(crate) fn setuser(_call: &mut Call<'_>) -> Handled {
    Err(ErrorReply::err(
        "ACL SETUSER is not supported by this release of slotmesh: there is one user, 'default', and 'CONFIG SET requirepass' \
         sets the password",
    ))
}
