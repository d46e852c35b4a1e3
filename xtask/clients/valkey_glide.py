"""What applications do with valkey-glide, whose core is written in Rust; once in RESP2 and once in RESP3: valkey_glide.py PORT"""

import asyncio
import sys
import time

from glide import (
    AllPrimaries, ClusterBatch, ClusterScanCursor, ConditionalChange, ExpirySet, ExpiryType, GeospatialData,
    GlideClusterClient, GlideClusterClientConfiguration, ListDirection, NodeAddress, ObjectType, ProtocolVersion,
    RangeByIndex, RequestError, SlotKeyRoute, SlotType, StreamReadGroupOptions, StreamReadOptions,
)

from slots import Slots

PATIENCE = 10
PROTOCOLS = {2: ProtocolVersion.RESP2, 3: ProtocolVersion.RESP3}


async def connect(port, protocol):
    config = GlideClusterClientConfiguration(
        [NodeAddress("127.0.0.1", port)], protocol=PROTOCOLS[protocol], request_timeout=PATIENCE * 1000)
    return await GlideClusterClient.create(config)


def at(key):
    """To the node that serves `key`."""
    return SlotKeyRoute(SlotType.PRIMARY, key)


async def refused(text, request):
    try:
        found = await request
    except RequestError as error:
        assert text in str(error), f"{error!r}"
    else:
        raise AssertionError(f"{found!r} instead of an error")


async def await_true(what, probe):
    end = time.monotonic() + PATIENCE
    while not await probe():
        assert time.monotonic() < end, f"waited in vain for {what}"
        await asyncio.sleep(0.005)


async def discovery(c, port, protocol):
    assert len(await c.info(route=AllPrimaries())) == 3
    for primary in Slots(port).primaries:
        other = await connect(primary.port, protocol)
        assert len(await other.info(route=AllPrimaries())) == 3
        await other.close()


async def values(c, port, protocol):
    keys = [f"value:{n}" for n in range(200)]
    assert await asyncio.gather(*(c.set(key, key) for key in keys)) == ["OK"] * 200
    # Split by slots, and put together again.
    assert await c.mget(keys) == [key.encode() for key in keys]
    assert await c.mset({key: key + "!" for key in keys}) == "OK"
    assert await asyncio.gather(*map(c.get, keys)) == [key.encode() + b"!" for key in keys]
    assert await c.exists(keys) == 200 and await c.delete(keys) == 200 and await c.get("value:0") is None
    binary = bytes(range(256)) * 300
    await c.set("value", binary)
    assert await c.get("value") == binary
    assert await c.set("value", "x", ConditionalChange.ONLY_IF_DOES_NOT_EXIST) is None
    assert await c.set("value", "7", return_old_value=True) == binary and await c.incr("value") == 8
    assert await c.incrbyfloat("value", 0.5) == 8.5 and await c.append("value", "0") == 4
    assert await c.set("gone", "1", expiry=ExpirySet(ExpiryType.MILLSEC, 20)) == "OK"
    await await_true("a key to expire", lambda: is_none(c.get("gone")))
    assert await c.expire("value", 100) and 0 < await c.ttl("value") <= 100 and await c.persist("value")


async def is_none(request):
    return await request is None


async def collections(c, port, protocol):
    assert await c.rpush("list", ["1", "2", "3"]) == 3 and await c.lrange("list", 0, -1) == [b"1", b"2", b"3"]
    assert await c.lpop_count("list", 2) == [b"1", b"2"] and await c.lpop("none") is None
    assert await c.sadd("set", ["a", "b"]) == 2 and await c.smembers("set") == {b"a", b"b"}
    assert await c.sismember("set", "a") is True and await c.smismember("set", ["z", "b"]) == [False, True]
    assert await c.hset("hash", {"a": "1", "b": "2"}) == 2
    assert await c.hgetall("hash") == {b"a": b"1", b"b": b"2"} and await c.hmget("hash", ["z", "a"]) == [None, b"1"]
    assert await c.zadd("zset", {"a": 1, "b": 2.5, "c": float("inf")}) == 3
    assert await c.zrange_withscores("zset", RangeByIndex(0, -1)) == {b"a": 1.0, b"b": 2.5, b"c": float("inf")}
    assert await c.zscore("zset", "b") == 2.5 and await c.zmscore("zset", ["z", "a"]) == [None, 1.0]
    assert await c.geoadd("geo", {"P": GeospatialData(13.361389, 38.115556), "C": GeospatialData(15.087269, 37.502669)}) == 2
    assert abs(await c.geodist("geo", "P", "C") - 166274.1516) < 0.01
    assert await c.pfadd("hll", [str(n) for n in range(1000)]) and 950 < await c.pfcount(["hll"]) < 1050
    assert await c.sort("set", alpha=True) == [b"a", b"b"]


