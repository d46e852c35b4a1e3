//! The command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};

use crate::talk::{Access, Admin, Target, TargetError, Tls};
use crate::view::Start;
use crate::{completions, create, doctor, forget, meet, nodes, plot, slots, top, watch};

/// Forms Valkey clusters, looks at them, and finds what is wrong with them.
///
/// Whatever only reads works on clusters of any kind: slotmesh, Valkey, Redis, mixed. Nodes are asked at their client ports
/// (RESP); a slotmesh node can be asked at its admin port instead (gRPC, --admin).
///
/// Exit codes: 0 good; 1 the cluster is not as wished; 2 wrong arguments, or no node could be asked.
#[derive(Debug, Parser)]
#[command(name = "slotmesh", version, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(create::Options),
    Meet(meet::Options),
    Forget(forget::Options),
    Nodes(nodes::Options),
    Slots(slots::Options),
    Doctor(doctor::Options),
    Watch(watch::Options),
    Top(top::Options),
    Plot(plot::Options),
    Completions(completions::Options),
}

/// Whom to ask, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Node to ask, at its client port; may be given without this flag where a command says so.
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Whom to ask")]
    addr: Option<Target>,
    #[command(flatten)]
    admin: AdminOptions,
    /// User that nodes know us by, for AUTH; the default user if there is none.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Whom to ask", requires = "password_file")]
    user: Option<String>,
    /// File whose first line is the password for AUTH. Without it VALKEYCLI_AUTH in the environment counts.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Whom to ask")]
    password_file: Option<PathBuf>,
    /// Speak TLS to client ports as well.
    #[arg(long, global = true, help_heading = "Whom to ask", requires = "tls_ca_file")]
    tls: bool,
    /// Longest wait for a connection and for each answer, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", value_parser = seconds, help_heading = "Whom to ask")]
    pub(crate) timeout: Duration,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// How the admin API of a slotmesh node is reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct AdminOptions {
    /// slotmesh node to ask, at its admin port, as `HOST:PORT`, with `http://` or `https://` before it or without.
    #[arg(long, global = true, value_name = "HOST:PORT", help_heading = "Whom to ask")]
    admin: Option<AdminAddress>,
    /// File that holds the token for the admin API.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Whom to ask", requires = "admin")]
    pub(crate) token_file: Option<PathBuf>,
    /// Authorities whose certificates are believed, PEM. The admin API is spoken to over TLS then.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Whom to ask")]
    pub(crate) tls_ca_file: Option<PathBuf>,
    /// Our certificate chain, PEM.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Whom to ask", requires_all = ["tls_ca_file", "tls_key_file"])]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Whom to ask", requires = "tls_cert_file")]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// Name in the certificates of nodes, where it is another than the host we ask.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Whom to ask", requires = "tls_ca_file")]
    pub(crate) tls_server_name: Option<String>,
}

/// An address of the admin API.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AdminAddress {
    target: Target,
    tls: bool,
}

impl FromStr for AdminAddress {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (rest, tls) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => (text, false),
        };
        Ok(Self { target: rest.trim_end_matches('/').parse()?, tls })
    }
}

impl AdminOptions {
    /// Whether the API is spoken to over TLS.
    pub(crate) fn speaks_tls(&self) -> bool {
        self.tls_ca_file.is_some()
    }
}

impl Global {
    /// How nodes are asked.
    ///
    /// # Errors
    /// A file can't be read, or TLS was prepared and not asked for.
    pub(crate) fn access(&self) -> Result<Access> {
        let password = match &self.password_file {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("can't read the password from {}", path.display()))?;
                let line = text.lines().next().filter(|line| !line.is_empty());
                Some(line.with_context(|| format!("{} holds no password", path.display()))?.to_owned())
            }
            None => std::env::var("VALKEYCLI_AUTH").ok().filter(|password| !password.is_empty()),
        };
        ensure!(
            self.tls || self.admin.admin.is_some() || self.admin.tls_ca_file.is_none(),
            "--tls-ca-file is for --tls or --admin; without them nothing would be spoken over TLS"
        );
        Ok(Access { timeout: self.timeout, user: self.user.clone(), password, tls: self.tls()? })
    }

    /// How TLS is spoken to client ports, if it is.
    fn tls(&self) -> Result<Option<Tls>> {
        let Some(authorities) = self.admin.tls_ca_file.as_ref().filter(|_| self.tls) else { return Ok(None) };
        let own = self.admin.tls_cert_file.as_deref().zip(self.admin.tls_key_file.as_deref());
        let name = match &self.admin.tls_server_name {
            Some(name) => Some(name.clone().try_into().with_context(|| format!("--tls-server-name {name}"))?),
            None => None,
        };
        Ok(Some(Tls::new(authorities, own, name)?))
    }

    /// The one node to ask: `given`, --addr or --admin.
    ///
    /// # Errors
    /// None or several are given, or the admin API can't be reached.
    pub(crate) async fn start(&self, given: Option<&Target>) -> Result<Start> {
        let mut starts = self.starts(given.map_or(&[], std::slice::from_ref)).await?;
        ensure!(starts.len() == 1, "give one node: an address, --addr or --admin");
        Ok(starts.remove(0))
    }

    /// All nodes to start with.
    ///
    /// # Errors
    /// None is given, or the admin API can't be reached.
    pub(crate) async fn starts(&self, given: &[Target]) -> Result<Vec<Start>> {
        let mut starts: Vec<Start> = given.iter().chain(&self.addr).cloned().map(Start::Resp).collect();
        if let Some(admin) = self.admin().await? {
            starts.push(Start::Admin(admin));
        }
        ensure!(!starts.is_empty(), "give a node to ask: HOST:PORT, --addr HOST:PORT or --admin HOST:PORT");
        Ok(starts)
    }

    /// The node of --addr.
    pub(crate) fn addr(&self) -> Option<&Target> {
        self.addr.as_ref()
    }

    /// The admin API of --admin, if that is given.
    ///
    /// # Errors
    /// It can't be reached.
    pub(crate) async fn admin(&self) -> Result<Option<Admin>> {
        let Some(AdminAddress { target, tls }) = &self.admin.admin else { return Ok(None) };
        if *tls && !self.admin.speaks_tls() {
            bail!("--admin https://{target} needs --tls-ca-file: the authority of the node's certificate");
        }
        Ok(Some(Admin::connect(&self.admin, target, self.timeout).await?))
    }
}

/// A number of seconds, with a fraction if need be.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.001..=86_400.0).contains(&number) {
        Ok(Duration::from_secs_f64(number))
    } else {
        Err("expected 0.001 to 86400 seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn admin_addresses_may_be_urls() {
        let parse = |text: &str| text.parse::<AdminAddress>();
        assert_eq!(parse("127.0.0.1:9379").unwrap(), parse("http://127.0.0.1:9379/").unwrap());
        assert!(parse("https://[::1]:9379").unwrap().tls);
        assert_eq!(parse("http://localhost"), Err(TargetError::Form));
    }

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["", "x", "0", "-1", "NaN", "inf", "1e9"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
