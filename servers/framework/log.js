// The log of a server's connections, on standard error.
"use strict";

const fs = require("node:fs");

const SHORTAGE_PAUSE_MS = 100; // between lines on connections that were turned away

/** Writes lines: errors always, connections and messages if `verbose`. */
class Log {
  constructor(name) {
    this.name = name;
    this.verbose = false;
    this.shortages = 0;
    this.silentUntil = 0;
  }

  /** A client has connected. */
  connected(peer) {
    if (this.verbose) this.line(`${peer}: connected`);
  }

  /** Bytes were sent back. Call it only if `verbose`: it costs a system call per message. */
  echoed(peer, data) {
    this.line(`${peer}: echoed ${data.length} bytes: ${quoted(data)}`);
  }

  /** The client has sent its last byte, and has got all of them back. */
  ended(peer) {
    if (this.verbose) this.line(`${peer}: end of file`);
  }

  /** A connection ended by an error. */
  broken(peer, error) {
    this.line(`${peer}: connection broken: ${error.message}`);
  }

  /** A connection could not be served for want of descriptors or memory. */
  shortage(why) {
    this.shortages += 1;
    if (performance.now() < this.silentUntil) return;
    this.silentUntil = performance.now() + SHORTAGE_PAUSE_MS;
    this.line(`cannot accept: ${why} (${this.shortages} times so far)`);
  }

  /** Any other line, written at once, in one system call. */
  line(text) {
    try {
      fs.writeSync(2, `${this.name}: ${text}\n`);
    } catch {
      // Standard error is closed: there is no reader to lose a line.
    }
  }

  /** Leave with a line that says why. */
  fail(status, why) {
    this.line(why);
    process.exit(status);
  }
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

module.exports = { Log, nameOf };
