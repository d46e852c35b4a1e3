//! Many members with their scores: a B+-tree whose parts are counted, with an index from members to leaves.
//!
//! Members and scores are in the leaves alone, so that each member is there once. The index finds the leaf of a member by a
//! part of its hash; all else goes down from the root, by rank or by comparing with the first entry below each child. The
//! leaves are linked for walking.

use super::cut::Cut;
use super::index::Index;
use super::leaf::{Leaf, MOST};
use crate::arena::Arena;
use crate::hash::hash;

/// Many members with their scores. It holds at least one, except before the first and after the last.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) leaves: Arena<Leaf>,
    pub(super) nodes: Arena<Node>,
    /// A leaf if `height` is 0, else a node.
    pub(super) root: u32,
    /// Nodes between the root and a leaf, with the root.
    pub(super) height: usize,
    pub(super) index: Index,
    pub(super) len: usize,
    /// Bytes and pieces of the leaves' and nodes' own memory.
    pub(super) memory: (usize, usize),
}

#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) children: Vec<Child>,
}

/// What a node knows of a node or leaf below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub(super) number: u32,
    /// The first leaf below.
    pub(super) first: u32,
    /// The first score below.
    pub(super) score: f64,
    /// How many entries are below.
    pub(super) count: usize,
}

/// The place of an entry, or behind the last of a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) leaf: u32,
    pub(super) at: usize,
}

/// The nodes from the root to a leaf, with the child that was taken in each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Path {
    pub(super) steps: [(u32, usize); HEIGHT_MAX],
}

/// Of two children beside each other one is more than a quarter full at least: nobody has the memory for a higher tree.
const HEIGHT_MAX: usize = 12;

impl Default for Tree {
    fn default() -> Self {
        let mut tree = Self {
            leaves: Arena::default(),
            nodes: Arena::default(),
            root: 0,
            height: 0,
            index: Index::default(),
            len: 0,
            memory: (0, 2),
        };
        tree.leaves.push(Leaf::default());
        tree
    }
}

impl Tree {
    /// The score of a member.
    pub(super) fn score(&self, member: &[u8]) -> Option<f64> {
        let spot = self.find(short_hash(member), member)?;
        Some(self.leaves[spot.leaf].score(spot.at))
    }

    /// The place of a member.
    pub(super) fn find(&self, hash: u32, member: &[u8]) -> Option<Spot> {
        self.index.find(hash, |leaf| self.leaves[leaf].find(hash, member).map(|at| Spot { leaf, at }))
    }

    /// How many entries are below a cut.
    pub(super) fn rank(&self, cut: Cut<'_>) -> usize {
        let (path, spot) = self.seek(cut);
        let before = |(node, at): &(u32, usize)| {
            self.nodes[*node].children[..*at].iter().map(|child| child.count).sum::<usize>()
        };
        path.steps[..self.height].iter().map(before).sum::<usize>() + spot.at
    }

    /// The place of the entry with a rank.
    pub(super) fn spot(&self, rank: usize) -> Spot {
        self.seek_rank(rank).1
    }

    /// Adds a member that is not there.
    pub(super) fn insert(&mut self, score: f64, member: &[u8]) {
        let hash = short_hash(member);
        let (path, spot) = self.seek(Cut::Entry(score, member));
        self.change(spot.leaf, |leaf| leaf.insert(spot.at, score, hash, member));
        self.index.insert(hash, spot.leaf);
        self.len += 1;
        self.count_one_more(&path, spot.leaf);
        if self.leaves[spot.leaf].len() > MOST {
            self.split_leaf(path, spot);
        }
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let score = self.score(member)?;
        let (path, spot) = self.seek(Cut::Entry(score, member));
        self.remove_from_leaf(path, spot, 1);
        Some(score)
    }

    /// Takes out so many entries from a rank on, a leaf at a time.
    pub(super) fn remove_ranks(&mut self, start: usize, mut count: usize) {
        while count > 0 {
            let (path, spot) = self.seek_rank(start);
            let some = count.min(self.leaves[spot.leaf].len() - spot.at);
            self.remove_from_leaf(path, spot, some);
            count -= some;
        }
    }

    /// Gives a member another score, which is at that place.
    pub(super) fn set_score(&mut self, Spot { leaf: number, at }: Spot, member: &[u8], score: f64) {
        let leaf = &self.leaves[number];
        // In the middle of a leaf nobody else need know. Most changes of a score are small.
        let is_inside = at > 0 && at + 1 < leaf.len();
        let cut = Cut::Entry(score, member);
        if is_inside
            && cut.is_above(|| leaf.score(at - 1), || leaf.member(at - 1))
            && !cut.is_above(|| leaf.score(at + 1), || leaf.member(at + 1))
        {
            self.leaves[number].set_score(at, score);
            return;
        }
        let (path, spot) = self.seek(Cut::Entry(leaf.score(at), member));
        self.remove_from_leaf(path, spot, 1);
        self.insert(score, member);
    }

