//! What a search for places asks for.

use slotmesh_resp::parse_integer;
use slotmesh_store::SortedSetRef;
use slotmesh_store::geo::{Position, Shape, Unit};

use super::arguments;
use crate::call::is_word;
use crate::commands::numbers;
use crate::error_reply::ErrorReply;

/// How a command is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// GEORADIUS and GEORADIUS_RO: a place and a radius come first. With `true`, STORE and STOREDIST are options.
    Place(bool),
    /// GEORADIUSBYMEMBER and its like: a member and a radius come first.
    Member(bool),
    /// GEOSEARCH: options tell where and how far.
    Options,
    /// GEOSEARCHSTORE: the same behind the key that keeps what is found.
    StoredOptions,
}

/// In which order places are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Nearest,
    Farthest,
}

/// How far around the centre.
#[derive(Clone, Debug)]
enum Extent {
    Radius(f64),
    Sides(f64, f64),
    /// Not around it, but within these corners.
    Corners(Vec<Position>),
}

/// From where distances are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Centre {
    Place(Position),
    /// The place of a member, which is nowhere without a set.
    Member(Option<Position>),
}

/// The key that keeps what is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) key: &'a [u8],
    /// Whether scores are distances.
    pub(super) by_distance: bool,
}

/// What a search asks for.
#[derive(Debug)]
pub(super) struct Request<'a> {
    form: Form,
    centre: Option<Centre>,
    extent: Option<Extent>,
    pub(super) unit: Unit,
    /// WITHDIST.
    pub(super) with_distance: bool,
    /// WITHHASH.
    pub(super) with_hash: bool,
    /// WITHCOORD.
    pub(super) with_position: bool,
    /// COUNT.
    pub(super) count: Option<usize>,
    /// ANY: the first that are found will do.
    pub(super) any: bool,
    pub(super) order: Option<Order>,
    pub(super) target: Option<Target<'a>>,
}

impl Form {
    /// Which word is the key that is searched.
    pub(super) fn source(self) -> usize {
        if self == Self::StoredOptions { 2 } else { 1 }
    }

    fn is_search(self) -> bool {
        matches!(self, Self::Options | Self::StoredOptions)
    }
}

impl<'a> Request<'a> {
    /// Takes a request for a set, or for a key that is not there: what is wrong is told then as well, but for what
    /// depends on members.
    pub(super) fn parse(args: &[&'a [u8]], form: Form, set: Option<SortedSetRef<'_>>) -> Result<Self, ErrorReply> {
        let mut found = Self::new(form);
        let mut words = match form {
            Form::Place(_) => {
                found.centre = Some(Centre::Place(arguments::position(args[2], args[3])?));
                found.set_radius(args[4], args[5])?;
                &args[6..]
            }
            Form::Member(_) => {
                found.set_member(args[2], set)?;
                if set.is_some() {
                    found.set_radius(args[3], args[4])?;
                }
                &args[5..]
            }
            Form::Options => &args[2..],
            Form::StoredOptions => {
                found.target = Some(Target { key: args[1], by_distance: false });
                &args[3..]
            }
        };
        while let [option, rest @ ..] = words {
            words = if found.take_flag(option) { rest } else { found.take_option(option, rest, set)? };
        }
        found.check(args[0])?;
        Ok(found)
    }

    fn new(form: Form) -> Self {
        Self {
            form,
            centre: None,
            extent: None,
            unit: Unit::default(),
            with_distance: false,
            with_hash: false,
            with_position: false,
            count: None,
            any: false,
            order: None,
            target: None,
        }
    }

    /// The shape that is searched; `None` where nothing can be found.
    pub(super) fn shape(&self) -> Option<Shape<'_>> {
        let centre = match self.centre {
            Some(Centre::Place(place)) => Some(place),
            Some(Centre::Member(place)) => place,
            None => None,
        };
        let metres = self.unit.metres();
        Some(match self.extent.as_ref()? {
            Extent::Radius(radius) => Shape::Circle { centre: centre?, radius: radius * metres },
            Extent::Sides(width, height) => {
                Shape::Box { centre: centre?, width: width * metres, height: height * metres }
            }
            Extent::Corners(corners) => Shape::Polygon(corners),
        })
    }

    /// Takes an option that is one word.
    fn take_flag(&mut self, option: &[u8]) -> bool {
        match () {
            () if is_word(option, "withdist") => self.with_distance = true,
            () if is_word(option, "withhash") => self.with_hash = true,
            () if is_word(option, "withcoord") => self.with_position = true,
            () if is_word(option, "any") => self.any = true,
            () if is_word(option, "asc") => self.order = Some(Order::Nearest),
            () if is_word(option, "desc") => self.order = Some(Order::Farthest),
            () => match &mut self.target {
                Some(target) if self.form == Form::StoredOptions && is_word(option, "storedist") => {
                    target.by_distance = true;
                }
                _ => return false,
            },
        }
        true
    }

