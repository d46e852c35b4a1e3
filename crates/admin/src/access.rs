//! Who may do what.

use subtle::ConstantTimeEq;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Look.
    Read,
    /// Look and change.
    Admin,
}

/// Why a file of tokens is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A line is something else.
    #[error("line {line}: expected 'ROLE TOKEN' with the role 'read' or 'admin'")]
    Line {
        /// Line, from 1.
        line: usize,
    },
    /// A token is too easy to guess.
    #[error("line {line}: a token has at least {} characters", Tokens::LENGTH_MIN)]
    Short {
        /// Line, from 1.
        line: usize,
    },
    /// There is none.
    #[error("it holds no token")]
    Empty,
}

/// The bearer tokens that are known. Shows none of them.
#[derive(Clone)]
pub struct Tokens(Vec<(Role, String)>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// Fewest characters of a token.
    pub const LENGTH_MIN: usize = 16;

    /// Reads lines `ROLE TOKEN`; empty lines and those that start with `#` are left out.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut tokens = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            match line.split_ascii_whitespace().collect::<Vec<_>>()[..] {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                [_, token] if token.len() < Self::LENGTH_MIN => return Err(TokenError::Short { line: line_number }),
                ["read", token] => tokens.push((Role::Read, token.to_owned())),
                ["admin", token] => tokens.push((Role::Admin, token.to_owned())),
                _ => return Err(TokenError::Line { line: line_number }),
            }
        }
        if tokens.is_empty() { Err(TokenError::Empty) } else { Ok(Self(tokens)) }
    }

    /// The role of a token. Every known one is compared, each in constant time: how long it takes says nothing.
    pub(crate) fn role(&self, token: &str) -> Option<Role> {
        let mut found = None;
        for (role, known) in &self.0 {
            if bool::from(known.as_bytes().ct_eq(token.as_bytes())) {
                found = found.max(Some(*role));
            }
        }
        found
    }
}

/// What client certificates allow.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    /// Names whose bearers may change things.
    admins: Vec<String>,
    /// What all others may do, whom the authority has let in.
    others: Role,
}

/// Whoever has shown a certificate of the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The names in it.
    pub(crate) names: Vec<String>,
    /// What it allows.
    pub(crate) role: Role,
}

impl Certificates {
    /// Those who bear one of these names may change things, others look. Where tokens are asked for and nobody is named,
    /// the token alone says what its bearer may do.
    pub(crate) fn new(admins: &[String], with_tokens: bool) -> Self {
        let others = if with_tokens && admins.is_empty() { Role::Admin } else { Role::Read };
        Self { admins: admins.to_vec(), others }
    }

    /// What a certificate with these names allows. Names are compared as they are: a wildcard in one stands for itself.
    pub(crate) fn holder(&self, names: Vec<String>) -> Holder {
        let is_admin = names.iter().any(|name| self.admins.contains(name));
        Holder { role: if is_admin { Role::Admin } else { self.others }, names }
    }
}

/// What a call needs: nobody in particular, or a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Probes of an orchestrator carry no token.
    Nothing,
    /// This role.
    Role(Role),
}

/// Asks for health again and again; probes only check.
const HEALTH_WATCH: &str = "grpc.health.v1.Health/Watch";

/// Methods that change nothing.
const READ: [&str; 12] = [
    "MembershipService/ListHandshakes",
    "TopologyService/GetTopology",
    "TopologyService/WatchTopology",
    "EventService/WatchEvents",
    "SlotService/Plan",
    "RecoveryService/PlanRecovery",
    "DiagnosticsService/ListLinks",
    "DiagnosticsService/GetFigures",
    "DiagnosticsService/GetConfig",
    HEALTH_WATCH,
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// What a path needs. What is not known to change nothing needs the highest role.
pub(crate) fn needs(path: &str) -> Needs {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path == "grpc.health.v1.Health/Check" {
        return Needs::Nothing;
    }
    let method = method(path);
    Needs::Role(if path == "metrics" || READ.contains(&method) { Role::Read } else { Role::Admin })
}

/// What is counted while a reading call has its answer to come or not yet taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A place among the answers.
    Answer,
    /// A place among the watchers.
    Watcher,
    /// Nothing here: what changes something has bounds of its own.
    Nothing,
}

