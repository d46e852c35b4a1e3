//! Sends keys to another server (MIGRATE). Source: `migrateCommand` in `cluster.c` of Valkey.
//!
//! It is a task of its own: a client that is gone leaves no key behind of which nobody knows whether it has arrived. A
//! slot is locked for as long as it takes to copy what one key holds. From the begin until the target has said of a key
//! what became of it, whoever wants to change that key waits, also for those that are sent before it.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_command::{Answer, Client, Departure, ErrorReply, Migration, Transit};
use slotmesh_resp::encode_command;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::shared::Shared;
use super::signals::Signals;
use super::target::{Target, TargetError};
use super::targets::Whither;

/// How long a target may take to say of what was sent that it has arrived once the client is gone.
const GRACE: Duration = Duration::from_secs(1);

/// Requests are sent when so many bytes have come together; then the replies are waited for.
const BATCH_BYTES: usize = 64 * 1024;

/// Sends keys away, and answers when that is over. Whoever stops waiting for the answer stops it, after a last look at
/// what has arrived.
pub(super) async fn migrate(
    shared: Arc<Shared>,
    migration: Box<Migration>,
    client: Arc<Client>,
    signals: Signals,
) -> Answer {
    let (mut sender, answer) = oneshot::channel();
    drop(tokio::spawn(async move {
        let departed = depart(&shared, &migration, &client, &signals);
        let answer = tokio::select! {
            answer = departed => answer,
            () = async { sender.closed().await; sleep(GRACE).await } => return,
        };
        // The client may be gone just now.
        let _ = sender.send(answer);
    }));
    answer.await.unwrap_or_else(|_| Answer::Error("the server is stopping".into()))
}

async fn depart(shared: &Arc<Shared>, migration: &Migration, client: &Arc<Client>, signals: &Signals) -> Answer {
    loop {
        match shared.server.depart(migration, client, shared.clock.now()) {
            Departure::NoKeys => return Answer::NoKeys,
            Departure::Held => signals.served().await,
            Departure::Begun(transit) => return send(shared, migration, transit).await,
        }
    }
}

/// Sends the keys, over a connection that was used before if there is one. That may have ended without a word: then
/// another is made, unless something has arrived. Not where the target is late: what was sent may still be carried out,
/// after what is sent anew and after what clients have written there since.
async fn send(shared: &Arc<Shared>, migration: &Migration, mut transit: Transit<'_>) -> Answer {
    let whither = Whither::of(migration);
    let mut kept = shared.targets.take(&whither);
    loop {
        let is_kept = kept.is_some();
        match send_over(shared, migration, &mut transit, kept.take()).await {
            Ok((target, refused)) => {
                shared.targets.keep(whither, target);
                return refused.map_or(Answer::Ok, |error| refusal(&error));
            }
            Err(TargetError::Writing | TargetError::Reading) if is_kept && !transit.has_handed_over() => {}
            Err(error) => return failure(error),
        }
    }
}

/// Gives the connection for later, and the first thing that was said against a key.
async fn send_over(
    shared: &Shared,
    migration: &Migration,
    transit: &mut Transit<'_>,
    kept: Option<Target>,
) -> Result<(Target, Option<Vec<u8>>), TargetError> {
    let step = migration.timeout;
    let mut target = match kept {
        Some(target) => target,
        None => Target::connect((&migration.host, &migration.port), migration.credentials.as_ref(), step).await?,
    };
    target.select(migration.database, step).await?;
    let (mut requests, mut sent, mut refused) = (Vec::new(), Vec::new(), None);
    let count = transit.keys().len();
    for at in 0..count {
        if let Some((left, payload)) = transit.payload(at, shared.clock.now()) {
            write_request(migration, &transit.keys()[at], left, &payload, &mut requests);
            sent.push(at);
        }
        if requests.len() >= BATCH_BYTES || at + 1 == count {
            target.send(&requests, step).await?;
            for at in sent.drain(..) {
                match target.line(step).await?.strip_prefix(b"-") {
                    Some(error) => refused = refused.or_else(|| Some(error.to_vec())),
                    None => transit.hand_over(at, shared.clock.now()),
                }
            }
            requests.clear();
        }
    }
    Ok((target, refused))
}

fn write_request(migration: &Migration, key: &[u8], left: u64, payload: &[u8], out: &mut Vec<u8>) {
    let left = left.to_string();
    let mut words: Vec<&[u8]> = vec![b"RESTORE-ASKING", key, left.as_bytes(), payload];
    if migration.replaces {
        words.push(b"REPLACE");
    }
    encode_command(&words, out);
}

fn failure(error: TargetError) -> Answer {
    let trouble = match error {
        TargetError::Refused(error) => return refusal(&error),
        TargetError::Connecting => "connecting to the client",
        TargetError::Writing | TargetError::WritingLate => "writing to target instance",
        TargetError::Reading | TargetError::ReadingLate => "reading to target instance",
    };
    Answer::Refused(ErrorReply::new(format!("IOERR error or timeout {trouble}")))
}

fn refusal(error: &[u8]) -> Answer {
    Answer::Refused(ErrorReply::echo(&[b"Target instance replied with error: ", error]))
}
