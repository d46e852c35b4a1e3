//! Names in the place of what differs from run to run.

use slotmesh_resp::Value;

/// The nodes of one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) ids: Vec<String>,
    pub(super) ports: Vec<u16>,
}

impl Names {
    /// A word of a step as this side has to be asked.
    pub(super) fn expand(&self, word: &str) -> String {
        let index = |prefix| word.strip_prefix(prefix).and_then(|index: &str| index.parse::<usize>().ok());
        let id = index("$id:").and_then(|index| self.ids.get(index)).cloned();
        let port = || index("$port:").and_then(|index| self.ports.get(index)).map(u16::to_string);
        id.or_else(port).unwrap_or_else(|| word.to_owned())
    }
}

/// A reply as both sides should give it: ids, ports and times have names, lengths follow from what they announce, figures
/// of the bus and the order of nodes are left out. With `any_order` no line keeps its place.
pub(super) fn reply(bytes: &[u8], names: &Names, any_order: bool) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for (index, id) in names.ids.iter().enumerate() {
        text = text.replace(id, &format!("<id {index}>"));
    }
    for (index, port) in names.ports.iter().enumerate() {
        text = text.replace(&(port + 10_000).to_string(), &format!("<bus {index}>"));
        text = text.replace(&port.to_string(), &format!("<port {index}>"));
    }
    let is_length = |line: &str| line.starts_with(['$', '=']) && line[1..].bytes().all(|byte| byte.is_ascii_digit());
    let lines = text.split("\r\n").flat_map(|line| line.split('\n'));
    let lines = lines.filter(|line| !is_length(line) && !line.starts_with("cluster_stats_"));
    let mut lines: Vec<String> = lines.map(line).collect();
    // Lines of CLUSTER NODES stand side by side; a stable sort leaves everything else where it is.
    let is_node = |line: &String| line.contains("@<bus ");
    if any_order {
        lines.sort();
    } else if lines.iter().any(is_node) {
        lines.sort_by_key(|line| if is_node(line) { line.clone() } else { String::new() });
    }
    lines.join("\n")
}

/// A reply as it is, with what is no text escaped.
pub(super) fn escaped(reply: &[u8]) -> String {
    reply.escape_ascii().to_string()
}

/// Whether two replies, escaped, are times in milliseconds within a second: a term that each server has counted from its own
/// present ends when it does.
pub(super) fn are_one_moment(ours: &str, theirs: &str) -> bool {
    let millis = |reply: &str| {
        let digits = reply.strip_prefix(':')?.strip_suffix("\\r\\n")?;
        (digits.len() == 13).then(|| digits.parse::<u64>().ok())?
    };
    millis(ours).zip(millis(theirs)).is_some_and(|(ours, theirs)| ours.abs_diff(theirs) < 1000)
}

/// A reply whose elements, or theirs, come in no promised order.
pub(super) fn in_order(reply: &[u8]) -> anyhow::Result<String> {
    let Some((value, _)) = Value::parse(reply)? else { anyhow::bail!("half a reply") };
    Ok(format!("{:?}", sorted(value)))
}

fn sorted(value: Value) -> Value {
    let in_order = |values: Vec<Value>| {
        let mut values: Vec<Value> = values.into_iter().map(sorted).collect();
        values.sort_by_key(|value| format!("{value:?}"));
        values
    };
    match value {
        Value::Array(values) => Value::Array(in_order(values)),
        Value::Set(values) => Value::Set(in_order(values)),
        Value::Map(mut pairs) => {
            pairs.sort_by_key(|(name, _)| format!("{name:?}"));
            Value::Map(pairs)
        }
        other => other,
    }
}

fn line(line: &str) -> String {
    let line = line.strip_prefix("txt:").unwrap_or(line);
    let mut words: Vec<String> = line.split(' ').map(word).collect();
    if words.iter().any(|word| word.contains("@<bus")) && words.len() > 7 {
        // Times of the last ping and pong. Names have put a space into id and address.
        let link = words.iter().position(|word| word.ends_with("connected")).unwrap_or(words.len());
        words.drain(link.saturating_sub(3)..link.saturating_sub(1));
        // A real replica is sent what its primary has open, also what that had open before. We do not replicate yet.
        // They stand at the end.
        let open = words.iter().position(|word| word.starts_with('['));
        if words.iter().any(|word| word.starts_with("myself,slave")) {
            words.truncate(open.unwrap_or(words.len()));
        }
    }
    words.join(" ")
}

/// An id of nobody, as that of a shard.
fn word(word: &str) -> String {
    let is_hex = word.len() == 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
    if is_hex { "<hex>".to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names { ids: vec!["a".repeat(40), "b".repeat(40)], ports: vec![7001, 7002] }
    }

    #[test]
    fn moments_within_a_second_are_one() {
        assert!(are_one_moment(":1796057978118\\r\\n", ":1796057978119\\r\\n"));
        assert!(!are_one_moment(":1796057978118\\r\\n", ":1796057979119\\r\\n"));
        assert!(!are_one_moment(":118\\r\\n", ":119\\r\\n") && !are_one_moment("$-1\\r\\n", "$-1\\r\\n"));
    }

    #[test]
    fn nodes_are_shown_without_times_and_order() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let one = format!(
            "${}\r\n{a} 127.0.0.1:7001@17001 myself,master - 0 0 5 connected 0-7\n{b} 127.0.0.1:7002@17002 master - 0 1795397043000 6 connected\n\r\n",
            150
        );
        let other = format!(
            "=9\r\ntxt:{b} 127.0.0.1:7002@17002 master - 0 1795397043999 6 connected\n{a} 127.0.0.1:7001@17001 myself,master - 0 0 5 connected 0-7\n\r\n"
        );
        assert_eq!(reply(one.as_bytes(), &names(), false), reply(other.as_bytes(), &names(), false));
        assert!(
            reply(one.as_bytes(), &names(), false)
                .contains("<id 0> 127.0.0.1:<port 0>@<bus 0> myself,master - 5 connected 0-7")
        );
    }

    #[test]
    fn what_a_replica_has_open_is_not_shown() {
        let id = "a".repeat(40);
        let shown = |flags: &str| {
            let line = format!("{id} 127.0.0.1:7001@17001 {flags} 0 0 5 connected [7->-{id}]");
            reply(line.as_bytes(), &names(), false)
        };
        assert!(shown("myself,master -").ends_with(" connected [7->-<id 0>]"));
        assert!(shown("myself,slave x").ends_with(" 5 connected"));
    }

    #[test]
    fn what_a_reply_says_stays() {
        assert_eq!(reply(b"-ERR Slot 5 is already busy\r\n", &names(), false), "-ERR Slot 5 is already busy\n");
        assert_eq!(names().expand("$id:1"), "b".repeat(40));
        assert_eq!(names().expand("$id:7"), "$id:7");
        assert_eq!(names().expand("$port:1"), "7002");
    }
}
