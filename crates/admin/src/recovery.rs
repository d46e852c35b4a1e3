//! Takeovers for when the majority of the primaries is lost: which are safe, and what is still to be proven.

use std::cmp::Reverse;

use slotmesh_table::{ClusterView, Health, NodeView};
use slotmesh_types::{NodeId, SlotSet};

use crate::plan::owns;
use crate::proto::{FencingEvidence, FencingMethod, Obstacle};
use crate::{convert, proto};

/// A way back.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) voting: usize,
    pub(crate) failed: usize,
    pub(crate) takeovers: Vec<Takeover>,
}

/// A replica in the place of a failed primary.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    pub(crate) primary: NodeId,
    pub(crate) slots: SlotSet,
    pub(crate) replica: Option<NodeId>,
    pub(crate) candidates: Vec<proto::Candidate>,
    pub(crate) obstacles: Vec<Obstacle>,
}

impl Plan {
    /// The plan for what a view shows, with this evidence.
    pub(crate) fn new(view: &ClusterView, evidence: &[FencingEvidence]) -> Self {
        let voting: Vec<&NodeView> = view.nodes.iter().filter(|node| node.facts.is_voting()).collect();
        // Without a majority nobody can mark a node as failing by agreement: suspicion is all there is.
        let failed: Vec<&NodeView> =
            voting.iter().copied().filter(|node| node.facts.health != Health::Online).collect();
        let mut plan = Self { voting: voting.len(), failed: failed.len(), takeovers: Vec::new() };
        let lost = plan.majority_lost();
        plan.takeovers = failed.iter().map(|primary| takeover(view, primary, evidence, lost)).collect();
        plan
    }

    /// Whether too few voters are left to elect anybody.
    pub(crate) fn majority_lost(&self) -> bool {
        self.voting - self.failed < self.voting / 2 + 1 && self.failed > 0
    }

    pub(crate) fn shown(&self, revision: proto::Revision) -> proto::PlanRecoveryResponse {
        proto::PlanRecoveryResponse {
            revision: Some(revision),
            voting_primaries: convert::count(self.voting),
            voting_primaries_failed: convert::count(self.failed),
            majority_lost: self.majority_lost(),
            takeovers: self.takeovers.iter().map(Takeover::shown).collect(),
        }
    }
}

/// How a view shows the slots of a takeover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As when the plan was made: they are those of the failed primary.
    Due,
    /// This member serves them.
    Taken(NodeId),
    /// Neither: the primary is back, or some of them are elsewhere.
    Changed,
}

impl Takeover {
    pub(crate) fn state(&self, view: &ClusterView) -> State {
        let owner = self.slots.iter().next().and_then(|slot| view.owner(slot));
        match owner.filter(|owner| owns(owner, &self.slots)) {
            Some(owner) if owner.facts.health == Health::Online && *owner.facts.id() != self.primary => {
                State::Taken(*owner.facts.id())
            }
            Some(owner) if owner.facts.health != Health::Online && *owner.facts.id() == self.primary => State::Due,
            _ => State::Changed,
        }
    }

    fn shown(&self) -> proto::Takeover {
        proto::Takeover {
            primary_id: self.primary.to_string(),
            slots: convert::ranges(&self.slots),
            candidates: self.candidates.clone(),
            replica_id: self.replica.map(|replica| replica.to_string()).unwrap_or_default(),
            obstacles: self.obstacles.iter().map(|obstacle| (*obstacle).into()).collect(),
        }
    }
}

fn takeover(view: &ClusterView, primary: &NodeView, evidence: &[FencingEvidence], majority_lost: bool) -> Takeover {
    let mut replicas: Vec<&NodeView> = primary.facts.replicas().iter().filter_map(|key| view.node(*key)).collect();
    replicas.sort_by_key(|replica| (!is_reachable(view, replica), Reverse(replica.offset), *replica.facts.id()));
    let best = replicas.first().filter(|replica| is_reachable(view, replica));
    let mut obstacles = Vec::new();
    if !majority_lost {
        obstacles.push(Obstacle::MajorityExists);
    }
    let id = primary.facts.id();
    let mut given = evidence.iter().filter(|evidence| evidence.node_id == id.as_str()).peekable();
    if given.peek().is_none() {
        obstacles.push(Obstacle::NoEvidence);
    } else if !given.any(is_complete) {
        obstacles.push(Obstacle::WeakEvidence);
    }
    if best.is_none() {
        obstacles.push(Obstacle::NoCandidate);
    }
    Takeover {
        primary: *id,
        slots: primary.facts.slots().clone(),
        replica: best.map(|replica| *replica.facts.id()),
        candidates: replicas.iter().map(|replica| candidate(view, primary, replica)).collect(),
        obstacles,
    }
}

fn is_reachable(view: &ClusterView, node: &NodeView) -> bool {
    node.facts.health == Health::Online && (view.is_me(node) || node.facts.connected)
}

fn is_complete(evidence: &FencingEvidence) -> bool {
    evidence.method() != FencingMethod::Unspecified
        && !evidence.operator.trim().is_empty()
        && !evidence.statement.trim().is_empty()
}

fn candidate(view: &ClusterView, primary: &NodeView, replica: &NodeView) -> proto::Candidate {
    proto::Candidate {
        node_id: replica.facts.id().to_string(),
        offset: replica.offset.0,
        behind_bytes: primary.offset.0.saturating_sub(replica.offset.0),
        health: convert::health(replica.facts.health).into(),
        connected: view.is_me(replica) || replica.facts.connected,
    }
}
