//! Values and scores as they are shown in replies.

use slotmesh_resp::ReplyWriter;
use slotmesh_store::{Packed, write_double};

/// Writes what a collection holds.
pub(super) fn write_packed(reply: &mut ReplyWriter<'_>, value: Packed<'_>) {
    value.with_text(|text| reply.bulk(text));
}

/// Writes a score as a number with a point; a text in RESP2.
pub(super) fn write_score(reply: &mut ReplyWriter<'_>, score: f64) {
    reply.double_text(&score_text(score));
}

/// A score as it is shown.
pub(super) fn score_text(score: f64) -> String {
    let mut text = String::new();
    write_double(&mut text, score);
    text
}

/// Writes a number of things or a place, counted from 0.
pub(super) fn write_count(reply: &mut ReplyWriter<'_>, count: usize) {
    reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
}
