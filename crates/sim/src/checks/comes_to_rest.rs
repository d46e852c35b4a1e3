//! A node does not want to be called for ever at one moment: what is due is done when it has been called.

use slotmesh_types::Mono;

/// Calls at one moment that are no sign of trouble.
const CALLS: u32 = 1000;

/// The moment of each node's last call, and how often it was called then.
pub(super) struct Rest(Vec<(Mono, u32)>);

impl Rest {
    pub(super) fn new(nodes: usize) -> Self {
        Self(vec![(Mono::default(), 0); nodes])
    }

    pub(super) fn woken(&mut self, node: usize, now: Mono) -> Result<(), String> {
        let (at, calls) = &mut self.0[node];
        if *at != now {
            (*at, *calls) = (now, 0);
        }
        *calls += 1;
        if *calls <= CALLS { Ok(()) } else { Err(format!("wanted to be called {CALLS} times at one moment")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_has_to_pass_between_calls() {
        let mut rest = Rest::new(1);
        let moment = Mono::from_micros;
        assert!((0..CALLS).all(|_| rest.woken(0, moment(1)).is_ok()));
        assert!(rest.woken(0, moment(1)).is_err());
        assert!(rest.woken(0, moment(2)).is_ok());
    }
}
