//! Requests that wait for lists and sorted sets, of several clients of one server.

use std::sync::Arc;
use std::time::Duration;

use slotmesh_command::{
    Driver, Keyspace, Outcome, Output, Peer, Process, PubSub, Server, Session, Surroundings, Usage, Waiter, end_wait,
    execute,
};
use slotmesh_config::Config;
use slotmesh_table::{BusStats, ClusterView, Table};
use slotmesh_types::{NodeId, Now, ShardId, Slot};

#[test]
fn who_came_first_is_served_first() {
    let server = server();
    let [mut first, mut second, mut third, mut other] = clients(&server);
    first.waits("BLPOP k 0");
    second.waits("BRPOP {k}x k k 0");
    third.waits("BLMPOP 0 2 {k}x k LEFT COUNT 5");
    assert_eq!(other.say("RPUSH k 1"), ":1\r\n");
    assert_eq!(first.served().as_deref(), Some("*2\r\n$1\r\nk\r\n$1\r\n1\r\n"));
    assert_eq!((second.served(), third.served()), (None, None));
    assert_eq!(other.say("RPUSH k 2 3 4"), ":3\r\n", "the length is told before others are served");
    assert_eq!(second.served().as_deref(), Some("*2\r\n$1\r\nk\r\n$1\r\n4\r\n"));
    assert_eq!(third.served().as_deref(), Some("*2\r\n$1\r\nk\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n"));
    assert_eq!(other.say("LLEN k"), ":0\r\n");
}

#[test]
fn who_does_not_wait_any_more_is_served_nothing() {
    let server = server();
    let [mut early, mut late, mut other] = clients(&server);
    early.waits("BLPOP k 0.5");
    assert_eq!(early.timeout(), Some(Duration::from_millis(500)));
    assert_eq!(early.give_up(), "*-1\r\n");
    late.waits("BRPOPLPUSH k {k}x 0");
    assert_eq!((late.timeout(), late.give_up().as_str()), (None, "*-1\r\n"));
    late.waits("BZMPOP 0 1 k MIN");
    assert_eq!(late.give_up(), "*-1\r\n");
    assert_eq!(other.say("RPUSH k 1"), ":1\r\n");
    assert_eq!(other.say("LRANGE k 0 -1"), "*1\r\n$1\r\n1\r\n");
}

#[test]
fn who_waits_is_refused_where_memory_is_full_when_its_turn_comes() {
    let server = server();
    let [mut mover, mut popper, mut other] = clients(&server);
    mover.waits("BLMOVE k {k}x LEFT LEFT 0");
    popper.waits("BLPOP k 0");
    let change = |value: u64| {
        server.change_config(|config| config.set(&[("maxmemory", &value.to_string())])).expect("a size");
    };
    // What is pushed is admitted while there is room, and fills it.
    change(server.memory.fixed() + 70_000);
    assert_eq!(other.say(&format!("RPUSH k 1 {}", "x".repeat(100_000))), ":2\r\n");
    let refused = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    assert_eq!(mover.served().as_deref(), Some(refused));
    assert_eq!(popper.served().as_deref(), Some("*2\r\n$1\r\nk\r\n$1\r\n1\r\n"));
}

#[test]
fn one_push_goes_through_a_chain_of_moves() {
    let server = server();
    let [mut one, mut two, mut end, mut other] = clients(&server);
    end.waits("BLPOP {k}c 0");
    two.waits("BRPOPLPUSH {k}b {k}c 0");
    one.waits("BLMOVE k {k}b RIGHT LEFT 0");
    // `k` and `{k}b` are of one slot.
    assert_eq!(other.say("RPUSH k 1"), ":1\r\n");
    assert_eq!(one.served().as_deref(), Some("$1\r\n1\r\n"));
    assert_eq!(two.served().as_deref(), Some("$1\r\n1\r\n"));
    assert_eq!(end.served().as_deref(), Some("*2\r\n$4\r\n{k}c\r\n$1\r\n1\r\n"));
    assert_eq!(other.say("LLEN {k}c"), ":0\r\n");
}

#[test]
fn a_key_of_another_type_is_not_what_a_request_waits_for() {
    let server = server();
    let [mut list, mut set, mut other] = clients(&server);
    list.waits("BLPOP k 0");
    set.waits("BZPOPMIN k 0");
    other.say("SET k text");
    assert_eq!((list.served(), set.served()), (None, None));
    other.say("FLUSHALL");
    assert_eq!(other.say("ZADD k 1 m"), ":1\r\n");
    assert_eq!(set.served().as_deref(), Some("*3\r\n$1\r\nk\r\n$1\r\nm\r\n$1\r\n1\r\n"));
    assert_eq!(list.served(), None);
    assert_eq!(other.say("LPUSH k 1"), ":1\r\n");
    assert!(list.served().is_some());
}

#[test]
fn a_target_of_another_type_ends_the_wait_and_leaves_the_value() {
    let server = server();
    let [mut waiting, mut next, mut other] = clients(&server);
    waiting.waits("BLMOVE k {k}text LEFT LEFT 0");
    next.waits("BLPOP k 0");
    other.say("SET {k}text t");
    other.say("RPUSH k 1");
    let reply = waiting.served().expect("it is told");
    assert!(reply.starts_with("-WRONGTYPE "), "{reply}");
    assert_eq!(next.served().as_deref(), Some("*2\r\n$1\r\nk\r\n$1\r\n1\r\n"));
}

