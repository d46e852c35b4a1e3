//! What follows from a request: questions to others, and waiting.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use slotmesh_command::{Answer, Outcome, Question, Waiter, answer, end_wait, resume};
use tokio::time::{Instant, sleep_until};

use super::Connection;
use super::send::REPLY_BYTES;
use crate::clients::ask::ask;
use crate::clients::migrate::migrate;
use crate::ending::Ending;

impl Connection {
    /// Does what an outcome says, until the next request is to be looked at.
    pub(super) async fn follow(&mut self, mut outcome: Outcome) -> io::Result<()> {
        loop {
            match outcome {
                Outcome::Continue => return Ok(()),
                Outcome::Ask(question) => {
                    self.session.client().set_waiting(true);
                    let given = self.ask(&question).await?;
                    self.session.client().set_waiting(false);
                    self.now = self.shared.clock.now();
                    let (server, now) = (&self.shared.server, self.now);
                    outcome = answer(server, &mut self.session, now, &question, &given, &mut self.out);
                    self.note_time();
                    continue;
                }
                Outcome::Published => {
                    let publications = Arc::clone(self.shared.bus.publications());
                    if !publications.outgoing.has_room() {
                        self.flush().await?;
                        self.session.client().set_waiting(true);
                        publications.outgoing.room().await;
                        self.session.client().set_waiting(false);
                    }
                }
                Outcome::Held(time) => {
                    self.wait_held(time).await?;
                    if !self.session.is_executing() {
                        return Ok(());
                    }
                }
                Outcome::Wait(waiter) => {
                    self.flush().await?;
                    self.wait(&waiter).await?;
                    self.now = self.shared.clock.now();
                    let (server, now) = (&self.shared.server, self.now);
                    outcome = end_wait(server, &mut self.session, now, &waiter, &mut self.out);
                    continue;
                }
                Outcome::Flush => {
                    self.flush().await?;
                    tokio::task::yield_now().await;
                }
                Outcome::Walk => {
                    self.flush().await?;
                    outcome = self.walk().await;
                    continue;
                }
                Outcome::Close => {
                    self.closing = true;
                    return Ok(());
                }
                Outcome::Shutdown => {
                    // Nobody listens any more: the node is ending already.
                    let _ = self.shared.endings.send(Ending::Shutdown);
                    self.closing = true;
                    return Ok(());
                }
            }
            self.now = self.shared.clock.now();
            outcome = resume(&self.shared.server, &mut self.session, self.now, &mut self.out);
            self.note_time();
        }
    }

    /// Goes on with a walk over all keys to its end. Others have their turn after each part of it.
    async fn walk(&mut self) -> Outcome {
        let shared = Arc::clone(&self.shared);
        self.session.client().set_waiting(true);
        let _one_at_a_time = shared.walks.lock().await;
        self.session.client().set_waiting(false);
        loop {
            tokio::task::yield_now().await;
            self.now = self.shared.clock.now();
            let outcome = resume(&self.shared.server, &mut self.session, self.now, &mut self.out);
            self.note_time();
            if outcome != Outcome::Walk {
                return outcome;
            }
        }
    }

    /// Waits until what holds a request back may have ended.
    async fn wait_held(&mut self, most: Option<Duration>) -> io::Result<()> {
        self.flush().await?;
        self.session.client().set_waiting(true);
        let (signals, deadline) = (self.signals.clone(), deadline(most));
        self.wait_for(async {
            // Either way it is looked again.
            tokio::select! {
                biased;
                () = signals.served() => {}
                () = over(deadline) => {}
            }
        })
        .await?;
        self.session.client().set_waiting(false);
        self.now = self.shared.clock.now();
        Ok(())
    }

    async fn ask(&mut self, question: &Question) -> io::Result<Answer> {
        match question {
            Question::Migrate(migration) => {
                self.flush().await?;
                let (client, signals) = (Arc::clone(self.session.client()), self.signals.clone());
                let migrated = migrate(Arc::clone(&self.shared), migration.clone(), client, signals);
                self.wait_for(migrated).await
            }
            question => Ok(ask(&self.shared, question).await),
        }
    }

    /// Waits until a request that waits for keys has been served, or has waited for too long.
    async fn wait(&mut self, waiter: &Waiter) -> io::Result<()> {
        let (signals, deadline) = (self.signals.clone(), deadline(waiter.timeout()));
        let served = async {
            // The word may be about an earlier one.
            while !waiter.is_served() {
                signals.served().await;
            }
        };
        self.wait_for(async {
            tokio::select! {
                biased;
                () = served => {}
                () = over(deadline) => {}
            }
        })
        .await
    }

    /// Waits for something. What else arrives is kept for later, as much of it as may wait at all: the end of the
    /// connection stands behind it, and who has gone must not be served with what is taken out for it.
    async fn wait_for<T>(&mut self, awaited: impl Future<Output = T>) -> io::Result<T> {
        let mut awaited = pin!(awaited);
        loop {
            tokio::select! {
                biased;
                result = &mut awaited => return Ok(result),
                () = self.signals.pushed(), if !self.session.is_executing() => {
                    self.now = self.shared.clock.now();
                    self.session.client().take_pushes(&mut self.out, REPLY_BYTES);
                    self.flush().await?;
                }
                count = self.input.read(&self.stream) => match count? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => {
                        self.note_input(count);
                        if self.has_too_much_input() {
                            return Err(io::ErrorKind::ConnectionAborted.into());
                        }
                        self.input.give_back();
                    }
                },
            }
        }
    }
}

fn deadline(time: Option<Duration>) -> Option<Instant> {
    time.and_then(|time| Instant::now().checked_add(time))
}

async fn over(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
