//! Distances on a sphere.

/// The mean radius of the earth, in metres.
pub(super) const EARTH_RADIUS: f64 = 6_372_797.560_856;

const RADIANS: f64 = std::f64::consts::PI / 180.0;

pub(super) fn radians(degrees: f64) -> f64 {
    degrees * RADIANS
}

pub(super) fn degrees(radians: f64) -> f64 {
    radians / RADIANS
}

/// Metres from one latitude to another.
pub(super) fn between_latitudes(one: f64, other: f64) -> f64 {
    EARTH_RADIUS * (radians(other) - radians(one)).abs()
}

/// Metres between places of (longitude, latitude) in degrees, by the haversine formula.
pub(super) fn between(one: (f64, f64), other: (f64, f64)) -> f64 {
    /// Some nanometres on the earth.
    const SAME_LONGITUDE: f64 = 1e-15;
    let across = ((radians(other.0) - radians(one.0)) / 2.0).sin();
    if across.abs() <= SAME_LONGITUDE {
        return between_latitudes(one.1, other.1);
    }
    let (from, to) = (radians(one.1), radians(other.1));
    let along = ((to - from) / 2.0).sin();
    let square = along * along + from.cos() * to.cos() * across * across;
    // On opposite sides it can come out as a little more than 1, which has no arc.
    2.0 * EARTH_RADIUS * square.sqrt().min(1.0).asin()
}
