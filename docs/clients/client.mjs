#!/usr/bin/env node
// Sends two turns to undertone and prints what it says of them. Needs no package: Node 22 or newer has WebSocket
// built in, Node 20 with --experimental-websocket; browsers have it anyway.
//
//     UNDERTONE_TOKEN=... node client.mjs ws://127.0.0.1:8787/v1/ingest
//
// The built-in WebSocket cannot send an Authorization header, so the token goes into `identify`.
const url = process.argv[2] ?? process.env.UNDERTONE_URL ?? "ws://127.0.0.1:8787/v1/ingest";
const token = process.env.UNDERTONE_TOKEN;
const neverAgain = new Set([1002, 1003, 1007, 1009, 4400, 4401, 4403, 4409]);

const turn = (turn_id, role, text) => ({
  type: "turn", turn_id, conversation_id: `example-js-${process.pid}`, role, text,
  ts: new Date().toISOString(), channel: "chat", queue: "billing",
});
const turns = [
  turn("m-1", "customer", "This is the third time I ask. Where is my refund?"),
  turn("m-2", "agent", "I am sorry about that. It went out this morning."),
];

const socket = new WebSocket(url, "undertone.v1.json");
const waiting = new Map(); // seq -> turn
let seq = 0;

function send(frame) {
  seq += 1;
  waiting.set(seq, frame);
  socket.send(JSON.stringify({ ...frame, seq }));
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

const handlers = {
  // Where no token is needed, ready comes before the server has read identify. That is no trouble: order is kept.
  hello: () => socket.send(JSON.stringify({ type: "identify", source: "example-js", ...(token && { token }) })),
  ready: () => turns.forEach(send),
  scored: (frame) => {
    waiting.delete(frame.seq);
    console.log(JSON.stringify(frame));
  },
  error: (frame) => {
    const refused = waiting.get(frame.seq);
    waiting.delete(frame.seq);
    if (!frame.temporary || !refused) fail(`refused: ${frame.code}: ${frame.message}`);
    setTimeout(() => send(refused), frame.retry_after_ms ?? 500);
  },
  "alert.opened": (frame) => console.error(frame.type, frame.severity, frame.summary),
};

socket.addEventListener("message", ({ data }) => {
  const frame = JSON.parse(data);
  handlers[frame.type]?.(frame); // types that are new to us are no trouble
  if (frame.type === "scored" && waiting.size === 0) socket.close(1000);
});
socket.addEventListener("close", ({ code }) => {
  if (code !== 1000) fail(`closed with ${code}: ${neverAgain.has(code) ? "do not reconnect" : "reconnect after a pause"}`);
});
socket.addEventListener("error", () => fail(`cannot connect to ${url}`));
