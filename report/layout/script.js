"use strict";
// The page works without this: tables, figures and their values are in the document. It adds sorting, filters,
// columns to choose, values under the pointer and downloads. Nothing is fetched.
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const save = (name, type, text) => {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
const button = (text, press) => {
  const made = make("button", { type: "button", textContent: text });
  made.addEventListener("click", press);
  return made;
};

// CSV in which no text is a formula: as the program writes it.
const isNumber = (text) => /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text);
const guard = (text) => (/^[=+\-@\t\r＝＋－＠']/.test(text) && !isNumber(text) ? "'" + text : text);
const csv = (rows) => rows.map((row) => row.map((text) => {
  const safe = guard(text);
  return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}).join(",")).join("\n") + "\n";
const textOf = (cell) => [...cell.childNodes].map((node) => node.textContent.trim()).filter(Boolean).join(" ").replace(/ ?[↑↓]$/, "");

// Numbers sort by size, texts by alphabet, missing values come last.
const number = (text) => (text === "" || text === "–" || text === "-" ? null : Number.isNaN(Number(text)) ? text : Number(text));
const compare = (a, b) => {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
};
const sorter = (heads, sort) => heads.forEach((head, at) => {
  const text = head.textContent.trim();
  head.replaceChildren(button(text || "row", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    sort(at, (a, b) => (a === null || b === null ? compare(a, b) : down ? compare(b, a) : compare(a, b)));
  }));
});
const sortRows = (table) => {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const value = (row, at) => number(row.cells[at].dataset.sort ?? row.cells[at].textContent.trim());
  sorter(heads, (at, order) => table.tBodies[0].append(...[...table.tBodies[0].rows].sort((x, y) => order(value(x, at), value(y, at)))));
};

// A select of the values of a column, and a search for text.
const select = (name, values, change) => {
  const list = make("select", {}, make("option", { value: "", textContent: "all" }), ...values.map((v) => make("option", { value: v, textContent: v })));
  list.addEventListener("change", change);
  return [make("label", {}, name, list), () => list.value];
};
const search = (change) => {
  const field = make("input", { type: "search", placeholder: "N = 5" });
  field.addEventListener("input", change);
  return [make("label", {}, "rows with", field), () => field.value.trim().toLowerCase()];
};
const distinct = (values) => [...new Set(values)].sort((a, b) => compare(number(a), number(b)));

// The sign of columns that lie outside: it scrolls to them.
const beyond = (scroll) => {
  const sign = button("", () => scroll.scrollBy({ left: scroll.clientWidth * 0.7 }));
  sign.className = "more beyond";
  const heads = () => [...scroll.querySelectorAll("thead tr:last-child > th")].filter((head) => head.offsetWidth);
  const show = () => {
    const edge = scroll.getBoundingClientRect().right + 1;
    const out = heads().filter((head) => head.getBoundingClientRect().right > edge).length;
    sign.hidden = out === 0;
    sign.textContent = `${out} more ${out === 1 ? "column" : "columns"} →`;
  };
  scroll.addEventListener("scroll", show, { passive: true });
  new ResizeObserver(show).observe(scroll);
  scroll.before(sign);
  show();
  return show;
};

// The columns of a table to choose from. Heads over several columns shrink with them.
const columns = (table, changed) => {
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const groups = table.tHead.rows.length > 1 ? [...table.tHead.rows[0].cells] : [];
  const from = [];
  groups.reduce((at, cell) => { from.push([at, at + cell.colSpan]); return at + cell.colSpan; }, 0);
  const off = new Set();
  const apply = () => {
    for (const row of table.rows) {
      if (groups.length && row === table.tHead.rows[0]) continue;
      [...row.cells].forEach((cell, at) => cell.classList.toggle("off", off.has(at)));
    }
    groups.forEach((cell, i) => {
      let span = 0;
      for (let at = from[i][0]; at < from[i][1]; at++) if (!off.has(at)) span++;
      cell.classList.toggle("off", span === 0);
      cell.colSpan = Math.max(1, span);
    });
    changed();
  };
  const list = make("div");
  heads.forEach((head, at) => {
    if (at === 0) return;
    const box = make("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => { box.checked ? off.delete(at) : off.add(at); apply(); });
    const group = groups.findIndex((_, i) => from[i][0] <= at && at < from[i][1]);
    list.append(make("label", {}, box, ((groups[group]?.textContent ?? "") + " " + textOf(head)).trim()));
  });
  const menu = make("details", {}, make("summary", { textContent: "columns" }), list);
  menu.addEventListener("keydown", (e) => { if (e.key === "Escape") { menu.open = false; menu.firstChild.focus(); } });
  return [menu, apply];
};

const shortTable = (box) => {
  const table = box.querySelector("table.results");
  const rows = [...table.tBodies[0].rows];
  const tools = make("div", { className: "tools" });
  const chosen = [];
  const filter = () => {
    const words = find();
    for (const row of rows) {
      row.classList.toggle("out", chosen.some(([of, value]) => value() && of(row) !== value()) ||
        (words !== "" && !row.textContent.toLowerCase().includes(words)));
    }
  };
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const choices = [["N", (row) => row.dataset.n], ["defender", (row) => row.dataset.defender],
    ...heads.flatMap((head, at) => (head.dataset.filter ? [[head.dataset.filter, (row) => row.cells[at].textContent]] : []))];
  for (const [name, of] of choices) {
    const values = distinct(rows.map(of).filter(Boolean));
    if (values.length < 2) continue;
    const [label, value] = select(name, values, filter);
    tools.append(label);
    chosen.push([of, value]);
  }
  const [label, find] = search(filter);
  const [menu] = columns(table, () => box.querySelector(".scroll").refresh?.());
  const shown = (row) => [...row.cells].filter((cell) => !cell.classList.contains("off")).map(textOf);
  if (rows.length > 3) tools.append(label);
  tools.append(menu, button("CSV", () => save(box.dataset.name + ".shown.csv", "text/csv",
    csv([shown(table.tHead.rows[table.tHead.rows.length - 1]), ...[...table.tBodies[0].rows].filter((row) => !row.classList.contains("out")).map(shown)]))));
  const above = box.querySelector(":scope > h3, :scope > summary");
  above ? above.after(tools) : box.prepend(tools);
};

// Long tables are laid out when they are opened, some rows at a time.
const step = 100;
const longTable = (box) => {
  const open = () => {
    if (!box.open || box.querySelector("table")) return;
    const data = JSON.parse(box.querySelector("script").textContent);
    let rows = data.rows, order = null, limit = step;
    const body = make("tbody"), tools = make("div", { className: "tools" }), chosen = [];
    const heads = data.heads.map((text, at) => make("th", { scope: "col", textContent: text, className: data.numbers.includes(at) ? "number" : "" }));
    const table = make("table", { className: "plain" }, make("thead", {}, make("tr", {}, ...heads)), body);
    const scroll = make("div", { className: "scroll", tabIndex: 0 }, table);
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", box.querySelector("summary").textContent);
    const count = make("span");
    count.setAttribute("role", "status");
    const more = button("", () => { limit += step; show(); });
    more.className = "more";
    const show = () => {
      const words = find();
      rows = data.rows.filter((row) => chosen.every(([at, value]) => !value() || row[at] === value()) &&
        (words === "" || row.join(" ").toLowerCase().includes(words)));
      if (order) rows = [...rows].sort((x, y) => order[1](number(x[order[0]]), number(y[order[0]])));
      body.replaceChildren(...rows.slice(0, limit).map((row) => make("tr", {}, ...row.map((text, at) =>
        make("td", { textContent: text, className: data.numbers.includes(at) ? "number" : "" })))));
      count.textContent = `${rows.length} of ${data.rows.length + data.more} rows`;
      more.hidden = rows.length <= limit;
      more.textContent = `${Math.min(step, rows.length - limit)} more rows`;
      apply();
    };
    const changed = () => { limit = step; show(); };
    sorter(heads, (at, by) => { order = [at, by]; show(); });
    for (const at of data.filters) {
      const values = distinct(data.rows.map((row) => row[at]).filter(Boolean));
      if (values.length < 2 || values.length > 200) continue;
      const [label, value] = select(data.heads[at], values, changed);
      tools.append(label);
      chosen.push([at, value]);
    }
    const [label, find] = search(changed);
    box.append(tools, scroll, more);
    const refresh = beyond(scroll);
    const [menu, apply] = columns(table, refresh);
    tools.append(label, menu, button("CSV", () => save(box.dataset.name + ".csv", "text/csv", csv([data.heads, ...rows]))), count);
    show();
  };
  box.addEventListener("toggle", open);
  open();
};

// Values under the pointer, and with the arrow keys where a plot has the focus.
const plotted = (plot) => {
  const drawings = [...plot.querySelectorAll("svg[data-marks]")];
  if (!drawings.length) return;
  const spot = make("span", { className: "spot", hidden: true }), tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("role", "status");
  plot.append(spot, tip);
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Values: arrow keys");
  let at = -1;
  const marks = () => {
    const svg = drawings.find((s) => s.getClientRects().length);
    if (!svg) return [];
    svg.parsed ??= JSON.parse(svg.dataset.marks);
    const matrix = svg.getScreenCTM(), frame = plot.getBoundingClientRect();
    return svg.parsed.map(([x, y, text]) => {
      const p = new DOMPoint(x, y).matrixTransform(matrix);
      return { x: p.x - frame.left, y: p.y - frame.top, text };
    });
  };
  const hide = () => { spot.hidden = tip.hidden = true; };
  const show = (mark) => {
    spot.style.left = mark.x + "px";
    spot.style.top = mark.y + "px";
    tip.textContent = mark.text;
    spot.hidden = tip.hidden = false;
    tip.style.left = Math.max(0, Math.min(mark.x - tip.offsetWidth / 2, plot.clientWidth - tip.offsetWidth)) + "px";
    tip.style.top = (mark.y - tip.offsetHeight - 12 < 0 ? mark.y + 12 : mark.y - tip.offsetHeight - 12) + "px";
  };
  const near = (event) => {
    const frame = plot.getBoundingClientRect(), x = event.clientX - frame.left, y = event.clientY - frame.top;
    const all = marks();
    let best = -1, least = 30;
    all.forEach((mark, i) => { const d = Math.hypot(mark.x - x, mark.y - y); if (d <= least) { best = i; least = d; } });
    if (best < 0) return hide();
    at = best;
    show(all[best]);
  };
  plot.addEventListener("pointermove", near);
  plot.addEventListener("pointerdown", near);
  plot.addEventListener("pointerleave", (e) => { if (e.pointerType === "mouse") hide(); });
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const all = marks();
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") return hide();
    if (next === undefined || !all.length) return;
    event.preventDefault();
    at = (next + all.length) % all.length;
    show(all[at]);
  });
};

