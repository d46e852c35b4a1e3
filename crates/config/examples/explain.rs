//! Reads a valkey.conf as our server would, and tells what each directive that it sets does here.
//!
//! `cargo run -p slotmesh-config --example explain -- /etc/valkey/valkey.conf --port 7000`

use slotmesh_config::{Class, Config, DIRECTIVES, LoadError};

fn main() -> Result<(), LoadError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let config = Config::load(&arguments, &|path| std::fs::read_to_string(path).map_err(|error| error.to_string()))?;
    for directive in DIRECTIVES {
        let value = config.text(directive.name);
        if value == directive.default {
            continue;
        }
        let meaning = match directive.class {
            Class::Implemented(sentence) => sentence,
            Class::Harmless => "taken and shown, changes nothing",
            Class::Only(_) => "as if it were not there: other values are refused",
        };
        println!("{} {value}\n    {meaning}", directive.name);
    }
    Ok(())
}
