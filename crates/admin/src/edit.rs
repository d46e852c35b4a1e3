//! Changes that hold only while the caller's picture does.

use std::future::Future;

use prost::Message;
use slotmesh_table::ClusterView;
use slotmesh_types::NodeId;
use tonic::Status;

use crate::api::Api;
use crate::node::{Edit, EditError, Edited};
use crate::proto::EditOptions;

/// How often a change is tried again because something that does not matter to it changed meanwhile.
const TRIES: usize = 32;

impl Api {
    /// Carries out a change.
    pub(crate) async fn edit(&self, options: Option<&EditOptions>, edit: Edit) -> Result<Edited, Status> {
        for _ in 0..TRIES {
            let at = self.check_expected(options)?;
            match self.node.edit(at, edit.clone()).await {
                Ok(edited) => return Ok(edited),
                // The view may be behind.
                Err(EditError::Moved) => self.node.refresh().await,
                Err(error) => return Err(status(error)),
            }
        }
        Err(too_busy())
    }

    /// The version at which a change may be made: any when the caller expects none.
    ///
    /// # Errors
    /// ABORTED when what the caller has seen is not so any more.
    pub(crate) fn check_expected(&self, options: Option<&EditOptions>) -> Result<Option<u64>, Status> {
        self.check_view(options, &self.node.view())
    }

    /// The same for a view that something is planned from.
    pub(crate) fn check_view(&self, options: Option<&EditOptions>, view: &ClusterView) -> Result<Option<u64>, Status> {
        self.journal.note(view);
        let Some(expected) = options.and_then(|options| options.expected_revision.as_ref()) else { return Ok(None) };
        if expected.run_id != self.journal.run_id() {
            return Err(Status::aborted(
                "options.expected_revision is of another run or another node; read the topology again",
            ));
        }
        let standing = self.journal.standing();
        if expected.number < standing.settled || expected.number > standing.revision {
            return Err(Status::aborted(format!(
                "the cluster has changed: expected revision {}, but members, roles, slots or epochs are those of revision \
                 {}; read the topology again",
                expected.number, standing.settled
            )));
        }
        Ok(Some(standing.revision))
    }

    /// Lets calls of one method with one key act once.
    pub(crate) async fn once<R: Message + Default>(
        &self,
        method: &str,
        options: Option<&EditOptions>,
        request: &impl Message,
        work: impl Future<Output = Result<R, Status>> + Send + 'static,
    ) -> Result<R, Status> {
        self.once.run(method, key(options), request, work).await
    }
}

/// The idempotency key of a call; empty for none.
pub(crate) fn key(options: Option<&EditOptions>) -> &str {
    options.map(|options| options.idempotency_key.as_str()).unwrap_or_default()
}

pub(crate) fn too_busy() -> Status {
    Status::aborted("the topology changes too fast to act on a revision; try again")
}

pub(crate) fn status(error: EditError) -> Status {
    match error {
        EditError::Moved => too_busy(),
        EditError::UnknownNode(id) => unknown_node(&id),
        EditError::Refused(reason) => Status::failed_precondition(reason),
        EditError::Stopped => stopping(),
    }
}

pub(crate) fn unknown_node(id: &NodeId) -> Status {
    Status::not_found(format!("no node {id} is known here; see GetTopology"))
}

pub(crate) fn stopping() -> Status {
    Status::unavailable("the node is stopping")
}
