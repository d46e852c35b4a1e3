//! What happens when memory is full.

use slotmesh_types::{Now, UnixMillis};

use crate::support::{Client, Fixture, Table};

const OOM: &str = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
const ABORTED: &str =
    "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.\r\n";

fn figure(client: &mut Client<'_>, section: &str, name: &str) -> u64 {
    let text = client.say(&format!("INFO {section}"));
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).expect("a figure");
    line.trim().parse().expect("a number")
}

/// Allows so many bytes beyond those that are used.
fn allow(world: &Fixture, client: &mut Client<'_>, more: i64) {
    let used = figure(client, "memory", "used_memory");
    let limit = used.checked_add_signed(more).expect("some are left");
    world.configure("maxmemory", &limit.to_string());
}

fn at(client: &mut Client<'_>, seconds: u64) {
    client.now = Now { unix: UnixMillis(seconds * 1000), ..Now::default() };
}

#[test]
fn what_may_need_memory_is_refused_where_nothing_may_go() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say_all(&["SET k text", "RPUSH l a b"]);
    allow(&world, &mut client, -1);
    assert_eq!(client.say_all(&["SET x 1", "MSET {k}a 1 k 2"]), format!("{OOM}{OOM}"));
    assert_eq!(client.say_all(&["GET k", "EXISTS {k}a", "LPOP l"]), "$4\r\ntext\r\n:0\r\n$1\r\na\r\n");
    allow(&world, &mut client, -1);
    assert_eq!(client.say_all(&["MULTI", "GET k", "SET k 1", "EXEC"]), {
        let aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
        format!("+OK\r\n+QUEUED\r\n{OOM}{aborted}")
    });
    world.configure("maxmemory", "0");
    assert_eq!(client.say_all(&["MULTI", "SET k 1"]), "+OK\r\n+QUEUED\r\n");
    allow(&world, &mut world.client(), -1);
    assert_eq!(client.say("EXEC"), ABORTED);
    assert_eq!(client.say("GET k"), "$4\r\ntext\r\n");
    assert_eq!(client.say_all(&["MULTI", "GET k", "EXEC"]), "+OK\r\n+QUEUED\r\n*1\r\n$4\r\ntext\r\n");
    client.say("DEL k l");
    world.configure("maxmemory", "100mb");
    assert_eq!(client.say("SET x 1"), "+OK\r\n");
}

#[test]
fn where_a_slot_is_served_comes_before_whether_there_is_room() {
    let world = Fixture::new(Table::Alone);
    let mut client = world.client();
    client.say("SET {s}a 1");
    world.configure("maxmemory", "1");
    world.become_(Table::Foreign(3828));
    assert_eq!(client.say("SET {s}a 2"), "-MOVED 3828 127.0.0.1:7001\r\n");
    world.become_(Table::Replica);
    assert!(client.say("SET {s}a 2").starts_with("-MOVED"));
}

#[test]
fn only_those_with_a_term_go_where_that_is_the_rule() {
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        let world = Fixture::new(Table::Alone);
        world.configure("maxmemory-policy", policy);
        let mut client = world.client();
        for number in 0..500 {
            client.say(&format!("SET stays:{number} {number:0100}"));
            client.say(&format!("SET goes:{number} {number:0100} EX {}", 1000 + number));
        }
        allow(&world, &mut client, -20_000);
        assert_eq!(client.say("SET new 1"), "+OK\r\n", "{policy}");
        let gone = figure(&mut client, "stats", "evicted_keys");
        assert!((40..250).contains(&gone), "{policy}: {gone}");
        assert_eq!(client.say("DBSIZE"), format!(":{}\r\n", 1001 - gone), "{policy}");
        if policy == "volatile-ttl" {
            let late = (300..500).filter(|number| client.say(&format!("EXISTS goes:{number}")) == ":1\r\n").count();
            assert_eq!(late, 200, "those that end first go first");
        }
        allow(&world, &mut client, -230_000);
        assert_eq!(client.say("SET new 2"), OOM, "{policy}");
        assert_eq!(client.say("DBSIZE"), ":501\r\n", "{policy}");
    }
}

