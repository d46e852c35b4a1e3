//! A short run of `cargo xtask diff`.

use xtask::diff;
use xtask::rack::Kind;

use crate::turn::Turn;

/// Every written script is played, and so many generated commands on each stage.
const STEPS: usize = 200;

#[test]
fn slotmesh_and_valkey_reply_the_same() {
    let Some(turn) = Turn::take() else { return };
    if turn.present(&[Kind::Valkey9]).is_empty() {
        return;
    }
    let tally = diff::compare(&turn.rack, 1, STEPS).unwrap();
    assert!(tally.same > 1000 && tally.unsupported < 50, "{tally:?}");
}
