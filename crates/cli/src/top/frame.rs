//! What is on the screen, as lines: no terminal is needed to make them.

use slotmesh_types::NodeId;

use crate::output::Table;
use crate::view::{Cluster, Entry, Health, Link, Role, View};

/// What was seen last.
#[derive(Debug, Default)]
pub(super) struct Frame {
    cluster: Cluster,
    /// All its nodes, in the order of the rows.
    ids: Vec<NodeId>,
    /// Why there is nothing newer.
    error: Option<String>,
    scrolled: usize,
}

/// One line of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// How a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Head,
    Bad,
}

impl Frame {
    pub(super) fn show(&mut self, seen: Result<Cluster, String>) {
        match seen {
            Ok(cluster) => {
                self.ids = cluster.ids().into_iter().collect();
                self.ids.sort_by_cached_key(|id| cluster.best_entry(id).map(|entry| entry.place.clone()));
                (self.cluster, self.error) = (cluster, None);
            }
            Err(error) => self.error = Some(error),
        }
    }

    pub(super) fn scroll(&mut self, lines: isize) {
        self.scrolled = self.scrolled.saturating_add_signed(lines);
    }

    /// The lines for a screen of this many.
    pub(super) fn lines(&mut self, height: usize) -> Vec<Line> {
        let (head, rows) = self.table();
        let room = height.saturating_sub(4);
        self.scrolled = self.scrolled.min(rows.len().saturating_sub(room));
        let plain = |text: String| Line { text, tone: Tone::Plain };
        let status = match &self.error {
            None => plain(self.summary()),
            Some(error) => Line { text: format!("no news: {error}"), tone: Tone::Bad },
        };
        let mut lines = vec![status, plain(String::new()), Line { text: head, tone: Tone::Head }];
        lines.extend(rows.into_iter().skip(self.scrolled).take(room));
        lines.truncate(height.saturating_sub(1));
        lines.push(plain("q quits, arrows and page keys scroll".to_owned()));
        lines
    }

    fn summary(&self) -> String {
        let cluster = &self.cluster;
        let slots: usize = cluster.owners().map(|(_, owner)| owner.slot_count()).sum();
        let ok = cluster.views.values().filter(|view| view.state_ok).count();
        let epoch = cluster.views.values().map(|view| view.current_epoch.0).max().unwrap_or(0);
        let (answered, all) = (cluster.views.len(), self.ids.len());
        let up: usize = cluster.views.values().map(|view| self.links(view).0).sum();
        let wanted = answered * all.saturating_sub(1);
        format!(
            "{answered} of {all} nodes answer, {ok} say ok; {up} of {wanted} links; {slots} of 16384 slots; epoch {epoch}"
        )
    }

    fn table(&self) -> (String, Vec<Line>) {
        let mut table = Table::new(&[
            "NODE", "ROLE", "HEALTH", "STATE", "LINKS", "SLOTS", "MOVING", "EPOCH", "SOFTWARE", "FOLLOWS",
        ]);
        let mut tones = Vec::new();
        for id in &self.ids {
            let Some(entry) = self.cluster.best_entry(id) else { continue };
            table.row(self.row(id, entry));
            tones.push(if self.is_bad(id) { Tone::Bad } else { Tone::Plain });
        }
        let mut lines = table.lines();
        let head = lines.remove(0);
        (head, lines.into_iter().zip(tones).map(|(text, tone)| Line { text, tone }).collect())
    }

    fn row(&self, id: &NodeId, entry: &Entry) -> Vec<String> {
        let cluster = &self.cluster;
        let view = cluster.views.get(id);
        let told = |tell: &dyn Fn(&View) -> String| view.map_or_else(|| "-".to_owned(), tell);
        vec![
            cluster.name(id),
            entry.role.to_string(),
            health(cluster, id),
            told(&|view| if view.state_ok { "ok" } else { "fail" }.to_owned()),
            told(&|view| {
                let (up, wanted) = self.links(view);
                format!("{up}/{wanted}")
            }),
            entry.slot_count().to_string(),
            told(&|view| view.open_slots.len().to_string()),
            entry.config_epoch.to_string(),
            told(&|view| view.software.to_string()),
            match entry.role {
                Role::Replica(Some(primary)) => cluster.name(&primary),
                _ => "-".to_owned(),
            },
        ]
    }

    /// How many links of a node stand, and how many should.
    fn links(&self, view: &View) -> (usize, usize) {
        let up = self.ids.iter().filter(|id| **id != view.me && view.link_to(id) == Link::Up);
        (up.count(), self.ids.len() - 1)
    }

    fn is_bad(&self, id: &NodeId) -> bool {
        let judged_bad = || self.cluster.knowing(id).any(|(_, entry)| entry.health != Health::Online);
        self.cluster.views.get(id).is_none_or(|view| {
            let (up, wanted) = self.links(view);
            !view.state_ok || up < wanted || judged_bad()
        })
    }
}

/// The worst that others say, and how many say so.
fn health(cluster: &Cluster, id: &NodeId) -> String {
    let judged: Vec<Health> = cluster.knowing(id).map(|(_, entry)| entry.health).collect();
    let worst = judged.iter().copied().max().unwrap_or(Health::Online);
    match worst {
        Health::Online => worst.to_string(),
        _ => format!("{worst} ({})", judged.iter().filter(|health| **health == worst).count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::Stage;

    fn texts(frame: &mut Frame, height: usize) -> Vec<String> {
        frame.lines(height).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_row_for_each_node_and_the_bad_ones_stand_out() {
        let mut stage = Stage::with_replicas(3);
        stage.kill(2);
        let mut frame = Frame::default();
        frame.show(Ok(stage.cluster().clone()));
        let lines = frame.lines(40);
        assert!(lines[0].text.starts_with("5 of 6 nodes answer, 5 say ok; 20 of 25 links"), "{}", lines[0].text);
        let dead = &lines[5];
        assert!(dead.text.contains("10.0.0.1:7002") && dead.text.contains("failed (5)"), "{}", dead.text);
        assert_eq!((dead.tone, lines.len()), (Tone::Bad, 3 + 6 + 1));
    }

    #[test]
    fn a_small_screen_scrolls_and_stops_at_the_end() {
        let mut frame = Frame::default();
        frame.show(Ok(Stage::of(9).cluster().clone()));
        assert_eq!(texts(&mut frame, 7).len(), 7);
        frame.scroll(100);
        let lines = texts(&mut frame, 7);
        assert!(lines[5].starts_with("10.0.0.1:7008"), "{lines:?}");
        frame.scroll(-100);
        assert!(texts(&mut frame, 7)[3].starts_with("10.0.0.1:7000"));
        assert!(texts(&mut frame, 1).len() <= 1);
    }

    #[test]
    fn what_was_seen_stays_when_nobody_answers() {
        let mut frame = Frame::default();
        frame.show(Ok(Stage::of(3).cluster().clone()));
        frame.show(Err("a:1: can't connect".to_owned()));
        let lines = texts(&mut frame, 20);
        assert_eq!(lines[0], "no news: a:1: can't connect");
        assert!(lines[3].starts_with("10.0.0.1:7000"));
    }
}