#[test]
fn a_transaction_serves_at_its_end_and_never_waits() {
    let server = server();
    let [mut waiting, mut other] = clients(&server);
    waiting.waits("BLPOP k 0");
    for request in
        ["MULTI", "RPUSH k 1", "RPUSH k 2", "LPOP k", "BLPOP {k}no 0", "BLMOVE {k}no k LEFT LEFT 0", "BZPOPMAX {k}no 0"]
    {
        other.say(request);
    }
    assert_eq!(waiting.served(), None);
    assert_eq!(other.say("EXEC"), "*6\r\n:1\r\n:2\r\n$1\r\n1\r\n*-1\r\n$-1\r\n*-1\r\n");
    assert_eq!(waiting.served().as_deref(), Some("*2\r\n$1\r\nk\r\n$1\r\n2\r\n"));
}

#[test]
fn what_a_transaction_takes_back_is_never_seen() {
    let server = server();
    let [mut waiting, mut other] = clients(&server);
    waiting.waits("BLPOP k 0");
    for request in ["MULTI", "RPUSH k 1", "LPOP k", "EXEC"] {
        other.say(request);
    }
    assert_eq!(waiting.served(), None);
}

#[test]
fn info_counts_who_waits_and_who_watches() {
    let server = server();
    let [mut ever, mut soon, mut watching, mut other] = clients(&server);
    ever.waits("BLPOP k 0");
    soon.waits("XREAD BLOCK 50 STREAMS {k}s $");
    watching.say("WATCH k");
    let counts = |info: &str| {
        let figure =
            |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.parse().ok());
        ["blocked_clients", "clients_in_timeout_table", "watching_clients"].map(|name| figure(name).unwrap_or(-1))
    };
    assert_eq!(counts(&other.say("INFO clients")), [2, 1, 1]);
    soon.give_up();
    watching.say("UNWATCH");
    assert_eq!(counts(&other.say("INFO clients")), [1, 0, 0]);
}

/// The cluster is this node.
struct World(Arc<ClusterView>);

impl Surroundings for World {
    fn view(&self) -> Arc<ClusterView> {
        Arc::clone(&self.0)
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn now(&self) -> Now {
        Now::default()
    }

    fn unix_micros(&self) -> u64 {
        0
    }

    fn publish(&self, _shard: bool, _channel: &[u8], _message: &[u8]) {}
}

struct Ignore;

impl Driver for Ignore {
    fn killed(&self) {}

    fn pushed(&self) {}

    fn served(&self) {}
}

fn server() -> Server {
    let mut table = Table::new(NodeId::from_entropy([1; 20]), ShardId::from_entropy([2; 20]));
    let me = table.my_key();
    Slot::all().for_each(|slot| table.bind(slot, me));
    let view = Arc::new(ClusterView::new(&table, Now::default(), true, 1, BusStats::default()));
    let config = Config::default();
    let pubsub = PubSub::new(config.output_limits());
    let world = Box::new(World(view));
    let server = Server::new(Now::default(), Process::default(), config, Keyspace::new(1), world, pubsub);
    server.follow_topology(Now::default());
    server
}

struct Client<'a> {
    server: &'a Server,
    session: Session,
    waiter: Option<Arc<Waiter>>,
}

fn clients<const N: usize>(server: &Server) -> [Client<'_>; N] {
    std::array::from_fn(|_| {
        let peer = Peer::Tcp { remote: ([127, 0, 0, 1], 5000).into(), local: ([127, 0, 0, 1], 7000).into() };
        let session = server.connect(Now::default(), &peer, 0, Box::new(Ignore)).expect("room");
        Client { server, session, waiter: None }
    })
}

impl Client<'_> {
    /// Sends words separated by spaces; gives the reply.
    fn say(&mut self, request: &str) -> String {
        let words: Vec<&[u8]> = request.split(' ').map(str::as_bytes).collect();
        let mut out = Output::default();
        match execute(self.server, &mut self.session, Now::default(), &words, None, &mut out) {
            Outcome::Wait(waiter) => self.waiter = Some(waiter),
            outcome => {
                assert!(matches!(outcome, Outcome::Continue | Outcome::Published | Outcome::Flush), "{outcome:?}");
            }
        }
        String::from_utf8_lossy(out.own()).into_owned()
    }

    fn waits(&mut self, request: &str) {
        assert_eq!(self.say(request), "");
        assert!(self.waiter.is_some(), "{request}");
    }

    fn timeout(&self) -> Option<Duration> {
        self.waiter.as_ref().expect("it waits").timeout()
    }

    /// The reply to the request that waits, if it is served.
    fn served(&mut self) -> Option<String> {
        let is_served = self.waiter.as_ref().is_some_and(|waiter| waiter.is_served());
        is_served.then(|| self.give_up())
    }

    fn give_up(&mut self) -> String {
        let waiter = self.waiter.take().expect("it waits");
        let mut out = Output::default();
        end_wait(self.server, &mut self.session, Now::default(), &waiter, &mut out);
        String::from_utf8_lossy(out.own()).into_owned()
    }
}