    /// Shows members in the order of their hashes from one on, about so many, and gives the hash that comes next.
    pub(super) fn scan(&self, from: u32, count: usize, mut show: impl FnMut(&[u8], f64)) -> Option<u32> {
        // Those of the same hash in the same leaf are there once for each: it is enough to show them the first time.
        let mut last = None;
        self.index.scan(from, count, |hash, number| {
            if last.replace((hash, number)) == Some((hash, number)) {
                return;
            }
            let leaf = &self.leaves[number];
            let same = (0..leaf.len()).filter(|at| leaf.hash(*at) == hash);
            same.for_each(|at| show(leaf.member(at), leaf.score(at)));
        })
    }

    /// Whether no member is there twice.
    pub(super) fn has_each_once(&self) -> bool {
        let numbers = 0..self.leaves.len() as u32;
        numbers.into_iter().all(|number| {
            let leaf = &self.leaves[number];
            (0..leaf.len()).all(|at| {
                let spot = self.find(leaf.hash(at), leaf.member(at));
                spot.is_some_and(|spot| spot.leaf == number && spot.at == at)
            })
        })
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.memory.0 + self.leaves.bytes() + self.nodes.bytes() + self.index.bytes()
    }

    /// Pieces of memory.
    pub(super) fn pieces(&self) -> usize {
        1 + self.memory.1 + self.nodes.len() + self.leaves.pieces() + self.nodes.pieces() + self.index.pieces()
    }

    pub(super) fn seek(&self, cut: Cut<'_>) -> (Path, Spot) {
        let (mut path, mut number) = (Path::default(), self.root);
        for step in &mut path.steps[..self.height] {
            let children = &self.nodes[number].children;
            let is_below = |child: &Child| cut.is_from(child.score, || self.leaves[child.first].member(0));
            let at = children[1..].partition_point(is_below);
            *step = (number, at);
            number = children[at].number;
        }
        let leaf = &self.leaves[number];
        let (mut low, mut high) = (0, leaf.len());
        while low < high {
            let middle = (low + high) / 2;
            if cut.is_above(|| leaf.score(middle), || leaf.member(middle)) { low = middle + 1 } else { high = middle }
        }
        (path, Spot { leaf: number, at: low })
    }

    fn seek_rank(&self, mut rank: usize) -> (Path, Spot) {
        let (mut path, mut number) = (Path::default(), self.root);
        for step in &mut path.steps[..self.height] {
            let children = &self.nodes[number].children;
            let mut at = 0;
            while rank >= children[at].count && at + 1 < children.len() {
                rank -= children[at].count;
                at += 1;
            }
            *step = (number, at);
            number = children[at].number;
        }
        (path, Spot { leaf: number, at: rank })
    }

    fn remove_from_leaf(&mut self, path: Path, spot: Spot, count: usize) {
        if count == self.len {
            *self = Self::default();
            return;
        }
        let range = spot.at..spot.at + count;
        for at in range.clone() {
            self.index.remove(self.leaves[spot.leaf].hash(at), spot.leaf);
        }
        self.change(spot.leaf, |leaf| leaf.remove(range));
        self.len -= count;
        self.mend(path, spot.leaf);
    }

    /// Changes a leaf, whose memory is counted.
    pub(super) fn change(&mut self, number: u32, change: impl FnOnce(&mut Leaf)) {
        let leaf = &mut self.leaves[number];
        self.memory.0 -= leaf.memory();
        self.memory.1 -= leaf.pieces();
        change(leaf);
        self.memory.0 += leaf.memory();
        self.memory.1 += leaf.pieces();
    }

    /// Changes the children of a node, whose memory is counted.
    pub(super) fn change_node(&mut self, number: u32, change: impl FnOnce(&mut Vec<Child>)) {
        let children = &mut self.nodes[number].children;
        self.memory.0 -= children.capacity() * size_of::<Child>();
        change(children);
        self.memory.0 += children.capacity() * size_of::<Child>();
    }

    /// Tells the nodes above a leaf that an entry has come, and what is the first one now.
    fn count_one_more(&mut self, path: &Path, leaf: u32) {
        let mut lowest = (leaf, self.leaves[leaf].score(0));
        for (number, at) in path.steps[..self.height].iter().rev() {
            let children = &mut self.nodes[*number].children;
            children[*at].count += 1;
            (children[*at].first, children[*at].score) = lowest;
            lowest = (children[0].first, children[0].score);
        }
    }
}

/// The part of a hash by which members are found.
pub(super) fn short_hash(member: &[u8]) -> u32 {
    (hash(member) >> 32) as u32
}