    /// Takes an option that is followed by something; gives what is left.
    fn take_option<'w>(
        &mut self,
        option: &[u8],
        rest: &'w [&'a [u8]],
        set: Option<SortedSetRef<'_>>,
    ) -> Result<&'w [&'a [u8]], ErrorReply> {
        let [next, left @ ..] = rest else { return Err(ErrorReply::syntax()) };
        if is_word(option, "count") {
            let count = usize::try_from(numbers::integer(next)?).ok().filter(|count| *count > 0);
            self.count = Some(count.ok_or_else(|| ErrorReply::err("COUNT must be > 0"))?);
            return Ok(left);
        }
        if matches!(self.form, Form::Place(true) | Form::Member(true)) {
            let by_distance = is_word(option, "storedist");
            if by_distance || is_word(option, "store") {
                self.target = Some(Target { key: next, by_distance });
                return Ok(left);
            }
        }
        if self.form.is_search() { self.take_area(option, rest, set) } else { Err(ErrorReply::syntax()) }
    }

    /// Takes an option that says where to search.
    fn take_area<'w>(
        &mut self,
        option: &[u8],
        rest: &'w [&'a [u8]],
        set: Option<SortedSetRef<'_>>,
    ) -> Result<&'w [&'a [u8]], ErrorReply> {
        let has_corners = matches!(self.extent, Some(Extent::Corners(_)));
        match (rest, self.centre, &self.extent) {
            ([member, left @ ..], None | Some(Centre::Member(_)), _)
                if !has_corners && is_word(option, "frommember") =>
            {
                self.set_member(member, set)?;
                Ok(left)
            }
            ([longitude, latitude, left @ ..], None | Some(Centre::Place(_)), _)
                if !has_corners && is_word(option, "fromlonlat") =>
            {
                self.centre = Some(Centre::Place(arguments::position(longitude, latitude)?));
                Ok(left)
            }
            ([radius, unit, left @ ..], _, None | Some(Extent::Radius(_))) if is_word(option, "byradius") => {
                self.set_radius(radius, unit)?;
                Ok(left)
            }
            ([width, height, unit, left @ ..], _, None | Some(Extent::Sides(..))) if is_word(option, "bybox") => {
                let ((width, height), unit) = arguments::sides(width, height, unit)?;
                (self.extent, self.unit) = (Some(Extent::Sides(width, height)), unit);
                Ok(left)
            }
            ([count, left @ ..], None, None | Some(Extent::Corners(_)))
                if !left.is_empty() && is_word(option, "bypolygon") =>
            {
                self.take_corners(count, left)
            }
            _ => Err(ErrorReply::syntax()),
        }
    }

    fn take_corners<'w>(&mut self, count: &[u8], rest: &'w [&'a [u8]]) -> Result<&'w [&'a [u8]], ErrorReply> {
        let count = parse_integer(count).and_then(|count| i32::try_from(count).ok());
        let count = count.ok_or_else(|| ErrorReply::err("invalid number of vertices"))?;
        let words = usize::try_from(count).ok().filter(|count| *count >= 3).and_then(|count| count.checked_mul(2));
        // The same is said of those that are announced and missing.
        let split = words.and_then(|words| rest.split_at_checked(words));
        let (words, left) =
            split.ok_or_else(|| ErrorReply::err("GEOSEARCH BYPOLYGON must have at least 3 vertices"))?;
        let corners = words.chunks(2).map(|corner| arguments::position(corner[0], corner[1]));
        self.extent = Some(Extent::Corners(corners.collect::<Result<_, _>>()?));
        Ok(left)
    }

    fn set_member(&mut self, member: &[u8], set: Option<SortedSetRef<'_>>) -> Result<(), ErrorReply> {
        let place = set.map(|set| {
            let score = set.score(member).ok_or_else(|| ErrorReply::echo(&[b"member ", member, b" does not exist"]));
            score.map(Position::of_score)
        });
        self.centre = Some(Centre::Member(place.transpose()?));
        Ok(())
    }

    fn set_radius(&mut self, radius: &[u8], unit: &[u8]) -> Result<(), ErrorReply> {
        let (radius, unit) = arguments::radius(radius, unit)?;
        (self.extent, self.unit) = (Some(Extent::Radius(radius)), unit);
        Ok(())
    }

    /// Looks for what does not go together, or is missing. The command is named as the client has written it.
    fn check(&self, name: &[u8]) -> Result<(), ErrorReply> {
        if self.target.is_some() && (self.with_distance || self.with_hash || self.with_position) {
            let who = if self.form == Form::StoredOptions { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            let text = format!("{who} is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
            return Err(ErrorReply::err(text));
        }
        if self.form.is_search() {
            if self.centre.is_none() && !matches!(self.extent, Some(Extent::Corners(_))) {
                let text = b"exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
                return Err(ErrorReply::echo(&[text, name]));
            }
            if self.extent.is_none() {
                let text = b"exactly one of BYRADIUS, BYBOX and BYPOLYGON can be specified for ";
                return Err(ErrorReply::echo(&[text, name]));
            }
        }
        if self.any && self.count.is_none() {
            return Err(ErrorReply::err("the ANY argument requires COUNT argument"));
        }
        Ok(())
    }
}
