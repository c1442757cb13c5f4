// Fills what the page has: charts, tables, the status. It asks the server once a second.
"use strict";
(() => {
  const SPAN_S = 300;  // of time that a chart shows
  const POINTS = 900;
  const [LEFT, BOTTOM, TOP, RIGHT] = [66, 22, 8, 12];  // around what is drawn
  const DASHES = ["", "6 4", "2 3", "9 3 2 3"];  // of servers of one colour
  const all = selector => [...document.querySelectorAll(selector)];
  const points = [];
  let number = 0, tables = 0;

  const count = value => value.toLocaleString("en", {maximumFractionDigits: value < 10 ? 1 : 0});
  const digits = value => value === 0 ? "0" : Number(value.toPrecision(3)).toLocaleString("en", {maximumSignificantDigits: 3});
  const UNITS = {
    bytes(value) {
      const names = ["B", "KB", "MB", "GB", "TB"];
      let power = 0;
      for (; Math.abs(value) >= 1000 && power < names.length - 1; power++) value /= 1024;
      return `${power ? digits(value) : count(value)} ${names[power]}`;
    },
    cores: value => digits(Math.round(value * 1000) / 1000),
    count,
    ms: value => value < 1000 ? `${digits(value)} ms` : `${digits(value / 1000)} s`,
    ratio: value => value.toFixed(3),
  };
  const written = (value, unit) => value === null || value === undefined ? "—" : UNITS[unit](value);

  function make(tag, attributes = {}, ...children) {
    const svg = ["svg", "path", "line", "text", "g"].includes(tag);
    const element = svg
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const toned = (element, hue) => {
    element.style.setProperty("--tone", `var(--${hue})`);
    return element;
  };

  // An axis: its ends and ticks, and where a value lies between them, from 0 to 1.
  function linear(values, unit) {
    const top = Math.max(...values, unit === "count" ? 4 : unit === "ratio" ? 1.2 : 0) || 1;
    const base = unit === "bytes" ? 1024 ** Math.floor(Math.log(top) / Math.log(1024)) : 1;
    const rough = top / base / 4, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].find(each => each * power >= rough) * power * base;
    const steps = Math.max(1, Math.ceil(top / step - 1e-9));
    const ticks = Array.from({length: steps + 1}, (_, i) => i * step);
    return {ticks, at: value => value / (steps * step)};
  }

  function logarithmic(values) {
    const positive = values.filter(value => value > 0);
    const low = Math.floor(Math.log10(positive.length ? Math.min(...positive) : 1));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 10 ** low))));
    const ticks = Array.from({length: high - low + 1}, (_, i) => 10 ** (low + i));
    return {ticks, at: value => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)};
  }

  const finite = value => value !== null && value !== undefined;

  // `series`: {label, hue, dash, values: [[x, y or null], …]}, x from 0 to 1; `across`: [[x, text], …].
  function draw(figure, series, across) {
    const {unit, scale, level, chart} = figure.dataset;
    const style = getComputedStyle(figure);
    const width = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = chart === "spectrum" ? 330 : 190;
    const values = series.flatMap(each => each.values.map(([, y]) => y)).filter(finite);
    if (level) values.push(Number(level));
    const axis = scale === "log" ? logarithmic(values) : linear(values, unit);
    const x = share => LEFT + share * (width - LEFT - RIGHT);
    const y = value => height - BOTTOM - axis.at(value) * (height - BOTTOM - TOP);
    const title = figure.querySelector("h2").textContent;
    const svg = make("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title});
    const rule = (value, kind) => make("line", {class: kind, x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value)});
    for (const tick of axis.ticks)
      svg.append(rule(tick, "grid"), make("text", {x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end"}, written(tick, unit)));
    for (const [share, text] of across)
      svg.append(make("text", {x: x(share), y: height - 5, "text-anchor": share > .95 ? "end" : share < .05 ? "start" : "middle"}, text));
    if (level) svg.append(rule(Number(level), "level"));
    for (const {hue, dash, values} of series) {
      let path = "", drawn = false;
      for (const [share, value] of values) {
        if (finite(value)) path += `${drawn ? "L" : "M"}${x(share).toFixed(1)} ${y(value).toFixed(1)}`;
        drawn = finite(value);
      }
      svg.append(toned(make("path", {d: path, "stroke-dasharray": dash}), hue));
    }
    const legend = make("div", {class: "legend"});
    for (const {label, hue, dash, values} of series) {
      const sign = make("svg", {viewBox: "0 0 26 8"}, toned(make("path", {d: "M0 4H26", "stroke-dasharray": dash}), hue));
      const last = chart === "spectrum" ? [] : [" ", make("b", {}, written(values.at(-1)?.[1], unit))];
      legend.append(make("span", {"data-series": label}, sign, label, ...last));
    }
    figure.querySelector(".legend")?.remove();
    figure.querySelector(":scope > svg")?.remove();
    figure.append(legend, svg);
  }

  // The times along the axis: the last is now.
  function clock() {
    const now = points.at(-1).t, from = Math.max(now - SPAN_S, Math.min(points[0].t, now - 60));
    const span = now - from;
    const across = [0, 1 / 3, 2 / 3, 1].map(share => [share, new Date((from + share * span) * 1000).toLocaleTimeString("en-GB")]);
    return {across, shown: points.filter(each => each.t >= from), at: point => (point.t - from) / span};
  }

  function drawServers(figure, servers) {
    const {across, shown, at} = clock(), used = {};
    draw(figure, servers.map(({label, hue}) => ({
      label, hue, dash: DASHES[(used[hue] = (used[hue] ?? -1) + 1) % DASHES.length],
      values: shown.map(each => [at(each), each.servers[label]?.[figure.dataset.figure]]),
    })), across);
  }

  function drawLoad(figure) {
    const {across, shown, at} = clock();
    draw(figure, JSON.parse(figure.dataset.series).map(([name, label, hue, dash]) => ({
      label, hue, dash, values: shown.map(each => [at(each), each.load?.[name]]),
    })), across);
  }

  function drawSpectrum(figure, {curves}) {
    const decades = percentile => Math.log10(100 / (100 - percentile));
    const reached = Object.values(curves ?? {}).flat().map(([percentile]) => decades(percentile));
    const most = Math.max(2, Math.ceil(Math.max(0, ...reached)));
    const across = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"].slice(0, most + 1);
    const values = kind => (curves?.[kind] ?? []).map(([percentile, ms]) => [decades(percentile) / most, ms]);
    figure.dataset.scale = "log";
    draw(figure, [
      {label: "response time", hue: "vermilion", dash: "", values: values("response")},
      {label: "service time", hue: "blue", dash: "5 4", values: values("service")},
    ], across.map((text, i) => [i / most, text]));
  }

  const row = (head, cells) => make("tr", {}, make("th", {scope: "row"}, head), ...cells.map(each => make("td", {}, each)));

  function fillNow(table, {servers, test}) {
    const figures = points.at(-1).servers;
    table.tBodies[0].replaceChildren(...servers.map(({label, hue, alive, pid}) => {
      const now = figures[label] ?? {};
      const cells = [["rss_bytes", "bytes"], ["cpu_cores", "cores"], ["threads", "count"], ["descriptors", "count"], ["runqueue_wait", "cores"], ["listen_drops", "count"]];
      const made = alive
        ? row(label, [String(pid), ...cells.map(([name, unit]) => written(now[name], unit))])
        : row(label, ["ended; the next test starts it again"]);
      if (!alive) made.lastChild.colSpan = cells.length + 1;
      made.className = alive ? test?.server === label ? "loaded" : "" : "dead";
      made.dataset.server = label;
      return toned(made, hue);
    }));
  }

  function fillPercentiles(table, spectra) {
    const kinds = ["response", "service", "send_lag"].map(kind => spectra.table?.[kind] ?? {});
    const names = ["p50", "p90", "p99", "p99_9", "p99_99", "max"];
    table.tBodies[0].replaceChildren(...names.map(
      name => row(name.replace("_", "."), kinds.map(each => written(each[name], "ms")))));
  }

  async function fillTables(place, version) {
    if (!version || version === tables) return;
    const answer = await fetch("/c10k/tables");
    if (answer.ok) [place.innerHTML, tables] = [await answer.text(), version];
  }

  function fillStatus({test, notices, report, steps}) {
    const of = test ? `${test.server}, ${test.workload}: ${test.phase}` : steps ? `${steps} step${steps > 1 ? "s" : ""} stored` : "no test yet";
    const building = !test && report === "building" ? "; building the report" : "";
    const failed = report && !["building", "ready"].includes(report) ? [`no report: ${report}`] : [];
    for (const each of all("[data-phase]")) each.textContent = of + building;
    for (const each of all("[data-report]")) each.hidden = report !== "ready";
    for (const each of all("[data-notices]")) {
      const lines = [...notices, ...failed];
      if (each.childElementCount !== lines.length || lines.some((line, i) => each.children[i].textContent !== line))
        each.replaceChildren(...lines.map(line => make("p", {}, line)));
    }
  }

  function show(state) {
    fillStatus(state);
    if (!points.length) return;
    const load = points.at(-1).load ?? {};
    for (const each of all("[data-tile]")) each.textContent = written(load[each.dataset.tile], each.dataset.unit);
    for (const each of all("#now")) fillNow(each, state);
    for (const each of all("#percentiles")) fillPercentiles(each, state.spectra);
    for (const each of all("#tables")) fillTables(each, state.tables);
    for (const each of all("[data-chart='servers']")) drawServers(each, state.servers);
    for (const each of all("[data-chart='load']")) drawLoad(each);
    for (const each of all("[data-chart='spectrum']")) drawSpectrum(each, state.spectra);
  }

  async function poll() {
    try {
      const answer = await fetch(`/c10k/live?after=${number}`);
      if (answer.redirected) location.reload();  // to the login
      const live = await answer.json();
      if (live.number < number) points.length = 0;  // c10k ui was started again
      number = live.number;
      points.push(...live.points);
      points.splice(0, points.length - POINTS);
      if (live.state.servers) show(live.state);
    } catch {
      for (const each of all("[data-phase]")) each.textContent = "c10k ui does not answer";
    }
    setTimeout(poll, 1000);
  }

  poll();
})();
