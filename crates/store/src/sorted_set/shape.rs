//! How a tree keeps its shape: what is too full is split, what is nearly empty is joined to its neighbour.

use std::mem;

use super::cut::Cut;
use super::leaf::{Leaf, MOST};
use super::tree::{Child, Node, Path, Spot, Tree, short_hash};

/// What has fewer parts is joined to a neighbour, if both together have at most [`JOINED`].
const FEW: usize = MOST / 4;
const JOINED: usize = MOST * 3 / 4;
/// Parts of a leaf or node of a tree that is built at once.
const FILLED: usize = MOST * 7 / 8;

/// Where to split. What grows at one end is left full behind.
#[derive(Clone, Copy)]
enum Growth {
    AtTheStart,
    Anywhere,
    AtTheEnd,
}

impl Growth {
    fn cut(self, len: usize) -> usize {
        match self {
            Self::AtTheStart => 1,
            Self::Anywhere => len / 2,
            Self::AtTheEnd => len - 1,
        }
    }
}

impl Tree {
    /// Builds a tree of entries in their order, each member once.
    pub(super) fn from_sorted<'a>(entries: impl Iterator<Item = (f64, &'a [u8])>) -> Self {
        let mut tree = Self::default();
        let mut leaf = Leaf::default();
        for (score, member) in entries {
            if leaf.len() == FILLED {
                tree.add_built(mem::take(&mut leaf));
            }
            let hash = short_hash(member);
            tree.index.insert(hash, tree.leaves.len() as u32 - 1);
            leaf.insert(leaf.len(), score, hash, member);
            tree.len += 1;
        }
        if tree.len == 0 {
            return tree;
        }
        tree.add_built(leaf);
        tree.leaves.swap_remove(tree.leaves.len() as u32 - 1);
        let last = tree.leaves.len() as u32 - 1;
        tree.change(last, |leaf| leaf.behind = None);
        tree.memory.1 -= 2;
        tree.build_nodes();
        tree
    }

    /// Puts a leaf in the place of the empty one at the end, and another empty one behind it.
    fn add_built(&mut self, mut built: Leaf) {
        let number = self.leaves.len() as u32 - 1;
        built.fit();
        (built.before, built.behind) = (number.checked_sub(1), Some(number + 1));
        self.change(number, |leaf| *leaf = built);
        self.leaves.push(Leaf::default());
        self.memory.1 += Leaf::default().pieces();
    }

    fn build_nodes(&mut self) {
        let mut children: Vec<_> = (0..self.leaves.len() as u32).map(|leaf| self.as_child(leaf, 0)).collect();
        while children.len() > 1 {
            self.height += 1;
            let parts = children.chunks(FILLED).map(<[Child]>::to_vec);
            children = parts.map(|children| self.add_node(children)).collect();
        }
        self.root = children[0].number;
    }

    /// Splits a leaf that has become too full by the entry at a place.
    pub(super) fn split_leaf(&mut self, path: Path, spot: Spot) {
        let leaf = &self.leaves[spot.leaf];
        let growth = match (leaf.before, leaf.behind) {
            (_, None) if spot.at + 1 == leaf.len() => Growth::AtTheEnd,
            (None, _) if spot.at == 0 => Growth::AtTheStart,
            _ => Growth::Anywhere,
        };
        let (mut right, behind) = (Leaf::default(), leaf.behind);
        self.change(spot.leaf, |leaf| right = leaf.split_off(growth.cut(leaf.len())));
        (right.before, right.behind) = (Some(spot.leaf), behind);
        self.memory.0 += right.memory();
        self.memory.1 += right.pieces();
        let new = self.leaves.push(right);
        self.leaves[spot.leaf].behind = Some(new);
        if let Some(behind) = behind {
            self.leaves[behind].before = Some(new);
        }
        self.tell_index(new, spot.leaf, new);
        self.add_right(path, spot.leaf, self.as_child(new, 0), growth);
    }

    /// Adds what has been split off to the nodes above, which may have to be split for it.
    fn add_right(&mut self, path: Path, mut left: u32, mut right: Child, growth: Growth) {
        for level in (0..self.height).rev() {
            let (number, at) = path.steps[level];
            let left_child = self.as_child(left, self.height - 1 - level);
            let mut split = None;
            self.change_node(number, |children| {
                children[at] = left_child;
                if children.capacity() == children.len() {
                    children.reserve_exact((children.len() / 4).max(4));
                }
                children.insert(at + 1, right);
                if children.len() > MOST {
                    split = Some(children.split_off(growth.cut(children.len())));
                    children.shrink_to_fit();
                }
            });
            let Some(split) = split else { return };
            (left, right) = (number, self.add_node(split));
        }
        let left = self.as_child(left, self.height);
        self.height += 1;
        self.root = self.add_node(vec![left, right]).number;
    }

    fn add_node(&mut self, children: Vec<Child>) -> Child {
        self.memory.0 += children.capacity() * size_of::<Child>();
        let child = of_children(&children);
        Child { number: self.nodes.push(Node { children }), ..child }
    }

    /// What is to be known of a leaf, or of a node that high above the leaves.
    fn as_child(&self, number: u32, height: usize) -> Child {
        if height > 0 {
            return Child { number, ..of_children(&self.nodes[number].children) };
        }
        let leaf = &self.leaves[number];
        Child { number, first: number, score: leaf.score(0), count: leaf.len() }
    }

    /// After entries have left a leaf: tells the nodes above, and joins or takes away what is nearly empty.
    pub(super) fn mend(&mut self, path: Path, leaf: u32) {
        let (mut number, mut size) = (leaf, self.leaves[leaf].len());
        let (mut gone_leaf, mut gone_nodes) = (None, Vec::new());
        for level in (0..self.height).rev() {
            let (parent, at) = path.steps[level];
            let height = self.height - 1 - level;
            if let Some(gone) = self.mend_child(parent, at, (number, size), height) {
                if height == 0 { gone_leaf = Some(gone) } else { gone_nodes.push(gone) }
            }
            (number, size) = (parent, self.nodes[parent].children.len());
        }
        while self.height > 0
            && let [only] = self.nodes[self.root].children[..]
        {
            gone_nodes.push(self.root);
            self.root = only.number;
            self.height -= 1;
        }
        if let Some(gone) = gone_leaf {
            self.free_leaf(gone);
        }
        // From the last to the first: so the one that takes the number of another is never gone itself.
        gone_nodes.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        gone_nodes.into_iter().for_each(|gone| self.free_node(gone));
    }

    /// Brings a node up to date with a child that has lost something. Gives the child that is no longer needed.
    fn mend_child(&mut self, parent: u32, at: usize, (number, size): (u32, usize), height: usize) -> Option<u32> {
        if size == 0 {
            self.change_node(parent, |children| _ = children.remove(at));
            if height == 0 {
                self.unlink(number);
            }
            return Some(number);
        }
        let Some(left) = (size < FEW).then(|| self.mate(parent, at, size, height)).flatten() else {
            let child = self.as_child(number, height);
            self.nodes[parent].children[at] = child;
            return None;
        };
        let children = &self.nodes[parent].children;
        let (keeps, goes) = (children[left].number, children[left + 1].number);
        if height == 0 {
            self.join_leaves(keeps, goes);
        } else {
            self.join_nodes(keeps, goes);
        }
        let child = self.as_child(keeps, height);
        self.change_node(parent, |children| {
            children[left] = child;
            children.remove(left + 1);
        });
        Some(goes)
    }

    /// The left one of two neighbours that can be joined, one of which is the child at a place.
    fn mate(&self, parent: u32, at: usize, size: usize, height: usize) -> Option<usize> {
        let children = &self.nodes[parent].children;
        let fits = |other: &usize| {
            let Some(child) = children.get(*other) else { return false };
            let parts = if height == 0 { child.count } else { self.nodes[child.number].children.len() };
            parts + size <= JOINED
        };
        let left = at.checked_sub(1).filter(fits);
        left.or_else(|| Some(at + 1).filter(fits).map(|_| at))
    }

    fn join_leaves(&mut self, left: u32, right: u32) {
        self.tell_index(right, right, left);
        let mut taken = Leaf::default();
        self.change(right, |leaf| {
            (taken.before, taken.behind) = (leaf.before, leaf.behind);
            mem::swap(leaf, &mut taken);
        });
        self.change(left, |leaf| leaf.append(taken));
        self.unlink(right);
    }

    fn join_nodes(&mut self, left: u32, right: u32) {
        let mut taken = Vec::new();
        self.change_node(right, |children| taken = mem::take(children));
        self.change_node(left, |children| {
            children.reserve_exact(taken.len());
            children.append(&mut taken);
        });
    }

    fn unlink(&mut self, leaf: u32) {
        let Leaf { before, behind, .. } = self.leaves[leaf];
        if let Some(before) = before {
            self.leaves[before].behind = behind;
        }
        if let Some(behind) = behind {
            self.leaves[behind].before = before;
        }
    }

    /// Takes away a leaf that nobody knows any more. The last one takes its number.
    fn free_leaf(&mut self, number: u32) {
        let last = self.leaves.len() as u32 - 1;
        let path = if number == last { Path::default() } else { self.path_to(last) };
        let gone = self.leaves.swap_remove(number);
        self.memory.0 -= gone.memory();
        self.memory.1 -= gone.pieces();
        if number == last {
            return;
        }
        let Leaf { before, behind, .. } = self.leaves[number];
        if let Some(before) = before {
            self.leaves[before].behind = Some(number);
        }
        if let Some(behind) = behind {
            self.leaves[behind].before = Some(number);
        }
        self.tell_index(number, last, number);
        for (level, (node, at)) in path.steps[..self.height].iter().enumerate() {
            let child = &mut self.nodes[*node].children[*at];
            if child.first == last {
                child.first = number;
            }
            if level + 1 == self.height {
                child.number = number;
            }
        }
        if self.height == 0 {
            self.root = number;
        }
    }

    /// Takes away a node that nobody knows any more. The last one takes its number.
    fn free_node(&mut self, number: u32) {
        let last = self.nodes.len() as u32 - 1;
        if number != last {
            let path = self.path_to(self.nodes[last].children[0].first);
            let level = path.steps[..self.height].iter().position(|(node, _)| *node == last);
            match level.expect("each node is above its first leaf").checked_sub(1) {
                Some(above) => {
                    let (node, at) = path.steps[above];
                    self.nodes[node].children[at].number = number;
                }
                None => self.root = number,
            }
        }
        self.memory.0 -= self.nodes.swap_remove(number).children.capacity() * size_of::<Child>();
    }

    fn path_to(&self, leaf: u32) -> Path {
        let leaf = &self.leaves[leaf];
        self.seek(Cut::Entry(leaf.score(0), leaf.member(0))).0
    }

    /// Tells the index that the entries of a leaf, which it knows in another one, are found in a third.
    fn tell_index(&mut self, leaf: u32, from: u32, to: u32) {
        let leaf = &self.leaves[leaf];
        (0..leaf.len()).for_each(|at| self.index.relocate(leaf.hash(at), from, to));
    }
}

fn of_children(children: &[Child]) -> Child {
    let count = children.iter().map(|child| child.count).sum();
    Child { number: 0, first: children[0].first, score: children[0].score, count }
}
