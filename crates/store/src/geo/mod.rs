//! Positions on the earth as scores of a sorted set: what GEOADD, GEODIST, GEOHASH, GEOPOS and GEOSEARCH do.
//!
//! A score is a geohash of 52 bits, 26 of the longitude between 26 of the latitude, so that neighbours mostly have scores that are
//! near each other. [`Area`] tells which ranges of scores a search must look at, and which of their positions it finds.
//!
//! ```
//! use slotmesh_store::geo::{Area, Position, Shape, Unit, distance_text};
//!
//! let palermo = Position::new(13.361389, 38.115556).expect("on the map");
//! let catania = Position::new(15.087269, 37.502669).expect("on the map");
//! assert_eq!(palermo.score(), 3479099956230698.0);
//! assert_eq!(palermo.geohash(), *b"sqc8b49rny0");
//!
//! let stored = |place: Position| Position::of_score(place.score());
//! let metres = stored(palermo).distance(stored(catania));
//! assert_eq!(distance_text(metres / Unit::Kilometre.metres()), "166.2742");
//!
//! let centre = Position::new(15.0, 37.0).expect("on the map");
//! let area = Area::new(Shape::Circle { centre, radius: 100_000.0 });
//! assert!(area.ranges().any(|scores| scores.contains(&catania.score())));
//! assert!(area.find(catania.score()).is_some() && area.find(palermo.score()).is_none());
//! ```

mod area;
mod cell;
mod distance;
mod position;
mod text;

pub use area::{Area, Found, Shape};
pub use position::Position;
pub use text::{coordinate_text, distance_text};

/// A unit of length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// `m`
    #[default]
    Metre,
    /// `km`
    Kilometre,
    /// `ft`
    Foot,
    /// `mi`
    Mile,
}

impl Unit {
    /// A unit by its name, in any case.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        let units = [(&b"m"[..], Self::Metre), (b"km", Self::Kilometre), (b"ft", Self::Foot), (b"mi", Self::Mile)];
        units.into_iter().find(|(unit, _)| unit.eq_ignore_ascii_case(name)).map(|(_, unit)| unit)
    }

    /// How many metres it has.
    #[must_use]
    pub fn metres(self) -> f64 {
        match self {
            Self::Metre => 1.0,
            Self::Kilometre => 1000.0,
            Self::Foot => 0.3048,
            Self::Mile => 1609.34,
        }
    }
}
