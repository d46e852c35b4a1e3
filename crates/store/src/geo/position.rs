//! A place on the map.

use super::cell::{Cell, LATITUDE_MAX, LONGITUDE_MAX};
use super::{distance, text};

/// A place that can have a score: from -180 to 180 degrees of longitude, and to 85.05112878 degrees of latitude, north and south.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    longitude: f64,
    latitude: f64,
}

impl Position {
    /// A place by its degrees; `None` when it is beyond the edges.
    #[must_use]
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let is_on_map = longitude.abs() <= LONGITUDE_MAX && latitude.abs() <= LATITUDE_MAX;
        is_on_map.then_some(Self { longitude, latitude })
    }

    /// The middle of the cell that a score stands for: within 0.6 m of the place that was stored. A score that is none of a
    /// place gives one at the edge, or anywhere.
    #[must_use]
    pub fn of_score(score: f64) -> Self {
        let bounds = Cell::of_bits(bits_of_score(score)).bounds();
        Self {
            longitude: ((bounds.west + bounds.east) / 2.0).clamp(-LONGITUDE_MAX, LONGITUDE_MAX),
            latitude: ((bounds.south + bounds.north) / 2.0).clamp(-LATITUDE_MAX, LATITUDE_MAX),
        }
    }

    /// The score of the place, a whole number.
    #[must_use]
    pub fn score(self) -> f64 {
        Cell::around(self, super::cell::STEP_MAX).bits() as f64
    }

    /// Degrees to the east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// Degrees to the north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Metres to another place, on a sphere.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        distance::between((self.longitude, self.latitude), (other.longitude, other.latitude))
    }

    /// Its geohash as it is written elsewhere, with 11 characters, of which the last is always 0.
    #[must_use]
    pub fn geohash(self) -> [u8; 11] {
        text::geohash(Cell::earth_bits(self))
    }
}

/// The bits of a score as the hardware of Valkey's servers (x86-64) makes them of any number.
fn bits_of_score(score: f64) -> u64 {
    const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;
    if score < 0.0 {
        (score as i64).cast_unsigned()
    } else if score < TOO_LARGE {
        score as u64
    } else {
        0
    }
}
