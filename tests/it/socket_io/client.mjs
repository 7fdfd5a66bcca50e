// The specification's example, with its own client, over each transport. Says what went wrong and exits with 1.
//
// Arguments: the daemon's address, and one JSON object: {token, other, key}: a bearer token, a stranger's, and a key's id.

import assert from "node:assert/strict";
import { io } from "socket.io-client";

const [url, given] = process.argv.slice(2);
const { token, other, key } = JSON.parse(given);
const TRANSPORTS = {
  websocket: ["websocket"],
  polling: ["polling"],
  upgrade: ["polling", "websocket"],
};
const SESSIONS = 100;
const AT_ONCE = 10;

const within = (what, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), 20_000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};
const once = (socket, event) => within(event, new Promise((resolve) => socket.once(event, resolve)));
const open = (options) => io(url, { forceNew: true, reconnection: false, ...options });

async function track(times) {
  for (let sent = 0; sent < times; sent++) {
    const answer = await fetch(`${url}/api/usage/${key}/track`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ endpoint: "/v1/chat/completions", method: "POST", statusCode: 200, responseTime: 245 }),
    });
    assert.equal(answer.status, 201);
  }
}

// Collects usage until so many calls were told of, and no more.
const counted = (socket, calls) =>
  within(
    `${calls} calls`,
    new Promise((resolve, reject) => {
      let sum = 0;
      socket.on("usage_update", (data) => {
        if (data.apiKeyId !== key) reject(new Error("usage of another key"));
        sum += data.usage.requests;
        if (sum === calls) resolve(data);
        if (sum > calls) reject(new Error(`${sum} calls of ${calls}`));
      });
    }),
  );

async function example(transports) {
  // As the specification writes it.
  const socket = open({ transports });
  socket.emit("authenticate", token);
  const stranger = open({ transports, auth: { token: other } });
  const seen = [];
  stranger.onAny((event) => seen.push(event));
  await Promise.all([once(socket, "authenticated"), once(stranger, "authenticated")]);
  const told = counted(socket, 20);
  await track(20);
  const update = await told;
  assert.equal(update.usage.endpoint, "/v1/chat/completions");
  assert.ok(update.stats.usageCount >= 20 && update.timestamp && update.seq);
  const changed = once(socket, "api_key_update");
  const answer = await fetch(`${url}/api/keys/${key}`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ description: `by ${transports}` }),
  });
  assert.equal(answer.status, 200);
  assert.equal((await changed).key.description, `by ${transports}`);
  assert.deepEqual(seen, ["authenticated"], "a stranger heard something");
  socket.disconnect();
  stranger.disconnect();
}

// Everything at once and back to back: nothing may be lost or overtaken.
async function session(transports, number) {
  const byHandshake = number % 2 === 0;
  const socket = open({ transports, auth: byHandshake ? { token } : {} });
  const order = [];
  socket.on("authenticated", () => order.push("authenticated"));
  const ask = (event, ...data) =>
    within(
      `${event} in session ${number}`,
      new Promise((resolve) => socket.emit(event, ...data, (ack) => resolve(order.push(event) && ack))),
    );
  const acks = await Promise.all([
    ask("authenticate", token),
    ask("subscribe_usage"),
    ask("subscribe_usage", { apiKeyIds: [key] }),
    ask("subscribe_notifications"),
  ]);
  acks.forEach((ack) => assert.deepEqual(ack, { ok: true }, `session ${number}`));
  const expected = ["authenticated", "authenticate", "subscribe_usage", "subscribe_usage", "subscribe_notifications"];
  assert.deepEqual(order, byHandshake ? ["authenticated", ...expected] : expected, `session ${number}`);
  socket.disconnect();
}

async function refusals(transports) {
  const wrong = open({ transports, auth: { token: "nonsense" } });
  const error = await once(wrong, "connect_error");
  assert.match(error.message, /credentials/);
  wrong.disconnect();
  const late = open({ transports });
  const closed = once(late, "disconnect");
  const early = await within("an ack", late.emitWithAck("subscribe_usage"));
  assert.equal(early.ok, false);
  assert.equal(early.code, "unauthenticated");
  const bad = await within("an ack", late.emitWithAck("authenticate", "nonsense"));
  assert.equal(bad.ok, false);
  assert.equal(await closed, "io server disconnect");
  const socket = open({ transports, auth: { token } });
  const foreign = await within("an ack", socket.emitWithAck("subscribe_usage", { apiKeyIds: [key, "ak_dev_nobody"] }));
  assert.equal(foreign.ok, false);
  assert.equal(foreign.errors[0].pointer, "/apiKeyIds/1");
  for (const data of [[[]], [5], [{ apiKeyIds: key }], [{}, {}], [new Uint8Array(4)]]) {
    assert.equal((await within("an ack", socket.emitWithAck("subscribe_usage", ...data))).ok, false);
  }
  assert.equal((await within("an ack", socket.emitWithAck("dance"))).code, "unknown_event");
  socket.disconnect();
}

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  await example(transports);
  await refusals(transports);
  for (let first = 0; first < SESSIONS; first += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => session(transports, first + index)));
  }
  console.log(`${name}: ${SESSIONS} sessions`);
}
// Left open: the daemon's end is told to it.
const last = open({ transports: ["websocket"], auth: { token } });
await once(last, "authenticated");
console.log("ready for the end");
const [alert] = await Promise.all([once(last, "system_alert"), once(last, "disconnect")]);
assert.equal(alert.type, "shutdown");
console.log("done");
