//! Replays every seed of `seeds/`, and random changes of them from a fixed seed: what fuzzing has found once stays found.
//!
//! `SLOTMESH_FUZZ_CHANGES` sets how many changed inputs each target gets.

use std::path::{Path, PathBuf};
use std::{env, fs, panic};

use slotmesh_gossip::SplitMix;
use slotmesh_gossip::rand_core::Rng;

/// Longest input that is replayed.
const INPUT_MAX: usize = 8192;

#[test]
fn packets_of_the_bus() {
    replay("wire", slotmesh_fuzz::wire, 20_000);
}

#[test]
fn requests_and_replies() {
    replay("resp", slotmesh_fuzz::resp, 10_000);
}

#[test]
fn payloads_of_dump() {
    replay("rdb", slotmesh_fuzz::rdb, 20_000);
}

#[test]
fn nodes_conf_files() {
    replay("nodes_conf", slotmesh_fuzz::nodes_conf, 5000);
}

#[test]
fn lives_of_an_engine() {
    replay("engine", slotmesh_fuzz::engine, 3000);
}

/// Runs `target` on its seeds and on `changes` inputs made from them.
fn replay(name: &str, target: fn(&[u8]), changes: u64) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has seeds");
    for (path, seed) in &seeds {
        run(target, seed, || path.display().to_string());
    }
    let changes = env::var("SLOTMESH_FUZZ_CHANGES").map_or(changes, |text| text.parse().expect("a number"));
    for number in 0..changes {
        let input = changed(&seeds, &mut SplitMix::new(number));
        run(target, &input, || keep(name, number, &input));
    }
}

/// Seeds in the order of their names: the order in a folder is anybody's.
fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let entries = fs::read_dir(&folder).expect("the folder of seeds is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(&path).expect("a readable seed"))).collect()
}

fn run(target: fn(&[u8]), input: &[u8], name: impl FnOnce() -> String) {
    if let Err(cause) = panic::catch_unwind(|| target(input)) {
        eprintln!("the input is {}", name());
        panic::resume_unwind(cause);
    }
}

/// Writes a changed input down, so that it can be looked at and become a seed.
fn keep(name: &str, number: u64, input: &[u8]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{number}"));
    fs::write(&path, input).expect("the folder for temporary files can be written to");
    path.display().to_string()
}

/// One of the seeds with a few changes.
fn changed(seeds: &[(PathBuf, Vec<u8>)], rng: &mut SplitMix) -> Vec<u8> {
    let mut input = pick(seeds, rng).1.clone();
    for _ in 0..=rng.next_u64() % 6 {
        change(&mut input, &pick(seeds, rng).1, rng);
    }
    input.truncate(INPUT_MAX);
    input
}

fn change(input: &mut Vec<u8>, other: &[u8], rng: &mut SplitMix) {
    const TELLING: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'\r', b' '];
    let at = below(input.len() + 1, rng);
    let end = (at + below(64, rng)).min(input.len());
    match rng.next_u64() % 7 {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => drop(input.splice(at..at, other.iter().copied().skip(below(other.len(), rng)).take(below(64, rng)))),
        3 => input.insert(at, rng.next_u64() as u8),
        4 => drop(input.splice(at..end, TELLING)),
        _ if input.is_empty() => {}
        5 => {
            let at = below(input.len(), rng);
            input[at] = *pick(&TELLING, rng);
        }
        _ => {
            let at = below(input.len(), rng);
            input[at] ^= 1 << (rng.next_u64() % 8);
        }
    }
}

fn pick<'a, T>(choices: &'a [T], rng: &mut SplitMix) -> &'a T {
    &choices[below(choices.len(), rng)]
}

fn below(bound: usize, rng: &mut SplitMix) -> usize {
    (rng.next_u64() % (bound.max(1) as u64)) as usize
}
