//! What is done with the requests of the rest of the node.

use std::rc::Rc;
use std::time::Duration;

use slotmesh_command::VIEW_AGE_MAX;
use slotmesh_gossip::{
    Durability, ForgetError, HandshakeEnd, HandshakeId, HandshakeTrouble, MeetStart, MeetTarget, Replication,
};
use tokio::sync::{mpsc, oneshot};

use super::command::{BusReply, BusRequest, Envelope};
use super::core::Core;
#[cfg(feature = "admin")]
use super::diagnosis::Diagnosis;
use super::misbehave::misbehave;
use super::operate::operate;

impl Core {
    pub(super) async fn answer(self: Rc<Self>, mut inbox: mpsc::UnboundedReceiver<Envelope>) {
        while let Some(Envelope { request, reply }) = inbox.recv().await {
            #[cfg(feature = "admin")]
            let Some(request) = self.in_time(request) else {
                let _ = reply.send(BusReply::Moved);
                continue;
            };
            match request {
                BusRequest::Stop => return self.finish(reply),
                BusRequest::Meet(target, wait) => self.meet(target, wait, reply),
                BusRequest::Leave { force } => self.leave(force, reply),
                BusRequest::SaveConfig => self.save(reply),
                other => self.answer_now(other, reply),
            }
            self.drive();
        }
        // Nobody is left to ask: the node was dropped without a word.
        self.finish(oneshot::channel().0);
    }

    /// What is to be done, unless it is too late for it.
    #[cfg(feature = "admin")]
    fn in_time(&self, request: BusRequest) -> Option<BusRequest> {
        match request {
            BusRequest::At(version, inner) => (self.engine.borrow().table().version() == version).then_some(*inner),
            other => Some(other),
        }
    }

    fn save(&self, reply: oneshot::Sender<BusReply>) {
        let number = self.persist(Durability::Synced);
        self.reply_when_saved(number, reply);
    }

    fn answer_now(self: &Rc<Self>, mut request: BusRequest, reply: oneshot::Sender<BusReply>) {
        let is_change = match &request {
            BusRequest::Change(order) => !order.only_check,
            BusRequest::Forget(_) => true,
            _ => false,
        };
        let decision = match &mut request {
            BusRequest::Change(order) => order.decision.take(),
            _ => None,
        };
        if decision.as_ref().is_some_and(|decision| !decision.begin()) {
            // Whoever has asked has waited for too long, and was told so.
            return;
        }
        let answer = self.carry_out_request(request);
        // What has come of it can be seen.
        drop(decision);
        if is_change && matches!(answer, BusReply::Done | BusReply::Epoch { .. }) {
            self.reply_when_kept(reply, answer);
        } else {
            // Who asked may be gone.
            let _ = reply.send(answer);
        }
    }