async def batches(c, port, protocol):
    batch = ClusterBatch(is_atomic=False)
    for n in range(300):
        batch.set(f"batch:{n}", str(n)).incrby(f"batch:{n}", 1000)
    assert await c.exec(batch, raise_on_error=True) == [reply for n in range(300) for reply in ("OK", n + 1000)]
    atomic = ClusterBatch(is_atomic=True)
    atomic.set("{t}a", "1").incr("{t}a").lpush("{t}l", ["1", "2"]).get("{t}none").hgetall("{t}none")
    assert await c.exec(atomic, raise_on_error=True) == ["OK", 2, 2, None, {}]
    wrong = ClusterBatch(is_atomic=True)
    wrong.set("{t}b", "1").lpush("{t}b", ["1"]).incr("{t}b")
    ok, error, after = await c.exec(wrong, raise_on_error=False)
    assert (ok, after) == ("OK", 2) and "WRONGTYPE" in str(error), error
    # Another connection changes what this one watches.
    other = await connect(port, protocol)
    assert await c.watch(["{t}a"]) == "OK"
    await other.set("{t}a", "9")
    assert await c.exec(ClusterBatch(is_atomic=True).set("{t}a", "0").get("{t}a"), raise_on_error=True) is None
    assert await c.get("{t}a") == b"9"
    await other.close()


async def errors(c, port, protocol):
    await c.set("{e}text", "x")
    await refused("WRONGTYPE", c.lpush("{e}text", ["1"]))
    await refused("not an integer", c.incr("{e}text"))
    await refused("wrong number of arguments", c.custom_command(["GET"], at("a")))
    await refused("unknown command", c.custom_command(["NOSUCH", "a"], at("a")))
    # Some clients see this themselves.
    await refused("", c.custom_command(["SUNION", "a", "b"]))


async def scans(c, port, protocol):
    wanted = {f"scan:{n}".encode() for n in range(1500)}
    await c.mset({key: "1" for key in wanted})
    await c.sadd("scan:other", ["1"])
    cursor, found = ClusterScanCursor(), []
    while not cursor.is_finished():
        cursor, keys = await c.scan(cursor, match="scan:*", count=200, type=ObjectType.STRING)
        found += keys
    assert set(found) == wanted
    cursor, found = "0", []
    while not found or cursor != "0":
        cursor, keys = await c.custom_command(["CLUSTERSCAN", cursor, "MATCH", "scan:*", "COUNT", "500"], at(cursor))
        cursor, found = cursor.decode(), found + keys
    assert set(found) == wanted | {b"scan:other"}
    big = {f"field{n}": str(n) for n in range(1000)}
    await c.hset("scan:hash", big)
    cursor, found = b"0", []
    while not found or cursor != b"0":
        cursor, part = await c.hscan("scan:hash", cursor, count=50)
        found += part
    assert {f.decode(): v.decode() for f, v in zip(found[::2], found[1::2])} == big


async def streams(c, port, protocol):
    ids = [await c.xadd("stream", [("n", str(n))]) for n in range(6)]
    assert await c.xlen("stream") == 6 and await c.xgroup_create("stream", "group", "0") == "OK"
    await refused("BUSYGROUP", c.xgroup_create("stream", "group", "0"))
    await refused("NOGROUP", c.xreadgroup({"none": ">"}, "group", "one"))
    found = await c.xreadgroup({"stream": ">"}, "group", "one", StreamReadGroupOptions(count=4))
    assert list(found[b"stream"]) == ids[:4] and found[b"stream"][ids[1]] == [[b"n", b"1"]]
    assert list((await c.xreadgroup({"stream": ">"}, "group", "two"))[b"stream"]) == ids[4:]
    assert await c.xreadgroup({"stream": ">"}, "group", "two") is None
    assert await c.xack("stream", "group", [ids[0], ids[4]]) == 2
    assert await c.xpending("stream", "group") == [4, ids[1], ids[5], [[b"one", b"3"], [b"two", b"1"]]]
    claimed = await c.xautoclaim("stream", "group", "two", 0, "0")
    assert list(claimed[1]) == [*ids[1:4], ids[5]], claimed
    assert (await c.xinfo_stream("stream"))[b"length"] == 6
    assert [group[b"pending"] for group in await c.xinfo_groups("stream")] == [4]


async def blocking(c, port, protocol):
    waiting = await connect(port, protocol)

    async def woken(key, wait, wake):
        async def waits():
            listed = await c.custom_command(["CLIENT", "LIST"], at(key))
            return any("b" in word for line in listed.decode().splitlines() for word in line.split()
                       if word.startswith("flags="))

        asked = asyncio.create_task(wait)
        await await_true("a request to wait", waits)
        await wake()
        return await asked

    assert await woken("b:l", waiting.blpop(["b:l"], PATIENCE), lambda: c.rpush("b:l", ["1"])) == [b"b:l", b"1"]
    found = await woken("b:z", waiting.bzpopmin(["b:z"], PATIENCE), lambda: c.zadd("b:z", {"m": 1.5}))
    assert found == [b"b:z", b"m", 1.5]
    asked = waiting.xread({"b:x": "$"}, StreamReadOptions(block_ms=PATIENCE * 1000))
    found = await woken("b:x", asked, lambda: c.xadd("b:x", [("a", "1")]))
    assert [list(entries.values()) for entries in found.values()] == [[[[b"a", b"1"]]]]
    moved = waiting.blmove("{b}s", "{b}d", ListDirection.LEFT, ListDirection.RIGHT, PATIENCE)
    assert await woken("{b}s", moved, lambda: c.rpush("{b}s", ["1"])) == b"1"
    assert await c.blpop(["b:none"], 0.05) is None
    await waiting.close()


