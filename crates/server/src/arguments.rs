//! The command line.

use slotmesh_node::VALKEY_VERSION;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Print this and end.
    Print(String),
    /// Run the server with this file and these directives.
    Run(Vec<String>),
}

const HELP: &str = "\
Usage: slotmesh-server [FILE] [--DIRECTIVE VALUE ...]
       slotmesh-server - < FILE
       slotmesh-server -v | --version
       slotmesh-server -h | --help

A Valkey Cluster node. Directives are those of valkey.conf; on the command line they win over the file.

Examples:
       slotmesh-server --port 7000 --cluster-enabled yes
       slotmesh-server /etc/slotmesh/7000.conf --loglevel verbose

Exit codes: 0 stopped as asked, 1 runtime error, 2 configuration error.
";

pub(crate) fn parse(mut words: Vec<String>) -> Wish {
    match words.first().map(String::as_str) {
        Some("-h" | "--help") => return Wish::Print(HELP.to_owned()),
        Some("-v" | "--version") => {
            let version = env!("CARGO_PKG_VERSION");
            return Wish::Print(format!("slotmesh-server {version} (behaves as Valkey {VALKEY_VERSION})\n"));
        }
        _ => {}
    }
    // Real servers take the `-` for standard input at the end as well.
    if words.len() > 1 && words.last().is_some_and(|word| word == "-") && words[0].starts_with("--") {
        words.rotate_right(1);
    }
    Wish::Run(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn help_and_version_are_printed() {
        assert!(matches!(parse(words("--help")), Wish::Print(text) if text.contains("Exit codes")));
        assert!(matches!(parse(words("-v")), Wish::Print(text) if text.contains("9.1.2")));
    }

    #[test]
    fn standard_input_may_be_named_last() {
        assert_eq!(parse(words("--port 1 -")), Wish::Run(words("- --port 1")));
        assert_eq!(parse(words("a.conf --port 1")), Wish::Run(words("a.conf --port 1")));
    }
}
