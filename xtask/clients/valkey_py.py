"""What applications do with valkey-py, once in RESP2 and once in RESP3: valkey_py.py PORT"""

import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import valkey.asyncio
from valkey import exceptions
from valkey.cluster import ValkeyCluster

from slots import Slots

PATIENCE = 10


def connect(port, protocol):
    return ValkeyCluster(host="127.0.0.1", port=port, protocol=protocol, decode_responses=True)


def single(cluster, key):
    """A client of the one node that serves `key`: for what the cluster's client does not know."""
    return cluster.get_valkey_connection(cluster.get_node_from_key(key))


def await_true(what, probe):
    end = time.monotonic() + PATIENCE
    while not probe():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.005)


def refused(kind, text, call, *args, **options):
    try:
        found = call(*args, **options)
    except kind as error:
        assert text in str(error), f"{error!r}"
    else:
        raise AssertionError(f"{found!r} instead of {kind.__name__}")


def discovery(r, protocol):
    assert len(r.get_primaries()) == 3
    assert all(r.ping(target_nodes=node) for node in r.get_primaries())
    assert r.cluster_info()["cluster_state"] == "ok"
    assert r.cluster_info()["cluster_slots_ok"] == "16384"
    assert len(r.cluster_nodes()) == 3
    # A second client that begins at another node finds the same cluster.
    for node in r.get_primaries():
        assert len(connect(node.port, protocol).get_primaries()) == 3


def strings(r, protocol):
    keys = [f"string:{n}" for n in range(60)]
    for key in keys:
        assert r.set(key, key)
    assert [r.get(key) for key in keys] == keys
    # Split by slots and put together again.
    assert r.mset_nonatomic({key: key + "!" for key in keys})
    assert r.mget_nonatomic(keys) == [key + "!" for key in keys]
    assert r.exists(*keys) == 60
    assert r.delete(*keys) == 60
    assert r.get("string:0") is None
    binary = bytes(range(256)) * 300
    raw = ValkeyCluster(host="127.0.0.1", port=r.get_primaries()[0].port, protocol=protocol)
    raw.set("string:binary", binary)
    assert raw.get("string:binary") == binary
    assert r.set("string:n", 1, nx=True) and r.set("string:n", 2, nx=True) is None
    assert r.set("string:n", "7", get=True) == "1" and r.incr("string:n") == 8
    assert r.incrbyfloat("string:n", 0.5) == 8.5 and r.append("string:n", "0") == 4
    assert r.expire("string:n", 100) and 0 < r.ttl("string:n") <= 100
    assert r.set("string:gone", 1, px=20)
    await_true("a key to expire", lambda: r.get("string:gone") is None)
    assert r.getdel("string:n") == "8.50" and r.type("string:n") == "none"
    assert r.setbit("string:bit", 7, 1) == 0 and r.bitcount("string:bit") == 1


