//! A client between two threads.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use slotmesh_command::Session;

use super::connection;
use super::places::Place;
use super::rounds::Service;
use super::shared::Shared;
use super::signals::Signals;
use super::stream::{Readiness, Socket, Stream};

/// A client that no thread serves: on its way to the one of its place.
pub(crate) struct Guest {
    pub(crate) place: Place,
    pub(crate) shared: Arc<Shared>,
    pub(crate) session: Session,
    pub(crate) socket: Socket,
    pub(crate) signals: Signals,
}

impl Guest {
    /// Has it served by the thread of its place.
    pub(crate) fn go_to_place(self) {
        let places = Arc::clone(&self.shared.places);
        places.welcome(self);
    }

    /// Serves it here; its thread says what is heard of its socket.
    pub(crate) fn service(self, readiness: Rc<Readiness>) -> Service {
        let Self { place, shared, session, socket, signals } = self;
        Box::pin(connection::run(place, shared, session, Stream::new(socket, readiness), signals))
    }

    /// Ends it: it can't be served.
    pub(crate) fn turn_away(mut self, error: &io::Error) {
        tracing::warn!("A client can't be served: {error}");
        self.shared.server.disconnect(&mut self.session, self.shared.clock.now());
    }
}
