//! Log lines in four shapes. The default is that of real servers, since tools wait for its words.

use std::fmt::{self, Write};
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use anyhow::Context;
use jiff::{Timestamp, tz::TimeZone};
use parking_lot::RwLock;
use slotmesh_config::Config;
use slotmesh_node::{Node, Topology};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::zone;

/// Lines that may wait to be written.
const LINES_MAX: usize = 1024;

/// The running log. What waits to be written is written when it is dropped.
pub(crate) struct Log {
    level: reload::Handle<LevelFilter, Registry>,
    format: Arc<RwLock<Format>>,
    topology: Arc<OnceLock<Arc<Topology>>>,
    _writer: WorkerGuard,
}

/// Lets the log follow CONFIG SET.
pub(crate) struct Reload {
    level: reload::Handle<LevelFilter, Registry>,
    format: Arc<RwLock<Format>>,
}

impl Reload {
    /// Takes over what has changed.
    pub(crate) fn follow(&self, config: &Config) {
        // Fails only when the log is gone, at the very end.
        let _ = self.level.reload(level(config));
        *self.format.write() = Format::new(config);
    }
}

impl Log {
    pub(crate) fn reload(&self) -> Reload {
        Reload { level: self.level.clone(), format: Arc::clone(&self.format) }
    }

    /// From now on lines show whether the node is a primary or a replica.
    pub(crate) fn show_role_of(&self, node: &Node) {
        // It is set once: there is one node.
        let _ = self.topology.set(Arc::clone(node.topology()));
    }
}

/// Starts the log as the directives say.
pub(crate) fn start(config: &Config) -> anyhow::Result<Log> {
    // Lines are written by a thread of their own: a slow disk or terminal must not delay the bus.
    let (writer, guard) = match config.text("logfile") {
        "" => queue().finish(io::stdout()),
        path => {
            let path = Path::new(config.text("dir")).join(path);
            let file = LogFile(path);
            file.open().with_context(|| format!("can't open the log file {}", file.0.display()))?;
            queue().finish(file)
        }
    };
    let (filter, handle) = reload::Layer::new(level(config));
    let registry = tracing_subscriber::registry().with(filter);
    let (topology, format) = (Arc::new(OnceLock::new()), Arc::new(RwLock::new(Format::new(config))));
    let colours = config.text("logfile").is_empty() && io::stdout().is_terminal();
    let shape = Shape::new(colours, Arc::clone(&format), Arc::clone(&topology));
    registry.with(tracing_subscriber::fmt::layer().event_format(shape).with_writer(writer)).init();
    Ok(Log { level: handle, format, topology, _writer: guard })
}

/// The queue before the writing thread; lines are dropped when it is full. Its memory is taken at once.
fn queue() -> NonBlockingBuilder {
    NonBlockingBuilder::default().buffered_lines_limit(LINES_MAX)
}

fn level(config: &Config) -> LevelFilter {
    match config.text("loglevel") {
        "debug" => LevelFilter::TRACE,
        "verbose" => LevelFilter::DEBUG,
        "warning" => LevelFilter::WARN,
        "nothing" => LevelFilter::OFF,
        _ => LevelFilter::INFO,
    }
}

/// A log file that is opened for each batch of lines, so that it can be moved away and a new one appears.
struct LogFile(PathBuf);

impl LogFile {
    fn open(&self) -> io::Result<fs::File> {
        OpenOptions::new().append(true).create(true).open(&self.0)
    }
}

impl io::Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Syntax {
    Legacy,
    Logfmt,
    Json,
    Pretty,
}

#[derive(Clone, Copy)]
enum Times {
    Legacy,
    Iso8601,
    Milliseconds,
}

/// What directives say of lines.
#[derive(Clone, Copy)]
struct Format {
    syntax: Syntax,
    times: Times,
}

impl Format {
    fn new(config: &Config) -> Self {
        Self {
            syntax: match config.text("log-format") {
                "logfmt" => Syntax::Logfmt,
                "json" => Syntax::Json,
                "pretty" => Syntax::Pretty,
                _ => Syntax::Legacy,
            },
            times: match config.text("log-timestamp-format") {
                "iso8601" => Times::Iso8601,
                "milliseconds" => Times::Milliseconds,
                _ => Times::Legacy,
            },
        }
    }
}

/// How lines look.
struct Shape {
    format: Arc<RwLock<Format>>,
    begun: Instant,
    colours: bool,
    pid: u32,
    zone: TimeZone,
    topology: Arc<OnceLock<Arc<Topology>>>,
}

impl Shape {
    fn new(colours: bool, format: Arc<RwLock<Format>>, topology: Arc<OnceLock<Arc<Topology>>>) -> Self {
        Self { format, begun: Instant::now(), colours, pid: std::process::id(), zone: zone::local(), topology }
    }

    fn time(&self, times: Times) -> String {
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        let here = now.to_zoned_datetime(self.zone.clone());
        match times {
            Times::Legacy => here.strftime("%d %b %Y %H:%M:%S.%3f").to_string(),
            Times::Iso8601 => here.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string(),
            Times::Milliseconds => now.as_millisecond().to_string(),
        }
    }

    /// The role as a letter and as a word; none is known before the node has started.
    fn role(&self) -> (char, &'static str) {
        match self.topology.get() {
            None => ('C', "starting"),
            Some(topology) if topology.view().me().facts.is_primary() => ('M', "primary"),
            Some(_) => ('S', "replica"),
        }
    }

    fn line(&self, level: Level, message: &str) -> String {
        let format = *self.format.read();
        let (pid, time, (letter, role)) = (self.pid, self.time(format.times), self.role());
        let (mark, name) = match level {
            Level::ERROR | Level::WARN => ('#', "warning"),
            Level::INFO => ('*', "notice"),
            Level::DEBUG => ('-', "info"),
            Level::TRACE => ('.', "debug"),
        };
        match format.syntax {
            Syntax::Legacy => format!("{pid}:{letter} {time} {mark} {}", printable(message)),
            Syntax::Logfmt => format!(
                "pid={pid} role={role} timestamp=\"{time}\" level={name} message={}",
                serde_json::Value::from(message)
            ),
            Syntax::Json => format!(
                "{{\"pid\":{pid},\"role\":\"{role}\",\"timestamp\":\"{time}\",\"level\":\"{name}\",\"message\":{}}}",
                serde_json::Value::from(message)
            ),
            Syntax::Pretty => self.pretty(level, &printable(message)),
        }
    }

    fn pretty(&self, level: Level, message: &str) -> String {
        let uptime = self.begun.elapsed().as_secs_f64();
        let colour = match level {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            Level::DEBUG => 34,
            Level::TRACE => 35,
        };
        if self.colours {
            format!("\x1b[2m{uptime:>11.6}s\x1b[0m \x1b[{colour}m{level:>5}\x1b[0m {message}")
        } else {
            format!("{uptime:>11.6}s {level:>5} {message}")
        }
    }
}

/// One line, whatever a peer or a client put into it.
fn printable(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

impl<S, N> FormatEvent<S, N> for Shape
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = Message::default();
        event.record(&mut message);
        writeln!(out, "{}", self.line(*event.metadata().level(), &message.0))
    }
}

/// The message of an event, with its other fields behind it.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let result = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        result.expect("writing to a string does not fail");
    }
}