// Each figure's values and drawing as files. A drawing leaves the page with the colours of light paper.
const downloads = (figure) => {
  const rows = () => [...figure.querySelectorAll("details table tr")].map((row) => [...row.cells].map(textOf));
  const drawing = () => {
    const all = [...figure.querySelectorAll("svg")];
    const svg = (all.find((s) => s.getClientRects().length) ?? all[0]).cloneNode(true);
    const title = document.createElementNS("http://www.w3.org/2000/svg", "title"), style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    title.textContent = svg.getAttribute("aria-label");
    style.textContent = "text{font:8px \"Liberation Sans\",Arial,Helvetica,sans-serif}";
    svg.prepend(title, style);
    for (const name of ["data-marks", "style", "class", "aria-label"]) svg.removeAttribute(name);
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const light = document.styleSheets[0].cssRules[0].style;
    return new XMLSerializer().serializeToString(svg).replaceAll(/var\((--fig-[a-z0-9-]+)\)/g, (_, name) => light.getPropertyValue(name).trim());
  };
  figure.querySelector("figcaption").after(make("div", { className: "tools" },
    button("CSV", () => save(figure.dataset.name + ".csv", "text/csv", csv(rows()))),
    button("SVG", () => save(figure.dataset.name + ".svg", "image/svg+xml", drawing()))));
};

