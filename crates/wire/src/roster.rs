//! How nodes of ours find out who knows somebody whom the other does not: a digest of all known names in each heartbeat,
//! and, to ask for the rest, the known names themselves, folded into a set that is small and not quite sharp.

use slotmesh_types::NodeId;

/// A digest of a set of node names. The order in which they were added does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RosterDigest(pub(crate) u64);

impl RosterDigest {
    /// Adds a name, or takes it out again.
    pub fn toggle(&mut self, name: &NodeId) {
        self.0 ^= hash(name, 0);
    }
}

/// A set of node names that may seem to hold one in eighty names more than it does (a Bloom filter). Another salt
/// errs about others.
///
/// On the wire: the salt, 8 bytes big-endian, then the bits, a multiple of 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameFilter<'a> {
    salt: u64,
    bits: &'a [u8],
}

/// Bits for each name, and how many of them it sets.
const BITS_PER_NAME: usize = 10;
const MARKS: u64 = 4;

impl<'a> NameFilter<'a> {
    /// The set of `names`, of which there are about `count`, in the form it takes on the wire.
    pub fn encode<'n>(salt: u64, count: usize, names: impl Iterator<Item = &'n NodeId>) -> Vec<u8> {
        let mut out = salt.to_be_bytes().to_vec();
        out.resize(8 + (count.max(1) * BITS_PER_NAME).div_ceil(64) * 8, 0);
        let bits = &mut out[8..];
        for name in names {
            for position in positions(name, salt, bits.len()) {
                bits[position / 8] |= 1 << (position % 8);
            }
        }
        out
    }

    /// Reads what [`NameFilter::encode`] wrote. `None` when there is not a single bit.
    #[must_use]
    pub fn read(payload: &'a [u8]) -> Option<Self> {
        let (salt, bits) = payload.split_first_chunk()?;
        (!bits.is_empty()).then_some(Self { salt: u64::from_be_bytes(*salt), bits })
    }

    /// Whether `name` is in the set, or seems to be.
    #[must_use]
    pub fn may_hold(&self, name: &NodeId) -> bool {
        positions(name, self.salt, self.bits.len()).all(|position| self.bits[position / 8] & (1 << (position % 8)) != 0)
    }

    /// Appends it in the form it takes on the wire.
    pub fn append(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.salt.to_be_bytes());
        out.extend_from_slice(self.bits);
    }
}

fn positions(name: &NodeId, salt: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let bits = bytes as u64 * 8;
    let (start, step) = (hash(name, salt), hash(name, !salt) | 1);
    (0..MARKS).map(move |mark| (start.wrapping_add(step.wrapping_mul(mark)) % bits) as usize)
}

/// Names are random already, unless somebody chose them: nothing but some traffic can be gained by that.
fn hash(name: &NodeId, salt: u64) -> u64 {
    name.as_bytes().as_chunks::<8>().0.iter().fold(salt, |hash, chunk| {
        // The finisher of splitmix64.
        let mut mixed = (hash ^ u64::from_be_bytes(*chunk)).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u64) -> NodeId {
        let mut entropy = [0; 20];
        entropy[..8].copy_from_slice(&number.to_be_bytes());
        NodeId::from_entropy(entropy)
    }

    #[test]
    fn a_filter_holds_its_names_and_few_others() {
        let names: Vec<NodeId> = (0..1000).map(name).collect();
        let encoded = NameFilter::encode(7, names.len(), names.iter());
        let filter = NameFilter::read(&encoded).unwrap();
        assert!(names.iter().all(|name| filter.may_hold(name)));
        let wrong = (1000..11_000).filter(|number| filter.may_hold(&name(*number))).count();
        assert!(wrong < 200, "{wrong} of 10,000");
    }

    #[test]
    fn another_salt_errs_about_others() {
        let names: Vec<NodeId> = (0..1000).map(name).collect();
        let encoded: Vec<Vec<u8>> =
            [1, 2].map(|salt| NameFilter::encode(salt, names.len(), names.iter())).into_iter().collect();
        let both = (1000..11_000)
            .map(name)
            .filter(|name| encoded.iter().all(|encoded| NameFilter::read(encoded).unwrap().may_hold(name)));
        assert!(both.count() < 10);
    }

    #[test]
    fn nothing_is_no_filter() {
        assert_eq!(NameFilter::read(&[]), None);
        assert_eq!(NameFilter::read(&[0; 8]), None);
        assert!(NameFilter::read(&[0; 9]).is_some_and(|filter| !filter.may_hold(&name(1))));
    }

    #[test]
    fn a_digest_forgets_the_order_and_what_was_taken_out() {
        let digest = |numbers: &[u64]| {
            let mut digest = RosterDigest::default();
            numbers.iter().for_each(|number| digest.toggle(&name(*number)));
            digest
        };
        assert_eq!(digest(&[1, 2, 3]), digest(&[3, 1, 2]));
        assert_eq!(digest(&[1, 2, 3, 2]), digest(&[1, 3]));
        assert_ne!(digest(&[1, 2]), digest(&[1, 3]));
    }
}
