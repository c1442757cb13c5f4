// The command line of the servers in JavaScript; servers/framework/options.py has the options.
"use strict";

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
const UNITS_MS = { us: 1e-3, ms: 1, s: 1e3 };

/** Read the arguments, --verbose for the log; exit with status 2 where one is wrong. */
function readCommandLine(log, about) {
  const known = { verbose: { type: "boolean", default: false }, help: { type: "boolean" } };
  let help = `${log.name}: ${about}\n\n`;
  for (const [name, [value, meaning]] of Object.entries(OPTIONS)) {
    known[name] = { type: "string", default: value };
    help += `  --${name.padEnd(9)}${meaning} (${value})\n`;
  }
  let values;
  try {
    ({ values } = parseArgs({ options: known }));
  } catch (error) {
    log.fail(2, error.message.split("\n")[0]);
  }
  if (values.help) {
    process.stdout.write(`${help}  --verbose  log connections and messages\n`);
    process.exit(0);
  }
  for (const name of ["port", "buffer", "backlog"]) {
    if (!/^-?\d+$/.test(values[name])) {
      log.fail(2, `--${name} must be a whole number, not '${values[name]}'`);
    }
    values[name] = Number(values[name]);
  }
  if (values.buffer < 1) log.fail(2, "--buffer must be at least 1");
  log.verbose = values.verbose;
  return { ...values, ...readHandler(log, values.handler) };
}

/** Read none, sleep:5ms or cpu:5ms, as milliseconds of either. */
function readHandler(log, text) {
  if (text === "none") return { sleepMs: 0, cpuMs: 0 };
  const [, kind, number, unit] = /^(sleep|cpu):(\d+(?:\.\d+)?)(us|ms|s)$/.exec(text) ?? [];
  const ms = number * UNITS_MS[unit];
  if (!(ms > 0 && ms <= 3600e3)) {
    log.fail(2, `--handler is none, sleep:5ms or cpu:5ms, up to an hour, not '${text}'`);
  }
  return kind === "sleep" ? { sleepMs: ms, cpuMs: 0 } : { sleepMs: 0, cpuMs: ms };
}

/** Use so much CPU time, of all threads before Node.js 23; other processes' time does not count. */
function burn(microseconds) {
  const used = process.threadCpuUsage ?? process.cpuUsage;
  const before = used();
  let spent;
  do spent = used(before);
  while (spent.user + spent.system < microseconds);
}

module.exports = { burn, readCommandLine };
