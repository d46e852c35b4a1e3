//! Cells of the map, as geohashes of some length.

use std::ops::Range;

use super::position::Position;

/// Bits of each coordinate in a score.
pub(super) const STEP_MAX: u32 = 26;
/// The highest latitude that has a score, as in the maps of the web. The poles have none.
pub(super) const LATITUDE_MAX: f64 = 85.051_128_78;
pub(super) const LONGITUDE_MAX: f64 = 180.0;

/// One of `2^step` times `2^step` cells that make the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Columns from the west. One too high for a position right on the eastern edge.
    x: u32,
    /// Rows from the south, the same for the northern edge.
    y: u32,
    step: u32,
}

/// A rectangle of longitudes and latitudes, in degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) west: f64,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

/// The map that scores are made of.
const MAP: Bounds = Bounds { west: -LONGITUDE_MAX, south: -LATITUDE_MAX, east: LONGITUDE_MAX, north: LATITUDE_MAX };
/// The whole earth, which the geohashes of others are made of.
const EARTH: Bounds = Bounds { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

impl Cell {
    /// The cell of a position, which is on the map.
    pub(super) fn around(position: Position, step: u32) -> Self {
        Self::on(&MAP, position, step)
    }

    fn on(map: &Bounds, position: Position, step: u32) -> Self {
        let x = (position.longitude() - map.west) / (map.east - map.west);
        let y = (position.latitude() - map.south) / (map.north - map.south);
        Self { x: (x * side(step)) as u32, y: (y * side(step)) as u32, step }
    }

    /// The smallest cell, which these bits of a score are.
    pub(super) fn of_bits(bits: u64) -> Self {
        Self { x: gather(bits >> 1), y: gather(bits), step: STEP_MAX }
    }

    /// The bits of a geohash of the whole earth.
    pub(super) fn earth_bits(position: Position) -> u64 {
        Self::on(&EARTH, position, STEP_MAX).bits()
    }

    /// Its bits, those of longitude and latitude in turn.
    pub(super) fn bits(self) -> u64 {
        spread(self.x) << 1 | spread(self.y)
    }

    /// The scores of the positions in it.
    pub(super) fn scores(self) -> Range<f64> {
        let shift = 2 * (STEP_MAX - self.step);
        (self.bits() << shift) as f64..((self.bits() + 1) << shift) as f64
    }

    /// The cell so many to the east and to the north, beyond an edge that of the other side.
    pub(super) fn moved(self, east: i32, north: i32) -> Self {
        let side = 1_u32 << self.step;
        let turn = |at: u32, by: i32| if by == 0 { at } else { at.wrapping_add_signed(by) % side };
        Self { x: turn(self.x, east), y: turn(self.y, north), step: self.step }
    }

    pub(super) fn bounds(self) -> Bounds {
        let place = |at: u32, least: f64, most: f64| least + (f64::from(at) / side(self.step)) * (most - least);
        Bounds {
            west: place(self.x, MAP.west, MAP.east),
            south: place(self.y, MAP.south, MAP.north),
            // A score that is no position can have any bits.
            east: place(self.x.wrapping_add(1), MAP.west, MAP.east),
            north: place(self.y.wrapping_add(1), MAP.south, MAP.north),
        }
    }
}

/// Cells in a row of the map.
fn side(step: u32) -> f64 {
    f64::from(1_u32 << step)
}

const SPREAD: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
];

/// Moves bits apart, so that each second one is free.
fn spread(bits: u32) -> u64 {
    SPREAD.iter().fold(u64::from(bits), |bits, (shift, mask)| (bits | bits << shift) & mask)
}

/// The other way round, for every second bit.
fn gather(bits: u64) -> u32 {
    let masks = SPREAD.iter().rev().map(|(_, mask)| mask).skip(1).chain(&[0xffff_ffff]);
    let own = bits & 0x5555_5555_5555_5555;
    SPREAD.iter().rev().zip(masks).fold(own, |bits, ((shift, _), mask)| (bits | bits >> shift) & mask) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn beyond_an_edge_is_the_other_side() {
        let corner = Cell { x: 0, y: 0, step: 2 };
        assert_eq!(corner.moved(-1, -1), Cell { x: 3, y: 3, step: 2 });
        assert_eq!(corner.moved(-1, -1).moved(1, 1), corner);
        // The eastern edge has a column of its own.
        let edge = Position::new(180.0, 0.0).expect("on the map");
        assert_eq!(Cell::around(edge, 2).x, 4);
        assert_eq!((Cell::around(edge, 2).moved(1, 0).x, Cell::around(edge, 2).moved(-1, 0).x), (1, 3));
    }

    proptest! {
        #[test]
        fn bits_come_back(bits in any::<u64>()) {
            prop_assert_eq!(Cell::of_bits(bits).bits(), bits);
        }

        #[test]
        fn a_cell_is_around_its_position(longitude in -180.0_f64..180.0, latitude in -85.05_f64..85.05, step in 1_u32..=26) {
            let position = Position::new(longitude, latitude).expect("on the map");
            let cell = Cell::around(position, step);
            let Bounds { west, south, east, north } = cell.bounds();
            prop_assert!((west - 1e-9..=east + 1e-9).contains(&longitude) && (south - 1e-9..=north + 1e-9).contains(&latitude));
            prop_assert!(cell.scores().contains(&position.score()));
        }
    }
}
