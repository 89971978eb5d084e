// Elements: made by name, with attributes and children; every text becomes a text node.
// The data is JSON, gzip and base64: a quarter of its size. It is unpacked here, nothing is fetched.
async function readData() {
  if (!("DecompressionStream" in window)) {
    document.getElementById("main-content").removeAttribute("aria-busy");
    document.getElementById("main-content").textContent =
      "This browser cannot unpack the data that the page holds (it has no DecompressionStream); use one of 2023 or later.";
    throw new Error("no DecompressionStream");
  }
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const SVG = "http://www.w3.org/2000/svg";

function put(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "vars") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined));
  return node;
}

function h(tag, attributes, ...children) {
  return put(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return put(document.createElementNS(SVG, tag), attributes, children);
}

function section(id, title, ...children) {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);
}

// A table that scrolls sideways in its own frame, by keyboard too.
function frame(label, table) {
  return h("div", { class: "frame", tabindex: 0, role: "region", "aria-label": label }, table);
}

function table(caption, head, rows, kind) {
  const cells = (row) => row.map((cell, at) => (cell instanceof Node ? cell : h(at ? "td" : "th", at ? {} : { scope: "row" }, String(cell ?? ""))));
  return frame(caption, h("table", { class: kind },
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, head.map((one) => (one instanceof Node ? one : h("th", { scope: "col" }, one))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, cells(row)))),
  ));
}

// The numbers of a chart, for eyes and ears that need them as a table.
function numbers(title, id, head, rows) {
  return h("details", { id }, h("summary", {}, `${title}: the numbers`), table(title, head, rows));
}

function choose(id, label, options, value, change) {
  const known = options.some(([name]) => name === value);
  const list = known || value === "" ? options : [[value, `${value} (not here)`], ...options];
  return h("label", {}, h("span", {}, label), h("select", { id, on: { change: (event) => change(event.target.value) } },
    list.map(([name, text]) => h("option", { value: name, selected: name === value }, text))));
}

function copyable(id, label, text) {
  const shown = h("pre", { tabindex: 0, "aria-label": label }, text);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce(`${label} copied`);
    } catch {
      getSelection().selectAllChildren(shown);
      announce(`${label} selected; press Ctrl+C`);
    }
  };
  return h("div", { class: "copyable" }, shown, h("button", { type: "button", id, on: { click: copy } }, `Copy ${label}`));
}

function announce(text) {
  document.getElementById("status").textContent = text;
}

// .0123 as the tables of the leaderboard write it; a dash for what is not known.
function decimal(value, places = 4) {
  return value === null || value === undefined ? "-" : value.toFixed(places);
}

function signed(value, places = 3) {
  return value === null || value === undefined ? "-" : `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(places)}`;
}

function probability(p) {
  return p === null || p === undefined ? "-" : p >= 0.0001 ? p.toFixed(4) : "<0.0001";
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "-";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