def collections(r, protocol):
    assert r.rpush("list", 1, 2, 3) == 3 and r.lrange("list", 0, -1) == ["1", "2", "3"]
    assert r.lpop("list", 2) == ["1", "2"] and r.lpop("nothing") is None
    assert r.sadd("set", "a", "b", "c") == 3 and set(r.smembers("set")) == {"a", "b", "c"}
    assert r.smismember("set", ["a", "z"]) == [1, 0]
    assert r.hset("hash", mapping={"a": 1, "b": 2}) == 2 and r.hgetall("hash") == {"a": "1", "b": "2"}
    assert r.hmget("hash", "a", "z") == ["1", None]
    assert r.hgetall("nothing") == {} and not r.smembers("nothing")
    assert r.zadd("zset", {"a": 1, "b": 2.5, "c": float("inf")}) == 3
    assert r.zscore("zset", "b") == 2.5 and r.zscore("zset", "z") is None
    scores = r.zrange("zset", 0, -1, withscores=True)
    assert [tuple(pair) for pair in scores] == [("a", 1.0), ("b", 2.5), ("c", float("inf"))], scores
    assert r.zincrby("zset", 1.5, "a") == 2.5 and r.zmscore("zset", ["a", "z"]) == [2.5, None]
    assert r.geoadd("geo", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")) == 2
    assert abs(r.geodist("geo", "Palermo", "Catania", "km") - 166.2742) < 0.001
    assert r.pfadd("hll", *range(1000)) == 1 and 950 < r.pfcount("hll") < 1050
    assert r.sunionstore("{set}:union", "set", "{set}:none") == 3
    assert r.sort("set", alpha=True, desc=True) == ["c", "b", "a"]


def texts_and_maps_about_the_server(r, protocol):
    info = r.info(target_nodes=r.get_random_node())
    assert info["cluster_enabled"] == 1 and info["redis_version"]
    assert r.config_get("maxclients", target_nodes=r.get_random_node())["maxclients"]
    assert any(client["resp"] == str(protocol) for client in r.client_list(target_nodes=r.get_random_node()))
    assert r.command_count(target_nodes=r.get_random_node()) > 200
    assert sum(r.dbsize(target_nodes=node) for node in r.get_primaries()) == r.dbsize()
    assert r.time(target_nodes=r.get_random_node())[0] > 1_700_000_000
    hello = single(r, "k").execute_command("HELLO", protocol)
    hello = hello if protocol == 3 else dict(zip(hello[::2], hello[1::2]))
    assert hello["proto"] == protocol and hello["mode"] == "cluster", hello
    docs = single(r, "k").execute_command("COMMAND DOCS", "get")
    assert isinstance(docs, dict if protocol == 3 else list), docs


def pipelines(r, protocol):
    with r.pipeline() as pipe:
        for n in range(500):
            pipe.set(f"pipe:{n}", n)
            pipe.incrby(f"pipe:{n}", 1000)
        assert pipe.execute() == [reply for n in range(500) for reply in (True, n + 1000)]
    with r.pipeline() as pipe:
        pipe.get("pipe:1").lpush("pipe:1", 1).get("pipe:2")
        good, bad, after = pipe.execute(raise_on_error=False)
    assert (good, after) == ("1001", "1002") and isinstance(bad, exceptions.ResponseError), bad
    assert str(bad).startswith("WRONGTYPE") or "WRONGTYPE" in str(bad)


def transactions(r, protocol):
    node = single(r, "{t}")
    with node.pipeline(transaction=True) as pipe:
        pipe.set("{t}a", 1).incr("{t}a").lpush("{t}l", 1, 2).get("{t}none")
        assert pipe.execute() == [True, 2, 2, None]
    with node.pipeline() as pipe:
        pipe.watch("{t}a")
        pipe.multi()
        pipe.incr("{t}a")
        r.set("{t}a", 100)
        refused(exceptions.WatchError, "Watched variable changed", pipe.execute)
    assert r.get("{t}a") == "100"

    def add_ten(pipe):
        value = int(pipe.get("{t}a"))
        pipe.multi()
        pipe.set("{t}a", value + 10)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: node.transaction(add_ten, "{t}a"), range(40)))
    assert r.get("{t}a") == "500", "forty times ten, whoever had to try again"
    with node.pipeline() as pipe:
        pipe.set("{t}b", 1).lpush("{t}b", 1).incr("{t}b")
        ok, wrong, after = pipe.execute(raise_on_error=False)
        assert (ok, after) == (True, 2) and isinstance(wrong, exceptions.ResponseError)
    with node.pipeline() as pipe:
        pipe.set("{t}b", 5).execute_command("GET")
        refused(exceptions.ResponseError, "", pipe.execute)
    assert r.get("{t}b") == "2", "nothing of a transaction that can't be queued is done"


def errors(r, protocol):
    r.set("{e}text", "x")
    refused(exceptions.ResponseError, "WRONGTYPE Operation", r.lpush, "{e}text", 1)
    refused(exceptions.ResponseError, "value is not an integer", r.incr, "{e}text")
    refused(exceptions.ResponseError, "wrong number of arguments for 'get'", single(r, "a").execute_command, "GET")
    refused(exceptions.ResponseError, "unknown command 'NOSUCH'", single(r, "a").execute_command, "NOSUCH", "a")
    refused(exceptions.ResponseError, "Keys in request", single(r, "a").mget, "a", "b")
    refused(exceptions.ValkeyClusterException, "", r.mget, "a", "b")
    stranger = r.get_valkey_connection(next(n for n in r.get_primaries() if n != r.get_node_from_key("a")))
    try:
        stranger.get("a")
    except exceptions.MovedError as error:
        assert (error.slot_id, error.port) == (15495, r.get_node_from_key("a").port), error
    else:
        raise AssertionError("a key of others is served")
    assert r.readonly(target_nodes=r.get_random_node()) and r.readwrite(target_nodes=r.get_random_node())


def scans(r, protocol):
    wanted = {f"scan:{n}" for n in range(2000)}
    with r.pipeline() as pipe:
        for key in wanted:
            pipe.set(key, 1)
        pipe.execute()
    r.sadd("scan:other", 1)
    assert set(r.scan_iter("scan:*", count=100, _type="string")) == wanted
    assert set(r.keys("scan:1*", target_nodes=r.PRIMARIES)) == {key for key in wanted if key.startswith("scan:1")}
    found, cursor, calls = [], "0", 0
    while calls == 0 or cursor != "0":
        cursor, keys = r.execute_command("CLUSTERSCAN", cursor, "MATCH", "scan:*", "COUNT", 500)
        found, calls = found + keys, calls + 1
        assert calls < 60_000
    assert set(found) == wanted | {"scan:other"}
    big = {f"field{n}": str(n) for n in range(1000)}
    r.hset("scan:hash", mapping=big)
    assert dict(r.hscan_iter("scan:hash", count=50)) == big
    r.sadd("scan:set", *big)
    assert set(r.sscan_iter("scan:set", match="field9*")) == {field for field in big if field.startswith("field9")}
    r.zadd("scan:zset", {field: int(score) for field, score in big.items()})
    assert {field: str(int(score)) for field, score in r.zscan_iter("scan:zset")} == big