const enhance = (root) => {
  const each = (selector, make) => root.querySelectorAll(selector).forEach(make);
  each("table.sortable", sortRows);
  each(".scroll", (scroll) => { if (!scroll.closest(".data")) scroll.refresh = beyond(scroll); });
  each(".tablebox:not(.data)", shortTable);
  each("details.data", longTable);
  each(".plot", plotted);
  each("figure[data-name]", downloads);
};
enhance(document);

// A link leads to a place that is closed or filtered away, too.
const reveal = () => {
  const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  place.classList.remove("out");
  for (let part = place; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  place.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();

// A page that "backfire serve" made follows its store: it hears of changes and takes over what is new, with the same parts
// open and the same filters set. A page in a file has no address to listen to.
const nameOf = (element) => (element.closest("[id]")?.id ?? "") + " " +
  (element.closest("label") ?? element).firstChild?.textContent?.replaceAll(/\d+/g, "");
const follow = (events) => {
  const status = document.querySelector(".live");
  const take = async () => {
    const reply = await fetch(location.pathname, { cache: "no-store" });
    if (!reply.ok) return;
    const next = new DOMParser().parseFromString(await reply.text(), "text/html");
    const open = new Set([...document.querySelectorAll("details[open]")].map((d) => nameOf(d.firstElementChild)));
    const fields = new Map([...document.querySelectorAll("main select, main input[type=search]")].filter((f) => f.value).map((f) => [nameOf(f), f.value]));
    document.body.dataset.version = next.body.dataset.version;
    document.title = next.title;
    document.querySelector("header").replaceWith(next.querySelector("header"));
    document.querySelector("main").replaceWith(next.querySelector("main"));
    const main = document.querySelector("main");
    main.querySelectorAll("details").forEach((d) => { d.open = open.has(nameOf(d.firstElementChild)); });
    enhance(main);
    main.querySelectorAll("select, input[type=search]").forEach((f) => {
      const value = fields.get(nameOf(f));
      if (!value) return;
      f.value = value;
      f.dispatchEvent(new Event(f.tagName === "SELECT" ? "change" : "input"));
    });
  };
  let taking = Promise.resolve();
  const source = new EventSource(events);
  source.addEventListener("state", (event) => {
    const { version, state } = JSON.parse(event.data);
    status.textContent = state;
    if (version !== document.body.dataset.version) taking = taking.then(take).catch(() => {});
  });
  source.addEventListener("over", () => {
    source.close();
    status.textContent = "this step has ended; the list of runs has what follows";
  });
  source.addEventListener("error", () => { status.textContent = "no connection; trying again"; });
};
if (document.body.dataset.events) follow(document.body.dataset.events);
