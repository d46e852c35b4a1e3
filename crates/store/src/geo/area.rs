//! Where a search looks.

use std::ops::Range;

use super::cell::{Bounds, Cell, LATITUDE_MAX, LONGITUDE_MAX, STEP_MAX};
use super::distance::{EARTH_RADIUS, between, between_latitudes, degrees, radians};
use super::position::Position;

/// What is searched.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'a> {
    /// All places within so many metres.
    Circle {
        /// Its middle.
        centre: Position,
        /// In metres, not negative.
        radius: f64,
    },
    /// All places that are not farther to the east or west, nor to the north or south, than half of this.
    Box {
        /// Its middle.
        centre: Position,
        /// Metres from west to east, not negative.
        width: f64,
        /// Metres from south to north, not negative.
        height: f64,
    },
    /// All places within these corners, by their degrees on the map. There should be at least three.
    Polygon(&'a [Position]),
}

/// A shape on the map: which scores may be in it, and which are.
#[derive(Clone, Debug)]
pub struct Area<'a> {
    shape: Shape<'a>,
    /// Longitude and latitude that distances are measured from. That of a polygon may be beyond the edges of the map.
    centre: (f64, f64),
    ranges: Vec<Range<f64>>,
}

/// A place that a search has found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Where it is.
    pub position: Position,
    /// Metres from the middle; that of a polygon is the one of its corners.
    pub distance: f64,
}

impl<'a> Area<'a> {
    /// The area of a shape.
    #[must_use]
    pub fn new(shape: Shape<'a>) -> Self {
        let (centre, bounds, radius) = match shape {
            Shape::Circle { centre, radius } => (degrees_of(centre), box_around(centre, radius, radius), radius),
            Shape::Box { centre, width, height } => {
                let (east, north) = (width / 2.0, height / 2.0);
                (degrees_of(centre), box_around(centre, east, north), (east * east + north * north).sqrt())
            }
            Shape::Polygon(corners) => {
                let (centre, bounds) = (middle_of(corners), box_of(corners));
                (centre, bounds, farthest_corner(centre, &bounds))
            }
        };
        Self { shape, centre, ranges: cover(centre, radius, &bounds) }
    }

    /// The ranges of scores to look at, at most nine, in the order in which results are told that are not sorted. None shares
    /// scores with another.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<f64>> {
        self.ranges.iter().cloned()
    }

    /// The place of a score, if it is in the shape. It takes time with the corners of a polygon, constant time else.
    #[must_use]
    pub fn find(&self, score: f64) -> Option<Found> {
        let position = Position::of_score(score);
        let place = degrees_of(position);
        let distance = || between(self.centre, place);
        let distance = match self.shape {
            Shape::Circle { radius, .. } => Some(distance()).filter(|distance| *distance <= radius),
            Shape::Box { width, height, .. } => {
                let is_within = between_latitudes(place.1, self.centre.1) <= height / 2.0
                    && between(place, (self.centre.0, place.1)) <= width / 2.0;
                is_within.then(distance)
            }
            Shape::Polygon(corners) => is_within(corners, place).then(distance),
        };
        distance.map(|distance| Found { position, distance })
    }
}

fn degrees_of(position: Position) -> (f64, f64) {
    (position.longitude(), position.latitude())
}

/// The rectangle of so many metres to each side. It is as wide as its side nearer to the pole, where degrees are shorter.
fn box_around(centre: Position, east: f64, north: f64) -> Bounds {
    let (longitude, latitude) = degrees_of(centre);
    let up = degrees(north / EARTH_RADIUS);
    let widest = if latitude < 0.0 { latitude - up } else { latitude + up };
    let aside = degrees(east / EARTH_RADIUS / radians(widest).cos());
    Bounds { west: longitude - aside, south: latitude - up, east: longitude + aside, north: latitude + up }
}