async def messages(c, port, protocol):
    if protocol == 2:
        return  # This client listens in RESP3 only.
    modes = GlideClusterClientConfiguration.PubSubChannelModes
    wanted = {modes.Exact: {"news"}, modes.Pattern: {"n[e]w*"}, modes.Sharded: {f"shard:{n}" for n in range(6)}}
    subscriptions = GlideClusterClientConfiguration.PubSubSubscriptions(wanted, None, None)
    listener = await GlideClusterClient.create(GlideClusterClientConfiguration(
        [NodeAddress("127.0.0.1", port)], protocol=PROTOCOLS[3], pubsub_subscriptions=subscriptions))
    everywhere = Slots(port).primaries

    async def heard():
        shards = [await c.custom_command(["PUBSUB", "SHARDNUMSUB", name], at(name)) for name in wanted[modes.Sharded]]
        listeners = [primary.client.pubsub_numsub("news")[0][1] for primary in everywhere]
        patterns = [primary.client.pubsub_numpat() for primary in everywhere]
        return sum(listeners) == 1 == sum(patterns) and all(1 in part.values() if isinstance(part, dict) else 1 in part for part in shards)

    await await_true("the subscriptions", heard)
    # From every node in turn: two of them over the bus.
    for primary in everywhere:
        primary.client.publish("news", f"from {primary.port}")
    for name in sorted(wanted[modes.Sharded]):
        assert await c.publish("to " + name, name, sharded=True) == 1
    found = [await asyncio.wait_for(listener.get_pubsub_message(), PATIENCE) for _ in range(12)]
    found = [(m.message.decode(), m.channel.decode(), m.pattern) for m in found]
    expected = [(f"from {primary.port}", "news", pattern) for primary in everywhere for pattern in (None, b"n[e]w*")]
    expected += [("to " + name, name, None) for name in wanted[modes.Sharded]]
    assert sorted(found, key=str) == sorted(expected, key=str), found
    await listener.close()


async def redirections(c, port, protocol):
    slots = Slots(port)
    tag = f"{{move{protocol}}}"
    slot = int(slots.primaries[0].client.execute_command("CLUSTER KEYSLOT", tag))
    home = slots.owner(slot)
    target = slots.other(home)
    slots.move(slot, target)
    assert await c.set(tag + "a", "1") == "OK" and target.client.get(tag + "a") == "1"
    assert await c.delete([tag + "a"]) == 1
    slots.move(slot, home)
    # On its way: what is here is served here, what is not is asked for over there.
    await c.set(tag + "here", "old")
    slots.begin(slot, target)
    assert await c.get(tag + "here") == b"old" and await c.get(tag + "there") is None
    assert await c.set(tag + "there", "new") == "OK" and await c.get(tag + "there") == b"new"
    batch = ClusterBatch(is_atomic=False).get(tag + "here").get(tag + "there").incr(tag + "n")
    assert await c.exec(batch, raise_on_error=True) == [b"old", b"new", 1]
    assert home.client.execute_command("CLUSTER COUNTKEYSINSLOT", slot) == 1
    slots.move_keys(slot, home, target)
    slots.end(slot, home, target)
    assert await c.mget([tag + "there", tag + "n"]) == [b"new", b"1"]
    assert await c.get(tag + "here") == b"old"


async def counting_while_slots_move(c, port, protocol):
    """Nothing is lost and nothing is counted twice while others move the slot to and fro."""
    slots = Slots(port)
    keys = [f"{{count{protocol}}}{n}" for n in range(20)]
    slot, over, done = int(slots.primaries[0].client.execute_command("CLUSTER KEYSLOT", keys[0])), asyncio.Event(), []

    async def work(start):
        count = start
        while not over.is_set():
            try:
                await c.incr(keys[count % 20])
                count += 1
            except RequestError as error:
                # It follows a slot only so many times in a row; nothing was done then.
                assert "Moved: " in str(error), error
        done.append(count - start)

    working = [asyncio.create_task(work(n)) for n in range(10)]
    for _ in range(6):
        await asyncio.to_thread(lambda: slots.move(slot, slots.other(slots.owner(slot)), pause=0.005))
    over.set()
    await asyncio.gather(*working)
    assert len(done) == 10 and all(done), done
    assert sum(int(value) for value in await c.mget(keys)) == sum(done)


CHECKS = [
    discovery, values, collections, batches, errors, scans, streams, blocking, messages, redirections,
    counting_while_slots_move,
]


async def main(port):
    for protocol in (2, 3):
        c = await connect(port, protocol)
        for check in CHECKS:
            await c.flushall()
            start = time.monotonic()
            await check(c, port, protocol)
            print(f"RESP{protocol} {check.__name__}: {time.monotonic() - start:.1f} s", flush=True)
        await c.close()
    print("done")


asyncio.run(main(int(sys.argv[1])))
