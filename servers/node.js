// Event loop: an echo server on Node.js' net, without any package.
//
// One thread runs all JavaScript. Node.js' event loop waits for all sockets (epoll on Linux),
// reads, and emits an event: "data" with the bytes that came, "end" after the last of them. A
// function that waits with `await` returns to the loop, which continues it later. write() keeps in
// memory what the socket does not take; it then returns false, and the server pauses reading until
// "drain". A connection costs a socket object with its two streams. A message costs the event and a
// buffer for the bytes, which the garbage collector frees. A function that blocks or computes
// delays all clients, and the loop uses one CPU. Choose this model for many connections that mostly
// wait, in JavaScript.
//
// c10k serve node --port 9000
"use strict";

const dns = require("node:dns");
const fs = require("node:fs");
const net = require("node:net");

const { burn, readCommandLine } = require("./framework/command_line.js");
const { Log, nameOf } = require("./framework/log.js");

const log = new Log("node");
const options = readCommandLine(log, "an echo server on an event loop");

/** Send everything back until the peer has sent its last byte. */
function converse(socket) {
  const peer = nameOf(socket);
  let answered; // a promise, of what was read last
  socket.on("data", (data) => {
    answered = answer(socket, peer, data);
  });
  socket.on("end", async () => {
    await answered;
    socket.end();
    log.ended(peer);
  });
  socket.on("error", (error) => log.broken(peer, error));
  log.connected(peer);
}

/**
 * Send back what was read, a buffer at a time, and read no more meanwhile where that takes longer.
 * Node.js itself decides how much it reads: 64 KiB where there is so much.
 */
async function answer(socket, peer, data) {
  for (let sent = 0; sent < data.length; sent += options.buffer) {
    const part = data.subarray(sent, sent + options.buffer);
    if (options.cpuMs) burn(options.cpuMs * 1000);
    if (options.sleepMs) {
      socket.pause();
      await new Promise((resolve) => setTimeout(resolve, options.sleepMs)); // whole ms, at least 1
    }
    if (!socket.write(part)) {
      socket.pause();
      await new Promise((resolve) => socket.once("drain", resolve));
    }
    if (log.verbose) log.echoed(peer, part);
  }
  if (socket.isPaused()) socket.resume();
}

function main() {
  process.on("SIGTERM", () => process.exit(0));
  process.on("SIGINT", () => process.exit(0));
  const { host, port, backlog } = options;
  if (port < 0 || port > 65_535) log.fail(1, "cannot listen: port must be 0-65535");
  dns.setDefaultResultOrder("ipv4first"); // localhost is 127.0.0.1, as it is for the other servers
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, converse);
  const refuse = (error) => log.fail(1, `cannot listen: ${error.message}`);
  server.once("error", refuse);
  server.listen({ host, port, backlog, ipv6Only: true }, () => {
    server.off("error", refuse);
    surviveShortages(server);
    const { address, port } = server.address();
    const said = { port, pid: process.pid };
    if (address !== "127.0.0.1") said.host = address;
    console.log(JSON.stringify(said));
  });
}

/**
 * Log connections that could not be accepted. Node.js does not let them wait in the queue: it
 * accepts and closes them, and reports only those beyond maxConnections.
 */
function surviveShortages(server) {
  const [, files] = /^Max open files +(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8"));
  // The list counts the descriptor with which it was read: that one is for the next to be closed.
  server.maxConnections = files - fs.readdirSync("/proc/self/fd").length;
  server.on("drop", () => log.shortage("Too many open files"));
  server.on("error", (error) => log.shortage(error.message));
}

main();
