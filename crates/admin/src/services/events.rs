//! What happens, as it happens.

use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{Updates, Watch, deadline};
use crate::api::Api;
use crate::edit::stopping;
use crate::event_log::Next;
use crate::proto;
use crate::proto::event_service_server::EventService;
use crate::proto::watch_events_request::Start;
use crate::proto::watch_events_response::Update;

#[tonic::async_trait]
impl EventService for Api {
    type WatchEventsStream = Updates<proto::WatchEventsResponse>;

    async fn watch_events(
        &self,
        request: Request<proto::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let deadline = deadline(&request);
        let mut restarted = false;
        let after = match request.into_inner().start {
            Some(Start::After(cursor)) if cursor.run_id == self.events.run_id() => cursor.sequence,
            Some(Start::After(_)) => {
                restarted = true;
                self.events.oldest() - 1
            }
            Some(Start::Oldest(true)) => self.events.oldest() - 1,
            Some(Start::Oldest(false) | Start::Latest(_)) | None => self.events.last(),
        };
        if after > self.events.last() {
            let last = self.events.last();
            return Err(Status::out_of_range(format!(
                "after.sequence: the last event of this run has the number {last}"
            )));
        }
        let watcher = Watcher { api: self.clone(), after, restarted, head: self.events.head() };
        Ok(Response::new(watcher.updates(deadline)))
    }
}

/// One reader.
struct Watcher {
    api: Api,
    /// Number of the last event it has seen.
    after: u64,
    /// It is to be told that what it saw belongs to a run that is over.
    restarted: bool,
    head: watch::Receiver<u64>,
}

impl Watch for Watcher {
    type Item = proto::WatchEventsResponse;

    async fn next(&mut self) -> Result<proto::WatchEventsResponse, Status> {
        if std::mem::take(&mut self.restarted) {
            return Ok(gap(0, self.after + 1));
        }
        loop {
            self.head.borrow_and_update();
            match self.api.events.after(self.after) {
                Next::Event(event) => {
                    self.after += 1;
                    return Ok(proto::WatchEventsResponse { update: Some(Update::Event((*event).clone())) });
                }
                Next::Gap { missed, next } => {
                    self.after = next - 1;
                    return Ok(gap(missed, next));
                }
                Next::Nothing => self.head.changed().await.map_err(|_| stopping())?,
            }
        }
    }
}

fn gap(missed: u64, next_sequence: u64) -> proto::WatchEventsResponse {
    proto::WatchEventsResponse { update: Some(Update::Gap(proto::EventGap { missed, next_sequence })) }
}
