//! The time zone of log lines.
//!
//! A library that looks zones up by name makes a catalogue of all that are installed first: at each start it walks through
//! some 600 files and keeps 150 KiB of names. One zone is needed here, and its file is known.

use std::fs;
use std::io;
use std::path::Path;

use jiff::tz::TimeZone;

/// The zone of this machine.
const HERE: &str = "/etc/localtime";

/// Where zones have files of their own.
const FOLDER: &str = "/usr/share/zoneinfo";

/// The zone that `TZ` names, else that of this machine; UTC where there is none. Source: tzset(3).
pub(crate) fn local() -> TimeZone {
    find(std::env::var("TZ").ok().as_deref(), |path| fs::read(path))
}

fn find(named: Option<&str>, read: impl Fn(&Path) -> io::Result<Vec<u8>>) -> TimeZone {
    let from_file = |name: &str, path: &Path| TimeZone::tzif(name, &read(path).ok()?).ok();
    let zone = match named.map(|name| name.strip_prefix(':').unwrap_or(name)) {
        None => from_file("Local", Path::new(HERE)),
        Some("") => None,
        // An absolute path stands for itself.
        Some(name) => from_file(name, &Path::new(FOLDER).join(name)).or_else(|| TimeZone::posix(name).ok()),
    };
    zone.unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// The smallest file of a zone, with its rule as TZ writes it. Source: RFC 8536, 3.
    fn tzif(rule: &str) -> Vec<u8> {
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        let block = [b"TZif2", &[0; 15][..], &counts, &[0; 6], b"UTC\0"].concat();
        [&block, &block, format!("\n{rule}\n").as_bytes()].concat()
    }

    fn hours_in_summer(named: Option<&str>) -> i32 {
        let zone = find(named, |path| match path.to_str() {
            Some("/etc/localtime") => Ok(tzif("CET-1")),
            Some("/usr/share/zoneinfo/Some/Place") => Ok(tzif("XXX-5")),
            Some("/my/zone") => Ok(tzif("YYY-6")),
            Some("/usr/share/zoneinfo/Broken") => Ok(b"nonsense".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        });
        let summer: Timestamp = "2026-07-01T00:00:00Z".parse().expect("a time");
        zone.to_offset(summer).seconds() / 3600
    }

    #[test]
    fn the_zone_is_what_tz_names_or_else_the_machines() {
        assert_eq!(hours_in_summer(None), 1);
        assert_eq!(hours_in_summer(Some("Some/Place")), 5);
        assert_eq!(hours_in_summer(Some(":Some/Place")), 5);
        assert_eq!(hours_in_summer(Some("/my/zone")), 6);
        assert_eq!(hours_in_summer(Some("EST5EDT,M3.2.0,M11.1.0")), -4, "a rule");
        for nothing in ["", ":", "No/Such", "Broken"] {
            assert_eq!(hours_in_summer(Some(nothing)), 0, "{nothing:?} is UTC");
        }
    }
}
