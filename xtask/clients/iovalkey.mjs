// What applications do with iovalkey, the client of Node.js: node iovalkey.mjs PORT FOLDER-OF-node_modules

import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const [port, modules] = [Number(process.argv[2]), process.argv[3]];
const { Cluster, Redis } = createRequire(`${modules}/`)("iovalkey");

const PATIENCE = 10_000;

const connect = (at, options = {}) => new Cluster([{ host: "127.0.0.1", port: at }], options);

async function awaitTrue(what, probe) {
  for (const end = Date.now() + PATIENCE; !(await probe()); await sleep(5)) {
    assert(Date.now() < end, `waited in vain for ${what}`);
  }
}

const numbers = (count) => Array.from({ length: count }, (_, n) => n);
const inPairs = (flat) => Object.fromEntries(flat.flatMap((name, at) => (at % 2 ? [] : [[name, flat[at + 1]]])));

// The primaries, each with a connection of its own that follows nobody elsewhere.
class Slots {
  static async of(client) {
    const found = new Map();
    for (const [, , [host, own, id]] of await client.cluster("SLOTS")) {
      found.get(id) ?? found.set(id, { host, port: own, id, client: new Redis(own, host) });
    }
    return Object.assign(new Slots(), { primaries: [...found.values()] });
  }

  async owner(slot) {
    for (const primary of this.primaries) {
      for (const [first, last, [, own]] of await primary.client.cluster("SLOTS")) {
        if (first <= slot && slot <= last && own === primary.port) return primary;
      }
    }
    return assert.fail(`nobody serves slot ${slot}`);
  }

  other(primary) {
    return this.primaries[(this.primaries.indexOf(primary) + 1) % this.primaries.length];
  }

  // Slots with keys stay where they are in a cluster with a node that has no MIGRATE.
  async canMoveKeys() {
    const found = await Promise.all(
      this.primaries.map((primary) => primary.client.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "migrate")),
    );
    return found.every((names) => names.length > 0);
  }

  async begin(slot, target) {
    const source = await this.owner(slot);
    await target.client.cluster("SETSLOT", slot, "IMPORTING", source.id);
    await source.client.cluster("SETSLOT", slot, "MIGRATING", target.id);
    return source;
  }

  async moveKeys(slot, source, target) {
    for (let keys; (keys = await source.client.cluster("GETKEYSINSLOT", slot, 2)).length > 0; await sleep(5)) {
      await source.client.migrate(target.host, target.port, "", 0, 5000, "KEYS", ...keys);
    }
  }

  async end(slot, source, target) {
    const others = this.primaries.filter((primary) => primary !== target && primary !== source);
    for (const { client } of [target, source]) await client.cluster("SETSLOT", slot, "NODE", target.id);
    // These may have heard already of a claim that is newer than what they are told here.
    for (const { client } of others) await client.cluster("SETSLOT", slot, "NODE", target.id).catch(() => {});
  }

  async move(slot, target) {
    const source = await this.begin(slot, target);
    await this.moveKeys(slot, source, target);
    await this.end(slot, source, target);
  }

  close() {
    for (const { client } of this.primaries) client.disconnect();
  }
}

async function discovery(c) {
  assert.equal(c.nodes("master").length, 3);
  assert.match(await c.cluster("INFO"), /cluster_state:ok/);
  for (const node of c.nodes("master")) {
    const other = connect(node.options.port);
    await once(other, "ready");
    assert.equal(other.nodes("master").length, 3);
    other.disconnect();
  }
}

async function values(c) {
  const keys = numbers(300).map((n) => `value:${n}`);
  assert((await Promise.all(keys.map((key) => c.set(key, key)))).every((reply) => reply === "OK"));
  assert.deepEqual(await Promise.all(keys.map((key) => c.get(key))), keys);
  assert.deepEqual(await Promise.all(keys.map((key) => c.del(key))), keys.map(() => 1));
  assert.equal(await c.get("value:0"), null);
  const binary = Buffer.from(numbers(256 * 300).map((n) => n % 256));
  await c.set("value", binary);
  assert((await c.getBuffer("value")).equals(binary));
  assert.equal(await c.set("value", "x", "NX"), null);
  assert.equal((await c.set("value", "7", "GET")).length > 0, true);
  assert.equal(await c.incr("value"), 8);
  assert.equal(await c.incrbyfloat("value", 0.5), "8.5");
  assert.equal(await c.set("gone", 1, "PX", 20), "OK");
  await awaitTrue("a key to expire", async () => (await c.get("gone")) === null);
  await c.expire("value", 100);
  assert((await c.ttl("value")) > 0);
  assert.deepEqual(await c.mget("{v}a", "{v}b"), [null, null]);
}

