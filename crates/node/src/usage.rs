//! What the process uses, as the system tells.

use std::fs;
use std::time::Duration;

use slotmesh_command::Usage;

/// Reads it from `/proc`; zeros where there is none.
pub(crate) fn read() -> Usage {
    let (user_time, system_time) = processor_time().unwrap_or_default();
    Usage {
        rss_bytes: resident_pages().unwrap_or(0).saturating_mul(rustix::param::page_size() as u64),
        machine_bytes: machine_kib().unwrap_or(0).saturating_mul(1024),
        user_time,
        system_time,
    }
}

fn resident_pages() -> Option<u64> {
    fs::read_to_string("/proc/self/statm").ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn machine_kib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_ascii_whitespace().next()?.parse().ok()
}

fn processor_time() -> Option<(Duration, Duration)> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses and may hold spaces.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut time = || {
        let ticks: u64 = fields.next()?.parse().ok()?;
        Some(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
    };
    Some((time()?, time()?))
}
