// Charts as inline SVG: scales, axes, symbols and lines. Colour is never the only sign.
const SHAPES = ["M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", "M-3.6,-3.6h7.2v7.2h-7.2z", "M0,-4.6L4.4,3.6H-4.4z", "M0,-5L5,0L0,5L-5,0z",
  "M-1.5,-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", "M0,4.6L4.4,-3.6H-4.4z", "M-4,-4L4,-4L-4,4L4,4z", "M-5,-1.4h10v2.8h-10z"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 2", "10 4", "4 2 1 2 1 2", "3 5"];
const FAMILIES = ["reference", "collaborative", "content", "hybrid", "graph", "language_model"];

function symbol(index, x, y, title, extra) {
  return s("path", { d: SHAPES[index % SHAPES.length], transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`, class: `point c${index % 8} ${extra || ""}` },
    title ? s("title", {}, title) : null);
}

function keyOf(entries, lines = true) {
  const width = lines ? 34 : 14;
  const line = (index) => s("line", { x1: -16, x2: 16, y1: 0, y2: 0, class: `line c${index % 8}`, "stroke-dasharray": DASHES[index % 8] });
  return h("ul", { class: "key" }, entries.map(({ index, text }) => h("li", {},
    s("svg", { width, height: 14, viewBox: `${-width / 2} -7 ${width} 14`, "aria-hidden": "true" }, lines ? line(index) : null, symbol(index, 0, 0)),
    text)));
}

// Names next to points, each where it covers no other; one without room is left to the table.
function labels(points, area) {
  const taken = [];
  const free = (box) => taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
  return points.map(([x, y, text]) => {
    const width = text.length * 6.4;
    for (const [dx, dy, end] of [[7, -6, 0], [7, 14, 0], [-7, -6, 1], [-7, 14, 1]]) {
      const left = end ? x + dx - width : x + dx;
      const box = { left, right: left + width, top: y + dy - 11, bottom: y + dy + 3 };
      if (box.left < area.left || box.right > area.right || box.top < area.top || !free(box)) continue;
      taken.push(box);
      return s("text", { class: "label", x: x + dx, y: y + dy, "text-anchor": end ? "end" : "start" }, text);
    }
    return null;
  });
}

function niceTicks(low, high, count = 5) {
  const step = 10 ** Math.floor(Math.log10((high - low) / count || 1));
  const wide = [1, 2, 5, 10].map((one) => one * step).find((one) => (high - low) / one <= count) || step;
  const ticks = [];
  for (let at = Math.ceil(low / wide) * wide; at <= high + wide * 1e-9; at += wide) ticks.push(Number(at.toPrecision(12)));
  return ticks;
}

function logTicks(low, high) {
  const ticks = [];
  for (let at = Math.ceil(Math.log10(low) - 1e-9); at <= Math.log10(high) + 1e-9; at += 1) ticks.push(10 ** at);
  return ticks.length ? ticks : [low, high];
}

// A frame with axes. `x` and `y`: {low, high, label, log, ticks: [[value, text]]}.
function axes(title, description, x, y, draw, size = {}) {
  const { width = 560, height = 300, left = 58, right = 14, top = 12, bottom = 44 } = size;
  const scale = (axis, from, to) => {
    const f = axis.log ? Math.log10 : (one) => one;
    const [low, high] = [f(axis.low), f(axis.high)];
    return (value) => (high === low ? (from + to) / 2 : from + ((f(value) - low) / (high - low)) * (to - from));
  };
  const px = scale(x, left, width - right);
  const py = scale(y, height - bottom, top);
  const xTicks = x.ticks || (x.log ? logTicks : niceTicks)(x.low, x.high).map((one) => [one, String(one)]);
  const yTicks = y.ticks || niceTicks(y.low, y.high).map((one) => [one, String(one)]);
  const id = `chart-${axes.count = (axes.count || 0) + 1}`;
  return s("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": `${id} ${id}d` },
    s("title", { id }, title), s("desc", { id: `${id}d` }, description),
    xTicks.map(([value, text]) => [s("line", { class: "grid", x1: px(value), x2: px(value), y1: top, y2: height - bottom }),
      s("text", { x: px(value), y: height - bottom + 16, "text-anchor": "middle" }, text)]),
    yTicks.map(([value, text]) => [s("line", { class: "grid", x1: left, x2: width - right, y1: py(value), y2: py(value) }),
      s("text", { x: left - 6, y: py(value) + 4, "text-anchor": "end" }, text)]),
    s("text", { class: "axis", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, x.label),
    s("text", { class: "axis", transform: `translate(13,${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.label),
    draw(px, py, { left, right: width - right, top, bottom: height - bottom }));
}

function lineThrough(points, index, extra) {
  const path = points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");
  return s("path", { d: path, class: `line c${index % 8} ${extra || ""}`, "stroke-dasharray": DASHES[index % 8] });
}

function bandBetween(lower, upper, index) {
  const points = [...lower, ...[...upper].reverse()];
  return s("path", { d: `${points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("")}Z`, class: `band c${index % 8}` });
}

function spanOf(values, share = 0.06) {
  const known = values.filter((one) => one !== null && one !== undefined);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = (high - low) * share || Math.abs(high) * share || 1;
  return [low - room, high + room];
}