async function collections(c) {
  assert.equal(await c.rpush("list", 1, 2, 3), 3);
  assert.deepEqual(await c.lrange("list", 0, -1), ["1", "2", "3"]);
  assert.deepEqual(await c.lpop("list", 2), ["1", "2"]);
  assert.equal(await c.sadd("set", "a", "b"), 2);
  assert.deepEqual((await c.smembers("set")).sort(), ["a", "b"]);
  assert.equal(await c.hset("hash", { a: 1, b: 2 }), 2);
  assert.deepEqual(await c.hgetall("hash"), { a: "1", b: "2" });
  assert.deepEqual(await c.hgetall("nothing"), {});
  assert.equal(await c.zadd("zset", 1, "a", 2.5, "b", "+inf", "c"), 3);
  assert.deepEqual(await c.zrange("zset", 0, -1, "WITHSCORES"), ["a", "1", "b", "2.5", "c", "inf"]);
  assert.equal(await c.geoadd("geo", 13.361389, 38.115556, "P", 15.087269, 37.502669, "C"), 2);
  assert.equal(await c.geodist("geo", "P", "C"), "166274.1516");
  await c.pfadd("hll", ...numbers(1000));
  assert(Math.abs((await c.pfcount("hll")) - 1000) < 50);
}

async function pipelines(c) {
  const keys = numbers(300).map((n) => `{pipe}${n}`);
  const pipe = c.pipeline();
  keys.forEach((key, n) => pipe.set(key, n).incrby(key, 1000));
  assert.deepEqual(await pipe.exec(), numbers(300).flatMap((n) => [[null, "OK"], [null, n + 1000]]));
  const [good, bad] = await c.pipeline().get("{pipe}1").lpush("{pipe}1", 1).exec();
  assert.deepEqual(good, [null, "1001"]);
  assert.match(bad[0].message, /^WRONGTYPE/);
  // Requests of one turn of the event loop share a pipeline for each node.
  const automatic = connect(port, { enableAutoPipelining: true });
  await Promise.all(numbers(300).map((n) => automatic.set(`auto:${n}`, n)));
  assert.deepEqual(await Promise.all(numbers(300).map((n) => automatic.incr(`auto:${n}`))), numbers(300).map((n) => n + 1));
  automatic.disconnect();
}

async function transactions(c) {
  const done = await c.multi().set("{t}a", 1).incr("{t}a").lpush("{t}l", 1, 2).get("{t}none").exec();
  assert.deepEqual(done.map(([, reply]) => reply), ["OK", 2, 2, null]);
  const wrong = await c.multi().set("{t}b", 1).lpush("{t}b", 1).incr("{t}b").exec();
  assert.match(wrong[1][0].message, /^WRONGTYPE/);
  assert.equal(wrong[2][1], 2);
  await assert.rejects(c.multi().set("{t}b", 5).call("GET", "{t}b", "{t}b").exec(), /EXECABORT/);
  assert.equal(await c.get("{t}b"), "2");
  // A client that watches is one connection to the node that serves the key.
  const slots = await Slots.of(c);
  const { client } = await slots.owner(await c.cluster("KEYSLOT", "{t}a"));
  await client.watch("{t}a");
  await c.set("{t}a", 100);
  assert.equal(await client.multi().incr("{t}a").exec(), null);
  await client.watch("{t}a");
  assert.deepEqual(await client.multi().incr("{t}a").exec(), [[null, 101]]);
  slots.close();
}