#[test]
fn who_listens_and_who_watches_is_told_of_keys_that_go() {
    let world = Fixture::new(Table::Alone);
    world.configure("notify-keyspace-events", "Ee");
    world.configure("maxmemory-policy", "allkeys-random");
    let (mut client, mut listener) = (world.client(), world.client());
    listener.say("PSUBSCRIBE __keyevent@0__:*");
    client.say_all(&[&format!("SET k {:0200}", 0), "WATCH k", "MULTI", "PING"]);
    let mut other = world.client();
    allow(&world, &mut other, -1);
    assert_eq!(other.say("SET x 1"), "+OK\r\n");
    assert!(listener.events().ends_with(&["evicted k".to_owned()]));
    assert_eq!(client.say("EXEC"), "*-1\r\n");
    assert_eq!(other.say("DBSIZE"), ":1\r\n");
}

#[test]
fn memory_is_made_free_though_nobody_asks_for_it() {
    let world = Fixture::new(Table::Alone);
    world.configure("maxmemory-policy", "allkeys-lru");
    let mut client = world.client();
    for number in 0..1000 {
        client.say(&format!("SET key:{number} {number:0100}"));
    }
    let before = figure(&mut client, "memory", "used_memory");
    allow(&world, &mut client, -50_000);
    world.server.look_after_memory(Now::default(), 1);
    let after = figure(&mut client, "memory", "used_memory");
    assert!(before - after >= 49_000, "{before} {after}");
    assert!(figure(&mut client, "memory", "used_memory_peak") >= before);
}

/// How many of the keys that a perfect choice would keep are kept, in percent, when a quarter of them has to go: here,
/// and by the rule of real servers for one table of all keys.
fn quality(name: impl Fn(usize) -> String) -> (usize, usize) {
    const COUNT: usize = 12_000;
    let world = Fixture::new(Table::Alone);
    world.configure("maxmemory-policy", "allkeys-lru");
    let mut client = world.client();
    for number in 0..COUNT {
        at(&mut client, number as u64);
        client.say(&format!("SET {} {number:064}", name(number)));
    }
    let each = client.say(&format!("GET {}", name(0))).len() as i64 + 50;
    allow(&world, &mut client, -each * COUNT as i64 / 4);
    at(&mut client, COUNT as u64);
    client.say("SET last 1");
    let gone = figure(&mut client, "stats", "evicted_keys") as usize;
    assert!((COUNT / 8..COUNT / 2).contains(&gone), "{gone} are gone");
    let kept = (gone..COUNT).filter(|number| client.say(&format!("EXISTS {}", name(*number))) == ":1\r\n").count();
    (kept * 1000 / (COUNT - gone), model(COUNT, gone))
}

/// The same in one table: five are looked at, the sixteen best are kept.
fn model(count: usize, gone: usize) -> usize {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let (mut keys, mut pool): (Vec<usize>, Vec<usize>) = ((0..count).collect(), Vec::new());
    for _ in 0..gone {
        for _ in 0..5 {
            let key = keys[random() % keys.len()];
            pool.retain(|kept| *kept != key);
            pool.push(key);
        }
        pool.sort_unstable_by(|one, other| other.cmp(one));
        while pool.len() > 16 {
            pool.remove(0);
        }
        let best = pool.pop().expect("some were looked at");
        keys.retain(|key| *key != best);
    }
    keys.iter().filter(|key| **key >= gone).count() * 1000 / (count - gone)
}

#[test]
fn keys_in_many_small_tables_are_chosen_as_well_as_in_one() {
    for (how, (kept, wanted)) in [
        ("in all slots", quality(|number| format!("key:{number}"))),
        ("nine of ten in one slot", quality(|number| format!("{}{number}", if number % 10 > 0 { "{s}" } else { "k" }))),
    ] {
        println!("{how}: {kept} of 1000 are kept that should be, {wanted} where all lie in one table");
        assert!(kept + 10 >= wanted, "{how}: {kept} of 1000 are kept that should be, {wanted} in one table");
    }
}
