// What a reader can do with the page. Without it all can be read. No request, nothing stored.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const words = new Map(Object.entries(JSON.parse(document.getElementById("words").textContent)));
  const word = key => words.get(key) ?? key;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const button = (attributes, text) => make("button", {type: "button", ...attributes}, text);

  // Servers: a button each, which shows or hides what belongs to one in every picture.
  for (const server of new Set(all("g.series").map(each => each.dataset.server))) {
    const drawn = all("g.series").filter(each => each.dataset.server === server);
    const html = drawn.map(each => each.outerHTML).join();
    const [, hue] = html.match(/var\(--(?!paper|ink|muted|grid)(\w+)\)/) ?? [, "ink"];
    const look = {value: server, "aria-pressed": true, style: `--tone:var(--${hue})`};
    document.querySelector("[data-legend]").append(button(look, server));
  }

  function toggle(pressed) {
    const shown = pressed.getAttribute("aria-pressed") !== "true";
    pressed.setAttribute("aria-pressed", shown);
    for (const each of all("g.series"))
      if (each.dataset.server === pressed.value) each.style.display = shown ? "" : "none";
  }

  // Switches: of the blocks of a workload or a scale one shows at a time, on the whole page.
  const chosen = {};

  function choose(kind, value) {
    chosen[kind] = value;
    for (const each of all("[data-workload], [data-scale]"))
      each.hidden = Object.entries(chosen).some(
        ([kind, value]) => each.dataset[kind] && each.dataset[kind] !== value,
      );
    for (const each of all(`[data-switch="${kind}"] button`))
      each.setAttribute("aria-pressed", each.value === value);
  }

  for (const group of all("[data-switch]")) {
    const kind = group.dataset.switch;
    const values = [...new Set(all(`[data-${kind}]`).map(each => each.dataset[kind]))];
    if (values.length < 2) continue;
    const named = values.map(value => button({value, "data-kind": kind}, word(value)));
    group.append(make("div", {class: "buttons", role: "group"}, ...named));
    choose(kind, values[0]);
  }

  // Points: what one is shows by the mouse, a finger or the arrow keys.
  const tip = make("div", {id: "tip", "aria-live": "polite", hidden: ""});
  document.body.append(tip);
  for (const title of all("figure.picture svg title")) {
    title.parentNode.dataset.tip = title.textContent; // the browser would show it a second time
    title.remove();
  }
  const points = svg => all("[data-tip]", svg).filter(each => each.getClientRects().length);

  function middle(point) {
    const {left, right, top, bottom} = point.getBoundingClientRect();
    return [(left + right) / 2, (top + bottom) / 2];
  }

  function nearest(svg, x, y, reach = 24) {
    const hit = document.elementFromPoint(x, y)?.closest("[data-tip]");
    const far = point => Math.hypot(middle(point)[0] - x, middle(point)[1] - y);
    const [found] = points(svg)
      .filter(point => point.tagName === "use" && far(point) <= reach)
      .sort((one, other) => far(one) - far(other));
    return hit ?? found;
  }

  let last; // the point that was shown last

  function show(point) {
    tip.hidden = !point;
    if (!point) return;
    last = point;
    (point.closest("dialog") ?? document.body).append(tip);
    tip.textContent = point.dataset.tip;
    const [x, y] = middle(point);
    const {width, height} = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x - width / 2, innerWidth - width - 4))}px`;
    tip.style.top = `${y - height - 12 < 0 ? y + 12 : y - height - 12}px`;
  }

  addEventListener("pointermove", event => {
    const svg = event.target.closest?.("figure.picture svg, dialog svg");
    show(svg && nearest(svg, event.clientX, event.clientY));
  });
  for (const kind of ["scroll", "focusout"]) addEventListener(kind, () => show(null), true);
  addEventListener("keydown", event => {
    const svg = event.target.closest(".picture, dialog")?.querySelector("svg");
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    if (event.key === "Escape") show(null);
    if (!svg || !step) return;
    const every = points(svg);
    const at = every.indexOf(last);
    show(every.at(at < 0 && step < 0 ? -1 : (at + step) % every.length));
    event.preventDefault();
  });

  // Pictures: a click enlarges one, in a dialog.
  const dialog = make("dialog", {class: "enlarged"});
  document.body.append(dialog);

  function enlarge(figure) {
    const title = make("h2", {}, figure.querySelector("h2, h3, h4").firstChild.textContent);
    const close = button({class: "close", "aria-label": word("close")}, "×");
    dialog.replaceChildren(close, title, figure.querySelector("svg").cloneNode(true));
    dialog.showModal();
  }

  function touched(svg, event) {
    const point = event.pointerType === "touch" && nearest(svg, event.clientX, event.clientY);
    show(point);
    if (!point && !dialog.open) enlarge(svg.closest("figure"));
  }

  for (const figure of all("figure.picture")) {
    const label = `${word("enlarge")}: ${figure.querySelector("h2, h3, h4").textContent}`;
    figure.append(button({class: "enlarge", "aria-label": label}, "⤢"));
  }

  // Tables: headers sort, a box filters.
  const content = cell => cell?.dataset.value ?? cell?.textContent.trim() ?? "";
  const missing = text => ["", "—", "nan"].includes(text);
  const rows = within => all("tbody > tr:not(.section)", within);

  function sort(pressed) {
    const header = pressed.closest("th");
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const each of header.parentNode.cells) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = (one, other) => {
      if (missing(one) || missing(other)) return missing(one) - missing(other); // last, either way
      const ascending = one - other || one.localeCompare(other, undefined, {numeric: true});
      return down ? -ascending : ascending;
    };
    const value = row => content(row.cells[header.cellIndex]);
    for (const body of header.closest("table").tBodies) {
      const own = all(":scope > tr:not(.section)", body);
      body.append(...own.sort((one, other) => order(value(one), value(other))));
    }
  }

  for (const table of all("table[data-sortable]")) {
    for (const header of all("thead > tr:last-child > th", table)) {
      const sorter = button({class: "sort"}, "");
      sorter.replaceChildren(...header.childNodes);
      header.append(sorter);
    }
    if (rows(table).length <= 8) continue;
    const box = make("input", {type: "search", class: "filter", "aria-label": word("filter")});
    box.placeholder = word("filter");
    table.closest(".scroll").before(box);
    box.addEventListener("input", () => {
      const wanted = box.value.toLowerCase().split(/\s+/);
      for (const row of rows(table))
        row.hidden = !wanted.every(each => row.textContent.toLowerCase().includes(each));
    });
  }

  // Copies: of a command, of a table as CSV.
  const said = make("output", {id: "said", hidden: ""}, word("copied"));
  document.body.append(said);
  // Over plain HTTP there is no clipboard.
  for (const each of all("[data-copy], [data-csv]")) each.hidden = !navigator.clipboard;

  async function copy(pressed) {
    const {copy: command, csv: table} = pressed.dataset;
    const source = document.getElementById(command ?? table);
    const text = command ? source.textContent.trim() : csv(source);
    await navigator.clipboard.writeText(text);
    said.hidden = false;
    setTimeout(() => { said.hidden = true; }, 1500);
  }

  function csv(table) {
    const spread = row =>
      [...row.cells].flatMap(cell => Array(cell.colSpan).fill(cell.textContent.trim()));
    const [names, groups = []] = [...table.tHead.rows].reverse().map(spread);
    const lines = [names.map((name, at) => `${groups[at] ?? ""} ${name}`.trim())];
    const sections = table.querySelector(".section") !== null;
    if (sections) lines[0].unshift("");
    for (const row of rows(table).filter(row => !row.hidden)) {
      const section = sections ? [row.parentNode.querySelector(".section")?.textContent ?? ""] : [];
      lines.push([...section, ...[...row.cells].map(content)]);
    }
    const field = text => `"${text.trim().replace(/\s+/g, " ").replaceAll('"', '""')}"`;
    return lines.map(line => line.map(field).join(",")).join("\n");
  }

  // What is pressed, by its selector.
  const actions = {
    "[data-legend] button": toggle,
    "[data-switch] button": each => choose(each.dataset.kind, each.value),
    ".enlarge": each => enlarge(each.parentNode),
    ".picture svg, dialog svg": touched,
    ".close": () => dialog.close(),
    "dialog": (each, event) => event.target === each && each.close(),
    ".sort": sort,
    "[data-copy], [data-csv]": copy,
  };
  addEventListener("click", event => {
    const selector = Object.keys(actions).find(each => event.target.closest(each));
    if (selector) actions[selector](event.target.closest(selector), event);
  });

  // Links: each heading, picture, table and step has its own; following one opens where it lies.
  for (const each of all("h2, h3, h4, figure.picture, details[id], table[id]")) {
    if (each.closest("dialog, nav, summary, figure.picture > figcaption")) continue;
    each.id ||= each.textContent.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
    const name = each.matches("h2, h3, h4") ? each : each.querySelector("h2, h3, h4, summary");
    const label = `${word("link")}: ${name?.textContent.trim() ?? each.id}`;
    const link = make("a", {class: "permalink", href: `#${each.id}`, "aria-label": label}, "#");
    const before = each.querySelector(":scope > summary") ?? each.closest(".scroll");
    if (before) before.after(link);
    else each.append(" ", link);
  }

  function follow() {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = wanted; each; each = each.parentElement) {
      if (each.matches("details")) each.open = true;
      for (const kind of Object.keys(chosen))
        choose(kind, each.dataset[kind] || chosen[kind]);
    }
    wanted?.scrollIntoView();
  }
  addEventListener("hashchange", follow);
  follow();
})();
