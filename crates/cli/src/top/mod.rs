//! `slotmesh top`: a cluster to look at while it lives.

mod frame;
mod terminal;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::arguments::{Global, seconds};
use crate::ending::Ending;
use crate::talk::Target;
use crate::view::collect;
use frame::Frame;
use terminal::{Key, Terminal};

/// Show nodes, links, slots and states of a cluster, again and again. `q` quits, arrows scroll.
///
/// Asks every node each time.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Node to begin with.
    #[arg(value_name = "HOST:PORT")]
    node: Option<Target>,
    /// Pause between two looks, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    interval: Duration,
}

pub(crate) async fn run(global: &Global, options: &Options) -> Result<Ending> {
    ensure!(!global.json, "top has no JSON; see slotmesh nodes --json and slotmesh watch --json");
    ensure!(Terminal::is_there(), "top needs a terminal; slotmesh nodes and slotmesh doctor print text");
    let start = [global.start(options.node.as_ref()).await?];
    let access = global.access()?;
    let mut frame = Frame::default();
    // An address that was never right is told before the screen is taken.
    frame.show(Ok(collect(&start, &access).await?));
    let (mut terminal, mut keys) = Terminal::take()?;
    terminal.draw(&mut frame)?;
    let (out, mut news) = mpsc::channel(1);
    let looking = tokio::spawn({
        let interval_length = options.interval;
        async move {
            let mut ticks = interval(interval_length);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if out.send(collect(&start, &access).await).await.is_err() {
                    return;
                }
            }
        }
    });
    loop {
        tokio::select! {
            key = keys.recv() => match key {
                Some(Key::Quit) | None => break,
                Some(Key::Scroll(lines)) => frame.scroll(lines),
                Some(Key::Redraw) => {}
            },
            Some(seen) = news.recv() => frame.show(seen.map_err(|error| error.to_string())),
        }
        terminal.draw(&mut frame)?;
    }
    looking.abort();
    Ok(Ending::Good)
}