/// The rectangle that all corners are in.
fn box_of(corners: &[Position]) -> Bounds {
    let none = Bounds { west: LONGITUDE_MAX, south: LATITUDE_MAX, east: -LONGITUDE_MAX, north: -LATITUDE_MAX };
    corners.iter().fold(none, |bounds, corner| Bounds {
        west: bounds.west.min(corner.longitude()),
        south: bounds.south.min(corner.latitude()),
        east: bounds.east.max(corner.longitude()),
        north: bounds.north.max(corner.latitude()),
    })
}

/// The longitude and latitude towards which the corners point, seen from the middle of the earth.
fn middle_of(corners: &[Position]) -> (f64, f64) {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for corner in corners {
        let (longitude, latitude) = (radians(corner.longitude()), radians(corner.latitude()));
        x += latitude.cos() * longitude.cos();
        y += latitude.cos() * longitude.sin();
        z += latitude.sin();
    }
    (degrees(y.atan2(x)), degrees(z.atan2((x * x + y * y).sqrt())))
}

/// Metres from a place to the corner of a rectangle that is farthest.
fn farthest_corner(from: (f64, f64), bounds: &Bounds) -> f64 {
    let Bounds { west, south, east, north } = *bounds;
    [(west, north), (east, north), (west, south), (east, south)]
        .map(|corner| between(from, corner))
        .into_iter()
        .fold(0.0, f64::max)
}

/// Whether a ray from a place to the east crosses the sides of a polygon an odd number of times.
fn is_within(corners: &[Position], (longitude, latitude): (f64, f64)) -> bool {
    let before = corners.last().into_iter().chain(corners);
    let crossed = corners.iter().zip(before).filter(|(a, b)| {
        let (a, b) = (degrees_of(**a), degrees_of(**b));
        (a.1 > latitude) != (b.1 > latitude) && longitude < (b.0 - a.0) * (latitude - a.1) / (b.1 - a.1) + a.0
    });
    crossed.count() % 2 == 1
}