def streams(r, protocol):
    first = r.xadd("stream", {"n": 0})
    ids = [first] + [r.xadd("stream", {"n": n}) for n in range(1, 6)]
    assert r.xlen("stream") == 6 and [entry for entry, _ in r.xrange("stream")] == ids
    assert r.xrevrange("stream", count=1) == [(ids[-1], {"n": "5"})]
    assert r.xgroup_create("stream", "group", id="0")
    refused(exceptions.ResponseError, "BUSYGROUP", r.xgroup_create, "stream", "group")
    refused(exceptions.ResponseError, "NOGROUP", r.xreadgroup, "none", "c", {"stream": ">"})
    assert of_stream(r.xreadgroup("group", "one", {"stream": ">"}, count=4), protocol) == ids[:4]
    assert of_stream(r.xreadgroup("group", "two", {"stream": ">"}), protocol) == ids[4:]
    assert not r.xreadgroup("group", "two", {"stream": ">"})
    assert r.xack("stream", "group", ids[0], ids[4]) == 2
    pending = r.xpending("stream", "group")
    assert pending["pending"] == 4 and pending["consumers"] == [
        {"name": "one", "pending": 3}, {"name": "two", "pending": 1}], pending
    assert [entry for entry, _ in r.xclaim("stream", "group", "two", 0, [ids[1]])] == [ids[1]]
    assert [entry for entry, _ in r.xautoclaim("stream", "group", "two", 0)[1]] == [*ids[1:4], ids[5]]
    assert {consumer["name"]: consumer["pending"] for consumer in r.xinfo_consumers("stream", "group")} == {
        "one": 0, "two": 4}
    assert r.xinfo_stream("stream")["length"] == 6 and r.xinfo_groups("stream")[0]["pending"] == 4
    assert r.xtrim("stream", maxlen=2, approximate=False) == 4 and r.xdel("stream", ids[5]) == 1


def of_stream(reply, protocol):
    """The ids that a read of one stream gave."""
    [entries] = [entries[0] for entries in reply.values()] if protocol == 3 else [entries for _, entries in reply]
    return [entry for entry, _ in entries]


def blocking(r, protocol):
    def woken(key, wait, wake):
        node = single(r, key)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(wait)
            await_true("a request to wait", lambda: any("b" in client["flags"] for client in node.client_list()))
            wake()
            return waiting.result(PATIENCE)

    assert woken("b:l", lambda: r.blpop("b:l", PATIENCE), lambda: r.rpush("b:l", 1)) in (("b:l", "1"), ["b:l", "1"])
    found = woken("b:z", lambda: r.bzpopmin("b:z", PATIENCE), lambda: r.zadd("b:z", {"m": 1.5}))
    assert tuple(found) == ("b:z", "m", 1.5), found
    found = woken("b:x", lambda: r.xread({"b:x": "$"}, block=PATIENCE * 1000), lambda: r.xadd("b:x", {"a": 1}))
    assert len(of_stream(found, protocol)) == 1
    assert woken("{b}s", lambda: r.blmove("{b}s", "{b}d", PATIENCE), lambda: r.rpush("{b}s", 1)) == "1"
    assert r.blpop("b:none", 0.05) is None


def messages(r, protocol):
    listener = r.pubsub()
    listener.subscribe("news")
    listener.psubscribe("n[e]w*")
    kinds = [next_message(listener)["type"] for _ in range(2)]
    assert kinds == ["subscribe", "psubscribe"], kinds
    # Published at another node: it comes over the bus.
    stranger = next(n for n in r.get_primaries() if n.port != listener.get_pubsub_node().port)
    r.publish("news", "hello", target_nodes=stranger)
    found = sorted((m["type"], m["channel"], m["data"]) for m in [next_message(listener), next_message(listener)])
    assert found == [("message", "news", "hello"), ("pmessage", "news", "hello")], found
    listener.unsubscribe()
    listener.punsubscribe()
    listener.close()


def next_message(listener):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if message := listener.get_message(timeout=0.1):
            return message
    raise AssertionError("no message came")


