//! What all nodes say together.

use std::collections::{BTreeMap, BTreeSet};

use slotmesh_types::NodeId;

use super::{Entry, Link, Role, View};
use crate::talk::Target;

/// A cluster as its nodes tell it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// The view of each node that answered.
    pub(crate) views: BTreeMap<NodeId, View>,
    /// Who answered at each address that was asked.
    pub(crate) answers: BTreeMap<Target, Answer>,
    /// Those of them that were to be asked first, and gave no answer.
    pub(crate) silent_starts: BTreeSet<Target>,
}

/// What came of asking at an address: the id of who answered, or why nobody could be asked.
pub(crate) type Answer = Result<NodeId, String>;

impl Cluster {
    /// Ids of all nodes that answered or that somebody holds for a member.
    pub(crate) fn ids(&self) -> BTreeSet<NodeId> {
        let listed = self.views.values().flat_map(View::members).map(|entry| entry.id);
        self.views.keys().copied().chain(listed).collect()
    }

    /// Views of nodes that know the node `id` as a member, its own aside.
    pub(crate) fn knowing<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = (&'a View, &'a Entry)> {
        let others = self.views.values().filter(move |view| view.me != *id);
        others.filter_map(move |view| Some((view, view.entry(id).filter(|entry| !entry.handshake)?)))
    }

    /// Views of nodes that don't know it.
    pub(crate) fn not_knowing<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = &'a View> {
        let others = self.views.values().filter(move |view| view.me != *id);
        others.filter(move |view| view.entry(id).is_none_or(|entry| entry.handshake))
    }

    /// Whether the node is alive: it answered, or a link to it or from it stands.
    pub(crate) fn is_alive(&self, id: &NodeId) -> bool {
        self.views.contains_key(id) || self.linked_with(id).next().is_some()
    }

    /// Who has a link to or from the node.
    pub(crate) fn linked_with<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = &'a NodeId> {
        let others = self.views.values().filter(move |view| view.me != *id);
        let linked = others.filter(move |view| {
            let inbound = view.inbound.as_ref().is_some_and(|inbound| inbound.contains(id));
            inbound || view.link_to(id) == Link::Up
        });
        linked.map(|view| &view.me)
    }

    /// Whether the link that `from` should have to `to` stands: `from` says so, or else `to` does. `None` when neither can
    /// tell, or `from` does not know `to`.
    pub(crate) fn link(&self, from: &NodeId, to: &NodeId) -> Option<bool> {
        match self.views.get(from) {
            Some(view) => match view.link_to(to) {
                Link::Up => Some(true),
                Link::Down => Some(false),
                Link::None => None,
            },
            None => Some(self.views.get(to)?.inbound.as_ref()?.contains(from)),
        }
    }

    /// The node as itself says it is, or else as somebody who knows it does.
    pub(crate) fn best_entry<'a>(&'a self, id: &'a NodeId) -> Option<&'a Entry> {
        let own = self.views.get(id).and_then(View::myself);
        own.or_else(|| self.knowing(id).map(|(_, entry)| entry).next())
    }

    /// Primaries that own slots, as they say of themselves or, for those that don't answer, as others do.
    pub(crate) fn owners(&self) -> impl Iterator<Item = (NodeId, &Entry)> {
        let ids: Vec<NodeId> = self.ids().into_iter().collect();
        ids.into_iter().filter_map(|id| {
            let own = self.views.get(&id).and_then(View::myself);
            let entry = own.or_else(|| {
                let told = self.views.values().filter_map(|view| view.entry(&id));
                told.max_by_key(|entry| entry.slot_count())
            })?;
            (entry.role == Role::Primary && !entry.slots.is_empty()).then_some((id, entry))
        })
    }

    /// What a reader calls the node: where it is, and the start of its id.
    pub(crate) fn name(&self, id: &NodeId) -> String {
        let short = &id.as_str()[..8];
        let place = self.best_entry(id).and_then(|entry| entry.place.target());
        match place.or_else(|| self.views.get(id).map(|view| view.asked.clone())) {
            Some(target) => format!("{target} ({short})"),
            None => short.to_owned(),
        }
    }

    /// Several of them: five at most, then how many more.
    pub(crate) fn names<'a>(&self, ids: impl IntoIterator<Item = &'a NodeId>) -> String {
        const SHOWN: usize = 5;
        let mut names: Vec<String> = ids.into_iter().map(|id| self.name(id)).collect();
        names.sort_unstable();
        let more = names.len().saturating_sub(SHOWN);
        names.truncate(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        names.join(", ") + &more
    }
}
