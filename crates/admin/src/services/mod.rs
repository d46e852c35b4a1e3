//! The services, one file each, and streams that take from a log at the reader's own pace.

mod apply;
mod diagnostics;
mod events;
mod membership;
mod recovery;
mod replication;
mod slots;
mod topology;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_stream::Stream;
use tonic::{Request, Status};

/// What a streaming call gives.
pub(crate) type Updates<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What a stream is made of.
pub(crate) trait Watch: Send + Sized + 'static {
    type Item: Send + 'static;

    /// The next item; an error is the last one.
    fn next(&mut self) -> impl Future<Output = Result<Self::Item, Status>> + Send;

    /// The stream of its items, until the caller's deadline. Nothing runs ahead of the reader.
    fn updates(self, deadline: Option<Instant>) -> Updates<Self::Item> {
        Box::pin(futures_util::stream::unfold(Some(self), move |held| async move {
            let mut watch = held?;
            let item = match deadline {
                Some(deadline) => timeout_at(deadline, watch.next()).await.unwrap_or_else(|_| Err(expired())),
                None => watch.next().await,
            };
            let held = item.is_ok().then_some(watch);
            Some((item, held))
        }))
    }
}

/// When the caller of a stream wants it to end. The server ends calls that have not begun to answer by itself.
pub(crate) fn deadline<T>(request: &Request<T>) -> Option<Instant> {
    let value = request.metadata().get("grpc-timeout")?.to_str().ok()?;
    Instant::now().checked_add(timeout(value)?)
}

/// A `grpc-timeout`: up to 8 digits and a unit. Source: gRPC over HTTP/2, "Timeout".
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Refuses a list that is too long.
fn check_count(field: &str, count: usize, most: usize) -> Result<(), Status> {
    if count <= most { Ok(()) } else { Err(Status::invalid_argument(format!("{field}: at most {most} in one call"))) }
}

fn expired() -> Status {
    Status::deadline_exceeded("the deadline of the call is over")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_up_to_eight_digits_and_a_unit() {
        assert_eq!(timeout("50m"), Some(Duration::from_millis(50)));
        assert_eq!(timeout("2H"), Some(Duration::from_secs(7200)));
        for wrong in ["", "m", "5", "5x", "-5S", "123456789S", "5\u{e9}"] {
            assert_eq!(timeout(wrong), None, "{wrong:?}");
        }
    }
}