def shard_messages(r, protocol):
    listener = r.pubsub()
    channels = [f"shard:{n}" for n in range(6)]
    listener.ssubscribe(*channels)
    found = {}

    def heard(count):
        message = listener.get_sharded_message(timeout=0.05)
        if message:
            found.setdefault(message["type"], {})[message["channel"]] = message["data"]
        return sum(map(len, found.values())) >= count

    await_true("the subscriptions", lambda: heard(6))
    for channel in channels:
        assert single(r, channel).spublish(channel, "to " + channel) == 1
    await_true("the messages", lambda: heard(12))
    assert found["smessage"] == {channel: "to " + channel for channel in channels}, found
    assert single(r, "shard:0").pubsub_shardnumsub("shard:0") in ([("shard:0", 1)], [["shard:0", 1]])
    listener.close()


def redirections(r, protocol):
    """The client learns of slots that move from MOVED and ASK alone."""
    slots = Slots(r.get_primaries()[0].port)
    tag = f"{{move{protocol}}}"
    slot = r.keyslot(tag)
    home = slots.owner(slot)
    target = slots.other(home)
    # An empty slot, there and back.
    slots.move(slot, target)
    assert r.set(tag + "a", 1) and r.get_node_from_key(tag).port == target.port
    assert r.delete(tag + "a") == 1
    slots.move(slot, home)
    # On its way: what is here is served here, what is not is asked for over there.
    assert r.set(tag + "here", "old")
    slots.begin(slot, target)
    assert r.get(tag + "here") == "old" and r.get(tag + "there") is None
    assert r.set(tag + "there", "new") and r.get(tag + "there") == "new"
    refused(exceptions.ResponseError, f"ASK {slot} ", home.client.get, tag + "there")
    refused(exceptions.ResponseError, f"MOVED {slot} ", target.client.get, tag + "there")
    refused(exceptions.ResponseError, "TRYAGAIN ", home.client.mget, tag + "here", tag + "there")
    with r.pipeline() as pipe:
        assert pipe.get(tag + "here").get(tag + "there").incr(tag + "n").execute() == ["old", "new", 1]
    assert home.client.execute_command("CLUSTER COUNTKEYSINSLOT", slot) == 1
    slots.move_keys(slot, home, target)
    slots.end(slot, home, target)
    assert r.mget(tag + "there", tag + "n") == ["new", "1"]
    assert r.get(tag + "here") == "old"
    # A shard subscription ends with the slot.
    assert r.delete(tag + "here", tag + "there", tag + "n")
    listener = target.client.pubsub()
    listener.ssubscribe(tag)
    slots.move(slot, home)
    kinds = [next_message(listener)["type"] for _ in range(2)]
    assert kinds == ["ssubscribe", "sunsubscribe"], kinds


def counting_while_slots_move(r, protocol):
    """Nothing is lost and nothing is counted twice while others move the slot to and fro."""
    slots = Slots(r.get_primaries()[0].port)
    keys = [f"{{count{protocol}}}{n}" for n in range(20)]
    slot, done, over = r.keyslot(keys[0]), [], threading.Event()

    def work(n):
        own, count = connect(r.get_primaries()[n].port, protocol), 0
        while not over.is_set():
            own.incr(keys[count % 20])
            count += 1
        done.append(count)

    threads = [threading.Thread(target=work, args=[n]) for n in range(3)]
    [thread.start() for thread in threads]
    for _ in range(6):
        slots.move(slot, slots.other(slots.owner(slot)), pause=0.005)
    over.set()
    [thread.join() for thread in threads]
    assert len(done) == 3 and all(count > 20 for count in done), done
    assert sum(int(r.get(key)) for key in keys) == sum(done)


def asynchronous(r, protocol):
    async def many():
        port = r.get_primaries()[0].port
        async with valkey.asyncio.ValkeyCluster(host="127.0.0.1", port=port, protocol=protocol, decode_responses=True) as a:
            await asyncio.gather(*(a.set(f"async:{n}", n) for n in range(60)))
            assert await asyncio.gather(*(a.incr(f"async:{n}") for n in range(60))) == [*range(1, 61)]
            async with a.pipeline() as pipe:
                for n in range(60):
                    pipe.get(f"async:{n}")
                assert await pipe.execute() == [str(n + 1) for n in range(60)]

    asyncio.run(many())


CHECKS = [
    discovery, strings, collections, texts_and_maps_about_the_server, pipelines, transactions, errors, scans, streams,
    blocking, messages, shard_messages, redirections, counting_while_slots_move, asynchronous,
]


def main(port):
    for protocol in (2, 3):
        r = connect(port, protocol)
        for check in CHECKS:
            r.flushall(target_nodes=r.PRIMARIES)
            start = time.monotonic()
            check(r, protocol)
            print(f"RESP{protocol} {check.__name__}: {time.monotonic() - start:.1f} s", flush=True)
    print("done")


main(int(sys.argv[1]))
