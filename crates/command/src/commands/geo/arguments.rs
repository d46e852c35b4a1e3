//! Places and lengths as requests write them.

use slotmesh_store::geo::{Position, Unit};
use slotmesh_store::parse_double;

use crate::error_reply::ErrorReply;

/// A place, by its longitude and latitude.
pub(super) fn position(longitude: &[u8], latitude: &[u8]) -> Result<Position, ErrorReply> {
    let degrees = |word: &[u8]| number(word, "value is not a valid float");
    let (longitude, latitude) = (degrees(longitude)?, degrees(latitude)?);
    let beyond = || ErrorReply::err(format!("invalid longitude,latitude pair {longitude:.6},{latitude:.6}"));
    Position::new(longitude, latitude).ok_or_else(beyond)
}

pub(super) fn unit(word: &[u8]) -> Result<Unit, ErrorReply> {
    Unit::parse(word).ok_or_else(|| ErrorReply::err("unsupported unit provided. please use M, KM, FT, MI"))
}

/// A radius as it is written, and its unit.
pub(super) fn radius(radius: &[u8], unit_word: &[u8]) -> Result<(f64, Unit), ErrorReply> {
    let radius = number(radius, "need numeric radius")?;
    if radius < 0.0 {
        return Err(ErrorReply::err("radius cannot be negative"));
    }
    Ok((radius, unit(unit_word)?))
}

/// Width and height as they are written, and their unit.
pub(super) fn sides(width: &[u8], height: &[u8], unit_word: &[u8]) -> Result<((f64, f64), Unit), ErrorReply> {
    let (width, height) = (number(width, "need numeric width")?, number(height, "need numeric height")?);
    if width < 0.0 || height < 0.0 {
        return Err(ErrorReply::err("height or width cannot be negative"));
    }
    Ok(((width, height), unit(unit_word)?))
}

fn number(word: &[u8], complaint: &str) -> Result<f64, ErrorReply> {
    parse_double(word).ok_or_else(|| ErrorReply::err(complaint))
}