    fn carry_out_request(self: &Rc<Self>, request: BusRequest) -> BusReply {
        let now = self.clock.now();
        // Many who find the view too old ask at once: the first answer is for all.
        let age = now.mono.since(self.topology.view().taken.mono);
        let refresh = matches!(request, BusRequest::Refresh) && age > VIEW_AGE_MAX;
        let mut engine = self.engine.borrow_mut();
        let reply = match request {
            BusRequest::Forget(id) => match engine.forget(now, &id) {
                Ok(()) => BusReply::Done,
                Err(ForgetError::Unknown) => BusReply::UnknownNode,
                Err(error) => BusReply::Refused(error.to_string()),
            },
            BusRequest::Change(order) => operate(&mut engine, now, &order),
            BusRequest::CountFailureReports(id) => {
                engine.failure_reports(now, &id).map_or(BusReply::UnknownNode, BusReply::Count)
            }
            BusRequest::Links => BusReply::Links(engine.links(), now),
            #[cfg(feature = "admin")]
            BusRequest::Handshakes => {
                let (open, ended) = (engine.handshakes().cloned(), engine.ended_handshakes().cloned());
                BusReply::Handshakes(open.collect(), ended.collect(), now)
            }
            #[cfg(feature = "admin")]
            BusRequest::Diagnose => BusReply::Diagnosis(Box::new(Diagnosis::of(&engine, now))),
            #[cfg(feature = "admin")]
            BusRequest::At(..) => unreachable!("unwrapped by the caller"),
            BusRequest::Explain(id) => match engine.explain(now, &id) {
                Some(explanation) => BusReply::Explanation(Box::new(explanation), now),
                None => BusReply::UnknownNode,
            },
            BusRequest::Configure(settings) => {
                self.source.set(settings.source);
                self.saves.borrow_mut().set_best_effort(settings.save_best_effort);
                engine.configure(now, settings.engine);
                if *self.seeds.borrow() != settings.seeds {
                    *self.seeds.borrow_mut() = settings.seeds;
                    engine.renew_seeds(now);
                }
                BusReply::Done
            }
            BusRequest::Debug(how) => misbehave(&mut engine, now, &how),
            BusRequest::Offset(offset) => {
                engine.handle_replication(now, Replication { offset, ..Replication::default() });
                BusReply::Done
            }
            BusRequest::Refresh => BusReply::Done,
            BusRequest::Meet(..) | BusRequest::Leave { .. } | BusRequest::SaveConfig | BusRequest::Stop => {
                unreachable!("answered by the caller")
            }
        };
        drop(engine);
        self.drive();
        // Whoever reads the topology after the answer sees the effect.
        if refresh || self.is_view_old() {
            self.publish_now();
        }
        reply
    }

    fn leave(self: &Rc<Self>, force: bool, reply: oneshot::Sender<BusReply>) {
        let started = self.engine.borrow_mut().leave(self.clock.now(), force);
        match started {
            Ok(()) => self.leaving.borrow_mut().push(reply),
            // The connection may be gone.
            Err(error) => drop(reply.send(BusReply::Refused(error.to_string()))),
        }
    }

    fn meet(self: &Rc<Self>, target: MeetTarget, wait: Option<Duration>, reply: oneshot::Sender<BusReply>) {
        let started = self.engine.borrow_mut().meet(self.clock.now(), target);
        let id = match started {
            Ok(MeetStart::Started(id) | MeetStart::UnderWay(id)) => id,
            Err(error) => return drop(reply.send(BusReply::Refused(error.to_string()))),
        };
        let Some(wait) = wait else {
            self.drive();
            self.publish_now();
            return drop(reply.send(BusReply::Done));
        };
        let (ended, outcome) = oneshot::channel();
        let mut waiting = self.waiting.borrow_mut();
        let askers = waiting.entry(id).or_default();
        // Whose time is up hears nothing any more.
        askers.retain(|asker| !asker.is_closed());
        askers.push(ended);
        drop(waiting);
        let core = Rc::clone(self);
        self.spawn(async move {
            let outcome = tokio::time::timeout(wait, outcome).await;
            let answer = match outcome {
                Ok(Ok(ended)) => ended,
                Ok(Err(_)) => BusReply::Ended(HandshakeEnd::Cancelled),
                Err(_) => BusReply::StillUnderWay(core.last_error(id)),
            };
            let _ = reply.send(answer);
        });
    }

    /// What went wrong last with a handshake that is under way, if anything did.
    fn last_error(&self, id: HandshakeId) -> Option<HandshakeTrouble> {
        self.engine.borrow().handshakes().find(|handshake| handshake.id == id)?.last_error
    }

    /// Saves for the last time, then lets the thread end. The lock on the file goes with it.
    fn finish(self: Rc<Self>, reply: oneshot::Sender<BusReply>) {
        let (saved, done) = oneshot::channel();
        self.save(saved);
        let core = Rc::clone(&self);
        self.spawn(async move {
            let _ = reply.send(done.await.unwrap_or(BusReply::Done));
            core.stopped.notify_one();
        });
    }
}