/// What a path takes.
pub(crate) fn takes(path: &str) -> Takes {
    let path = path.strip_prefix('/').unwrap_or(path);
    match method(path) {
        "TopologyService/WatchTopology" | "EventService/WatchEvents" | HEALTH_WATCH => Takes::Watcher,
        method if method.starts_with("grpc.reflection.") => Takes::Watcher,
        _ if needs(path) == Needs::Role(Role::Read) => Takes::Answer,
        _ => Takes::Nothing,
    }
}

fn method(path: &str) -> &str {
    path.strip_prefix("slotmesh.admin.v1.").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_tokens_is_read_or_refused_with_its_line() {
        let tokens = Tokens::parse("# ours\n\nread 0123456789abcdef\nadmin fedcba9876543210\n").unwrap();
        assert_eq!(tokens.role("0123456789abcdef"), Some(Role::Read));
        assert_eq!(tokens.role("fedcba9876543210"), Some(Role::Admin));
        assert_eq!(tokens.role("fedcba987654321"), None);
        assert_eq!(format!("{tokens:?}"), "Tokens(2)");
        let error = |text| Tokens::parse(text).unwrap_err();
        assert_eq!(error("read 0123456789abcdef\nwrite 0123456789abcdef"), TokenError::Line { line: 2 });
        assert_eq!(error("read 0123456789abcdef extra"), TokenError::Line { line: 1 });
        assert_eq!(error("admin short"), TokenError::Short { line: 1 });
        assert_eq!(error("# nothing"), TokenError::Empty);
    }

    #[test]
    fn a_certificate_may_change_things_only_by_name_or_with_a_token() {
        let role = |admins: &[&str], with_tokens: bool, names: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            Certificates::new(&owned(admins), with_tokens).holder(owned(names)).role
        };
        let admins = ["ops.example", "spiffe://example/ops"];
        assert_eq!(role(&admins, false, &["a.example", "spiffe://example/ops"]), Role::Admin);
        for names in [&["OPS.example"][..], &["*.example"], &["ops.example.org"], &[]] {
            assert_eq!(role(&admins, false, names), Role::Read, "{names:?}");
            assert_eq!(role(&admins, true, names), Role::Read, "{names:?}");
        }
        assert_eq!(role(&[], false, &["ops.example"]), Role::Read);
        assert_eq!(role(&[], true, &["ops.example"]), Role::Admin, "the token decides");
    }

    #[test]
    fn whatever_is_not_known_to_read_needs_the_highest_role() {
        assert_eq!(needs("/grpc.health.v1.Health/Check"), Needs::Nothing);
        assert_eq!(needs("/grpc.health.v1.Health/Watch"), Needs::Role(Role::Read), "streams are not for strangers");
        assert_eq!(needs("/slotmesh.admin.v1.TopologyService/WatchTopology"), Needs::Role(Role::Read));
        assert_eq!(needs("/metrics"), Needs::Role(Role::Read));
        for path in ["/slotmesh.admin.v1.MembershipService/Meet", "/slotmesh.admin.v1.NewService/GetAll", "/", "/x/y"] {
            assert_eq!(needs(path), Needs::Role(Role::Admin), "{path}");
        }
    }

    #[test]
    fn what_a_reader_may_leave_untaken_is_counted() {
        for path in ["/metrics", "/slotmesh.admin.v1.TopologyService/GetTopology"] {
            assert_eq!(takes(path), Takes::Answer, "{path}");
        }
        for path in ["/grpc.health.v1.Health/Watch", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] {
            assert_eq!(takes(path), Takes::Watcher, "{path}");
        }
        for path in ["/grpc.health.v1.Health/Check", "/slotmesh.admin.v1.MembershipService/Meet"] {
            assert_eq!(takes(path), Takes::Nothing, "{path}");
        }
    }
}
