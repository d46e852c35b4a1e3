//! What a process costs.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Pid;

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident, pages shared with others counted in full.
    pub resident_kib: u64,
    /// Resident, pages shared with others counted in part.
    pub proportional_kib: u64,
    /// The part of the resident memory that is no file: heap and stacks.
    pub anonymous_kib: u64,
}

/// Time that all threads of a process have been on a CPU. From the scheduler's own count in nanoseconds: the ticks of
/// /proc/PID/stat are 10 ms, more than an idle node uses in five seconds.
///
/// # Errors
/// The process has ended, or the kernel keeps no such count.
pub fn cpu_time(pid: Pid) -> Result<Duration> {
    let folder = format!("/proc/{}/task", pid.as_raw_pid());
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(&folder).with_context(|| format!("can't read {folder}"))? {
        let path = thread?.path().join("schedstat");
        // A thread may end between the two looks.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
        total += Duration::from_nanos(nanos.with_context(|| format!("{} says {text:?}", path.display()))?);
    }
    Ok(total)
}

/// Memory of a process.
///
/// # Errors
/// The process has ended.
pub fn memory(pid: Pid) -> Result<Memory> {
    let pid = pid.as_raw_pid();
    Ok(Memory {
        resident_kib: field(&format!("/proc/{pid}/status"), "VmRSS:")?,
        proportional_kib: field(&format!("/proc/{pid}/smaps_rollup"), "Pss:")?,
        anonymous_kib: field(&format!("/proc/{pid}/status"), "RssAnon:")?,
    })
}

fn field(path: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("can't read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()).and_then(|word| word.parse().ok());
    number.with_context(|| format!("{path} has no number for {name}"))
}