async function errors(c) {
  await c.set("{e}text", "x");
  await assert.rejects(c.lpush("{e}text", 1), /^ReplyError: WRONGTYPE/);
  await assert.rejects(c.incr("{e}text"), /ERR value is not an integer or out of range/);
  await assert.rejects(c.call("GET", "{e}text", "{e}text"), /ERR wrong number of arguments for 'get' command/);
  await assert.rejects(c.call("NOSUCH", "a"), /ERR unknown command 'NOSUCH'/);
  await assert.rejects(c.mget("a", "b"), /CROSSSLOT Keys in request don't hash to the same slot/);
  const slots = await Slots.of(c);
  const owner = await slots.owner(15495);
  await assert.rejects(slots.other(owner).client.get("a"), new RegExp(`MOVED 15495 127.0.0.1:${owner.port}$`));
  slots.close();
}

async function scans(c) {
  const wanted = numbers(2000).map((n) => `scan:${n}`);
  await Promise.all(wanted.map((key) => c.set(key, 1)));
  const found = new Set();
  for (const node of c.nodes("master")) {
    for await (const keys of node.scanStream({ match: "scan:*", count: 100 })) keys.forEach((key) => found.add(key));
  }
  assert.deepEqual([...found].sort(), wanted.toSorted());
  const whole = [];
  let cursor = "0";
  do {
    const [next, keys] = await c.call("CLUSTERSCAN", cursor, "MATCH", "scan:*", "COUNT", 500);
    [cursor] = [next, whole.push(...keys)];
  } while (cursor !== "0");
  assert.deepEqual(whole.sort(), wanted.toSorted());
  const big = Object.fromEntries(numbers(1000).map((n) => [`field${n}`, `${n}`]));
  await c.hset("scan:hash", big);
  const fields = [];
  for await (const part of c.hscanStream("scan:hash", { count: 50 })) fields.push(...part);
  assert.deepEqual(inPairs(fields), big);
}

async function streams(c) {
  const ids = [];
  for (const n of numbers(6)) ids.push(await c.xadd("stream", "*", "n", n));
  assert.equal(await c.xgroup("CREATE", "stream", "group", "0"), "OK");
  await assert.rejects(c.xgroup("CREATE", "stream", "group", "0"), /BUSYGROUP/);
  const read = async (consumer, ...options) => {
    const reply = await c.xreadgroup("GROUP", "group", consumer, ...options, "STREAMS", "stream", ">");
    return reply && reply[0][1].map(([id]) => id);
  };
  assert.deepEqual(await read("one", "COUNT", 4), ids.slice(0, 4));
  assert.deepEqual(await read("two"), ids.slice(4));
  assert.equal(await read("two"), null);
  assert.equal(await c.xack("stream", "group", ids[0], ids[4]), 2);
  assert.deepEqual(await c.xpending("stream", "group"), [4, ids[1], ids[5], [["one", "3"], ["two", "1"]]]);
  const [, claimed] = await c.xautoclaim("stream", "group", "two", 0, "0");
  assert.deepEqual(claimed.map(([id]) => id), [...ids.slice(1, 4), ids[5]]);
  assert.equal(inPairs(await c.xinfo("STREAM", "stream")).length, 6);
}

async function blocking(c) {
  const waiting = connect(port);
  const slots = await Slots.of(c);
  const woken = async (key, wait, wake) => {
    const { client } = await slots.owner(await c.cluster("KEYSLOT", key));
    await awaitTrue("a request to wait", async () => /flags=\w*b/.test(await client.client("LIST")));
    await wake();
    return wait;
  };
  const seconds = PATIENCE / 1000;
  assert.deepEqual(await woken("b:l", waiting.blpop("b:l", seconds), () => c.rpush("b:l", 1)), ["b:l", "1"]);
  assert.deepEqual(await woken("b:z", waiting.bzpopmin("b:z", seconds), () => c.zadd("b:z", 1.5, "m")), ["b:z", "m", "1.5"]);
  const read = waiting.xread("BLOCK", PATIENCE, "STREAMS", "b:x", "$");
  const [[, entries]] = await woken("b:x", read, () => c.xadd("b:x", "*", "a", 1));
  assert.deepEqual(entries[0][1], ["a", "1"]);
  assert.equal(await c.blpop("b:none", 0.05), null);
  waiting.disconnect();
  slots.close();
}

async function messages(c) {
  const [listener, slots, heard] = [connect(port), await Slots.of(c), []];
  await listener.subscribe("news");
  await listener.psubscribe("n[e]w*");
  listener.on("message", (channel, text) => heard.push(`${channel} ${text}`));
  listener.on("pmessage", (pattern, channel, text) => heard.push(`${pattern} ${channel} ${text}`));
  // From every node in turn: two of them over the bus.
  for (const { client } of slots.primaries) await client.publish("news", client.options.port);
  await awaitTrue("the messages", () => heard.length === 6);
  const wanted = slots.primaries.flatMap(({ port: from }) => [`news ${from}`, `n[e]w* news ${from}`]);
  assert.deepEqual(heard.sort(), wanted.sort());
  listener.disconnect();
  const { client, host, port: own } = await slots.owner(await c.cluster("KEYSLOT", "shard"));
  const shard = new Redis(own, host);
  await shard.ssubscribe("shard");
  const message = new Promise((resolve) => shard.on("smessage", (...words) => resolve(words)));
  assert.equal(await client.spublish("shard", "hello"), 1);
  assert.deepEqual(await message, ["shard", "hello"]);
  shard.disconnect();
  slots.close();
}

async function redirections(c) {
  const slots = await Slots.of(c);
  const slot = await c.cluster("KEYSLOT", "{move}");
  const home = await slots.owner(slot);
  const target = slots.other(home);
  await slots.move(slot, target);
  assert.equal(await c.set("{move}a", 1), "OK");
  assert.equal(await target.client.del("{move}a"), 1);
  await slots.move(slot, home);
  // On its way: what is here is served here, what is not is asked for over there.
  await c.set("{move}here", "old");
  await slots.begin(slot, target);
  assert.deepEqual([await c.get("{move}here"), await c.get("{move}there")], ["old", null]);
  assert.equal(await c.set("{move}there", "new"), "OK");
  assert.equal(await c.get("{move}there"), "new");
  await assert.rejects(home.client.get("{move}there"), new RegExp(`ASK ${slot} 127.0.0.1:${target.port}$`));
  await assert.rejects(home.client.mget("{move}here", "{move}there"), /TRYAGAIN/);
  const moves = await slots.canMoveKeys();
  if (moves) await slots.moveKeys(slot, home, target);
  else await c.del("{move}here");
  await slots.end(slot, home, target);
  assert.deepEqual(await c.mget("{move}here", "{move}there"), [moves ? "old" : null, "new"]);
  slots.close();
}

// Nothing is lost and nothing is counted twice while others move the slot to and fro.
async function countingWhileSlotsMove(c) {
  const slots = await Slots.of(c);
  const keys = numbers(20).map((n) => `{count}${n}`);
  const slot = await c.cluster("KEYSLOT", "{count}");
  const moves = await slots.canMoveKeys();
  let [over, done] = [false, 0];
  const work = async (start) => {
    for (let n = start; !over; n += 1, done += 1) await (moves ? c.incr(keys[n % 20]) : c.get(keys[n % 20]));
  };
  const working = numbers(10).map(work);
  for (const _ of numbers(6)) await slots.move(slot, slots.other(await slots.owner(slot)));
  over = true;
  await Promise.all(working);
  const sum = (await c.mget(...keys)).reduce((all, value) => all + Number(value), 0);
  assert(done > 100);
  assert.equal(sum, moves ? done : 0);
  slots.close();
}

const CHECKS = [
  discovery, values, collections, pipelines, transactions, errors, scans, streams, blocking, messages, redirections,
  countingWhileSlotsMove,
];

const c = connect(port);
await once(c, "ready");
for (const check of CHECKS) {
  await Promise.all(c.nodes("master").map((node) => node.flushall()));
  const start = Date.now();
  await check(c);
  console.log(`${check.name}: ${Date.now() - start} ms`);
}
c.disconnect();
console.log("done");
