//! The slotmesh-server binary: configuration, logging, signals.

fn main() {
    eprintln!("slotmesh-server serves no clients yet");
    std::process::exit(1);
}
