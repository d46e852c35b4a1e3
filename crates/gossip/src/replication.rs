//! What the data side tells about replication.

use slotmesh_types::{Mono, Now, ReplOffset};

use crate::engine::Engine;

/// The link over which a replica gets its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrimaryLink {
    /// There has been none yet: this node holds none of its primary's data, and does not stand for election.
    #[default]
    Never,
    /// It stands.
    Up {
        /// When something came over it last.
        heard: Mono,
    },
    /// It was lost.
    Lost {
        /// When.
        since: Mono,
    },
}

/// What the data side knows of replication. Told with [`Engine::handle_replication`] whenever it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replication {
    /// A primary: what it has written to its replication stream. A replica: what it has processed. In bytes.
    pub offset: ReplOffset,
    /// A replica: the link to its primary.
    pub link: PrimaryLink,
}

impl Engine {
    /// The data side has news about replication.
    pub fn handle_replication(&mut self, now: Now, news: Replication) {
        self.now = now;
        let offset_moved = self.replication.offset != news.offset;
        self.replication = news;
        if offset_moved {
            if let Some((_, header)) = &mut self.header {
                header.set_offset(news.offset);
            }
            self.election.due |= self.is_replica_in_handover();
        }
        self.settle();
    }
}
