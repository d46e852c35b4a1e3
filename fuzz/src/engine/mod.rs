//! The membership engine, driven by operations read from bytes.

mod actions;
mod consistency;
mod driver;
mod edits;
mod operation;
mod packets;
mod peers;
mod recovery;

use std::hash::Hasher;

use crate::input::Input;
use driver::Driver;

/// Operations in one run, at most.
const OPERATIONS_MAX: usize = 128;

/// Any bytes as a life of an engine: an operator's verbs, links that come and go, packets (well made, damaged, rubbish)
/// on any of them, time, restarts. After each, the actions keep their contract, the figures their bounds, and what the
/// engine shows fits together. In the end an honest node can join, and the same life led again is the same.
///
/// # Panics
/// When that does not hold.
pub fn engine(data: &[u8]) {
    let digest = live(data);
    // The second life doubles the cost: every eighth input shows enough.
    if data.len().is_multiple_of(8) {
        assert_eq!(digest, live(data), "the same inputs give the same actions");
    }
}

/// Leads a life; gives a digest of what was done in it.
fn live(data: &[u8]) -> u64 {
    let mut input = Input::new(data);
    let mut driver = Driver::new(&mut input);
    for _ in 0..OPERATIONS_MAX {
        if input.is_over() {
            break;
        }
        driver.operate(&mut input);
        consistency::check_bounds(&driver);
        consistency::check_links(&driver);
        consistency::check_view(&mut driver);
    }
    consistency::check_owners(&driver);
    recovery::check(&mut driver);
    driver.restart();
    driver.digest.finish()
}
