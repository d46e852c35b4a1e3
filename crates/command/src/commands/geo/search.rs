//! GEOSEARCH, GEORADIUS and their like.

use slotmesh_resp::ReplyWriter;
use slotmesh_store::geo::{Area, Found, distance_text};
use slotmesh_store::{Packed, ScoreBound, SortedSet, SortedSetRef};

use super::request::{Form, Order, Request};
use super::write_position;
use crate::commands::shown::write_packed;
use crate::commands::sorted_sets::store;
use crate::keyed::{Done, Keyed};

/// A member that is found.
#[derive(Clone, Copy, Debug)]
struct Hit<'a> {
    member: Packed<'a>,
    score: f64,
    place: Found,
}

pub(crate) fn georadius(call: &mut Keyed<'_>) -> Done {
    search(call, Form::Place(true))
}

pub(crate) fn georadius_ro(call: &mut Keyed<'_>) -> Done {
    search(call, Form::Place(false))
}

pub(crate) fn georadiusbymember(call: &mut Keyed<'_>) -> Done {
    search(call, Form::Member(true))
}

pub(crate) fn georadiusbymember_ro(call: &mut Keyed<'_>) -> Done {
    search(call, Form::Member(false))
}

pub(crate) fn geosearch(call: &mut Keyed<'_>) -> Done {
    search(call, Form::Options)
}

pub(crate) fn geosearchstore(call: &mut Keyed<'_>) -> Done {
    search(call, Form::StoredOptions)
}

fn search(call: &mut Keyed<'_>, form: Form) -> Done {
    let Keyed { args, db, reply, settings, .. } = call;
    let set = db.view::<SortedSet>(args[form.source()])?;
    let request = Request::parse(args, form, set)?;
    let hits = set.map(|set| find(set, &request)).unwrap_or_default();
    let Some(target) = request.target else {
        show(reply, &request, &hits);
        return Ok(());
    };
    let score = |hit: &Hit<'_>| if target.by_distance { shown_distance(hit, &request) } else { hit.score };
    let entries = hits.iter().map(|hit| (score(hit), hit.member.to_vec())).collect();
    let kept = SortedSet::from_entries(entries, settings.sorted_set);
    let kept = kept.expect("members of a set are there once, and distances are numbers");
    store(call, target.key, kept, if form == Form::StoredOptions { "geosearchstore" } else { "georadiusstore" })
}

/// What is within the shape: in the order that is wanted, and not more than that.
fn find<'s>(set: SortedSetRef<'s>, request: &Request<'_>) -> Vec<Hit<'s>> {
    let Some(shape) = request.shape() else { return Vec::new() };
    let area = Area::new(shape);
    let entries = area.ranges().flat_map(|scores| {
        set.entries(set.ranks_by_score(ScoreBound::Inclusive(scores.start), ScoreBound::Exclusive(scores.end)))
    });
    let hits = entries.filter_map(|(member, score)| area.find(score).map(|place| Hit { member, score, place }));
    let most = request.count.unwrap_or(usize::MAX);
    let mut hits: Vec<_> = if request.any { hits.take(most).collect() } else { hits.collect() };
    // The nearest are wanted if only some are.
    let order = request.order.or((request.count.is_some() && !request.any).then_some(Order::Nearest));
    let distance = |hit: &Hit<'_>| hit.place.distance;
    match order {
        Some(Order::Nearest) => hits.sort_by(|a, b| distance(a).total_cmp(&distance(b))),
        Some(Order::Farthest) => hits.sort_by(|a, b| distance(b).total_cmp(&distance(a))),
        None => {}
    }
    hits.truncate(most);
    hits
}

fn show(reply: &mut ReplyWriter<'_>, request: &Request<'_>, hits: &[Hit<'_>]) {
    let extras = [request.with_distance, request.with_hash, request.with_position];
    let count = extras.into_iter().filter(|extra| *extra).count();
    reply.array(hits.len());
    for hit in hits {
        if count > 0 {
            reply.array(count + 1);
        }
        write_packed(reply, hit.member);
        if request.with_distance {
            reply.bulk(distance_text(shown_distance(hit, request)).as_bytes());
        }
        if request.with_hash {
            reply.integer(hit.score as i64);
        }
        if request.with_position {
            write_position(reply, hit.place.position);
        }
    }
}

/// The distance in the unit of the request.
fn shown_distance(hit: &Hit<'_>, request: &Request<'_>) -> f64 {
    hit.place.distance / request.unit.metres()
}
