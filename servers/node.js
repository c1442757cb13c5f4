// Event loop: an echo server on Node.js' net, without any package.
//
//   c10k serve node --port 9000
"use strict";

const dns = require("node:dns");
const fs = require("node:fs");
const net = require("node:net");
const { parseArgs } = require("node:util");

// Each with its default and what it means.
const OPTIONS = {
  host: ["127.0.0.1", "address to bind"],
  port: ["0", "port to bind, 0 for a free one"],
  buffer: ["1024", "bytes per reply"],
  // listen(2) lowers it to net.core.somaxconn: as many as this host allows.
  backlog: ["65535", "connections that may wait for accept"],
  handler: ["none", "work per reply: none, sleep:5ms or cpu:5ms"],
};
const SHORTAGE_PAUSE_MS = 100; // between lines on connections that were turned away
const UNITS_MS = { us: 1e-3, ms: 1, s: 1e3 };

const options = readCommandLine();

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
    if (options.verbose) log(`${peer}: end of file`);
  });
  socket.on("error", (error) => log(`${peer}: connection broken: ${error.message}`));
  if (options.verbose) log(`${peer}: connected`);
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
    if (options.verbose) log(`${peer}: echoed ${part.length} bytes: ${quoted(part)}`);
  }
  if (socket.isPaused()) socket.resume();
}

/** Use so much CPU time, of all threads before Node.js 23; what others take does not count. */
function burn(microseconds) {
  const used = process.threadCpuUsage ?? process.cpuUsage;
  const before = used();
  let spent;
  do spent = used(before);
  while (spent.user + spent.system < microseconds);
}

function main() {
  process.on("SIGTERM", () => process.exit(0));
  process.on("SIGINT", () => process.exit(0));
  const { host, port, backlog } = options;
  if (port < 0 || port > 65_535) fail(1, "cannot listen: port must be 0-65535");
  dns.setDefaultResultOrder("ipv4first"); // localhost is 127.0.0.1, as it is for the other servers
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, converse);
  const refuse = (error) => fail(1, `cannot listen: ${error.message}`);
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
  let shortages = 0;
  let silentUntil = 0;
  const shortage = (why) => {
    shortages += 1;
    if (performance.now() < silentUntil) return;
    silentUntil = performance.now() + SHORTAGE_PAUSE_MS;
    log(`cannot accept: ${why} (${shortages} times so far)`);
  };
  server.on("drop", () => shortage("Too many open files"));
  server.on("error", (error) => shortage(error.message));
}

/** Read the arguments; exit with status 2 where one is wrong. */
function readCommandLine() {
  const known = { verbose: { type: "boolean", default: false }, help: { type: "boolean" } };
  let help = "node: an echo server on an event loop\n\n";
  for (const [name, [value, meaning]] of Object.entries(OPTIONS)) {
    known[name] = { type: "string", default: value };
    help += `  --${name.padEnd(9)}${meaning} (${value})\n`;
  }
  let values;
  try {
    ({ values } = parseArgs({ options: known }));
  } catch (error) {
    fail(2, error.message.split("\n")[0]);
  }
  if (values.help) {
    process.stdout.write(`${help}  --verbose  log connections and messages\n`);
    process.exit(0);
  }
  for (const name of ["port", "buffer", "backlog"]) {
    if (!/^-?\d+$/.test(values[name])) {
      fail(2, `--${name} must be a whole number, not '${values[name]}'`);
    }
    values[name] = Number(values[name]);
  }
  if (values.buffer < 1) fail(2, "--buffer must be at least 1");
  return { ...values, ...readHandler(values.handler) };
}

/** Read none, sleep:5ms or cpu:5ms, as milliseconds of either. */
function readHandler(text) {
  if (text === "none") return { sleepMs: 0, cpuMs: 0 };
  const [, kind, number, unit] = /^(sleep|cpu):(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text) ?? [];
  const ms = number * UNITS_MS[unit];
  if (!(ms > 0 && ms <= 3600e3)) {
    fail(2, `--handler is none, sleep:5ms or cpu:5ms, up to an hour, not '${text}'`);
  }
  return kind === "sleep" ? { sleepMs: ms, cpuMs: 0 } : { sleepMs: 0, cpuMs: ms };
}

/** A peer's address as host:port; one that has left already has none. */
function nameOf({ remoteAddress = "?", remotePort = "?", remoteFamily }) {
  return `${remoteFamily === "IPv6" ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/** Bytes as Python writes them, so that the logs of all servers read alike. */
function quoted(data) {
  const escaped = data.toString("latin1").replace(/[\\']/g, "\\$&");
  const hex = (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `b'${escaped.replace(/[^ -~]/g, hex)}'`;
}

/** Write a line at once, in one system call. */
function log(line) {
  try {
    fs.writeSync(2, `node: ${line}\n`);
  } catch {
    // Nobody reads the log.
  }
}

function fail(status, why) {
  log(why);
  process.exit(status);
}

main();