/// The scores of cells that cover the rectangle: that of its centre, and those around it that have something of it.
fn cover((longitude, latitude): (f64, f64), radius: f64, bounds: &Bounds) -> Vec<Range<f64>> {
    /// North, south, east and west, then the corners.
    const AROUND: [(i32, i32); 8] = [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
    let Some(centre) = Position::new(longitude, latitude) else {
        // The middle of a polygon around a pole. It could be anywhere.
        return vec![f64::NEG_INFINITY..f64::INFINITY];
    };
    let mut step = step_for(radius, latitude);
    if step > 1 && !is_covered(Cell::around(centre, step), bounds) {
        step -= 1;
    }
    let cell = Cell::around(centre, step);
    let own = cell.bounds();
    let is_needed = |(east, north): &(i32, i32)| {
        let beyond = match east {
            1 => own.east > bounds.east,
            -1 => own.west < bounds.west,
            _ => false,
        } || match north {
            1 => own.north > bounds.north,
            -1 => own.south < bounds.south,
            _ => false,
        };
        // With four cells in all, both sides are the same ones.
        step < 2 || !beyond
    };
    let around = AROUND.into_iter().filter(is_needed).map(|(east, north)| cell.moved(east, north));
    let mut cells: Vec<Cell> = std::iter::once(cell).chain(around).collect();
    cells.dedup();
    cells.into_iter().map(Cell::scores).collect()
}

/// How small the cells may be so that those around one cover a circle.
fn step_for(radius: f64, latitude: f64) -> u32 {
    /// Metres of half the equator on the map.
    const MAP_MAX: f64 = 20_037_726.37;
    if radius == 0.0 {
        return STEP_MAX;
    }
    let doublings = std::iter::successors(Some(radius), |radius| Some(radius * 2.0))
        .take_while(|radius| *radius > 0.0 && *radius < MAP_MAX);
    // They are narrower where meridians come together.
    let narrower = match latitude.abs() {
        latitude if latitude > 80.0 => 2,
        latitude if latitude > 66.0 => 1,
        _ => 0,
    };
    // No number takes more doublings than some two thousand.
    let step = doublings.count() as i32 - 1 - narrower;
    step.clamp(1, STEP_MAX as i32) as u32
}

/// Whether a cell and those around it reach to all sides of a rectangle.
fn is_covered(cell: Cell, bounds: &Bounds) -> bool {
    let side = |east, north| cell.moved(east, north).bounds();
    let is_short = side(0, 1).north < bounds.north
        || side(0, -1).south > bounds.south
        || side(1, 0).east < bounds.east
        || side(-1, 0).west > bounds.west;
    !is_short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(longitude: f64, latitude: f64) -> Position {
        Position::new(longitude, latitude).expect("on the map")
    }

    fn covers(area: &Area<'_>, score: f64) -> bool {
        area.ranges().any(|range| range.contains(&score))
    }

    #[test]
    fn the_smallest_circle_looks_at_one_cell_and_its_neighbours() {
        let area = Area::new(Shape::Circle { centre: at(13.0, 38.0), radius: 0.0 });
        assert!(area.ranges().len() <= 9 && area.ranges().all(|range| range.end - range.start == 1.0));
    }

    #[test]
    fn the_largest_looks_at_everything_once() {
        let area = Area::new(Shape::Circle { centre: at(13.0, 38.0), radius: f64::INFINITY });
        let mut ranges: Vec<_> = area.ranges().collect();
        ranges.sort_by(|a, b| a.start.total_cmp(&b.start));
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((ranges[0].start, ranges[3].end, ranges.len()), (0.0, 2_f64.powi(52), 4));
    }

    #[test]
    fn a_polygon_around_the_pole_finds_what_is_within_its_degrees() {
        let corners = [at(-170.0, 84.0), at(-60.0, 84.0), at(60.0, 84.0), at(170.0, 84.0), at(0.0, 85.0)];
        let area = Area::new(Shape::Polygon(&corners));
        let score = at(10.0, 84.5).score();
        assert!(covers(&area, score) && area.find(score).is_some());
    }

    #[test]
    fn a_polygon_without_corners_has_nothing() {
        assert_eq!(Area::new(Shape::Polygon(&[])).find(at(0.0, 0.0).score()), None);
    }

    proptest! {
        #[test]
        fn what_is_near_is_found_in_the_ranges(
            longitude in -150.0_f64..150.0,
            latitude in -70.0_f64..70.0,
            radius in (0_i32..6).prop_map(|digits| 10_f64.powi(digits)),
            angle in 0.0_f64..6.25,
            part in 0.0_f64..0.99,
        ) {
            let centre = at(longitude, latitude);
            let (east, north) = (angle.cos() * part * radius, angle.sin() * part * radius);
            let north = latitude + degrees(north / EARTH_RADIUS);
            let east = longitude + degrees(east / EARTH_RADIUS / radians(north).cos());
            let near = at(east, north);
            prop_assume!(Position::of_score(near.score()).distance(centre) <= radius);
            let corners = [at(longitude - 1.0, latitude - 1.0), at(longitude + 1.0, latitude - 1.0), at(longitude, latitude + 2.0)];
            for shape in [
                Shape::Circle { centre, radius },
                Shape::Box { centre, width: radius * 2.0, height: radius * 2.0 },
                Shape::Polygon(&corners),
            ] {
                let area = Area::new(shape);
                if let Some(found) = area.find(near.score()) {
                    prop_assert!(covers(&area, near.score()));
                    prop_assert!(found.position.distance(near) < 1.0);
                } else {
                    let is_circle = matches!(shape, Shape::Circle { .. });
                    prop_assert!(!is_circle);
                }
            }
        }

        #[test]
        fn no_numbers_make_it_panic(
            score in any::<f64>(), longitude in -180.0_f64..=180.0, latitude in -85.05_f64..=85.05,
            size in any::<f64>(), other in any::<f64>(),
        ) {
            let centre = at(longitude, latitude);
            for shape in [
                Shape::Circle { centre, radius: size },
                Shape::Box { centre, width: size, height: other },
                Shape::Polygon(&[centre, Position::of_score(score), Position::of_score(other)]),
            ] {
                let area = Area::new(shape);
                prop_assert!((1..=9).contains(&area.ranges().len()));
                let _ = area.find(score);
            }
        }
    }
}
