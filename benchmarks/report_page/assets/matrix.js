// The matrix of methods and tasks: coloured by task, sorted by its heads.
const MARKS = { winner: "\u2605", best: "", near: "", uninformed: "=", "": "" };

function sorter(here) {
  const key = state.sort || (here.ranked ? "rank" : here.tasks[0]?.name);
  const task = here.tasks.find((one) => one.name === key);
  const values = {
    rank: (row) => row.rank, label: (row) => row.label, family: (row) => row.family,
    draws: (row) => parseInt(row.draws, 10), seconds: (row) => row.seconds,
  };
  const value = task
    ? (row) => (here.ranked ? task.columns.rank : task.columns.mean.map((one) => one === null ? null : -one))[row.at]
    : values[key] || values.rank;
  return { key, value, descending: state.dir === "descending" };
}

function sorted(rows, { value, descending }) {
  const sign = descending ? -1 : 1;
  const order = (x, y) => (typeof x === "string" ? x.localeCompare(y) : x - y);
  return [...rows].sort((x, y) => {
    const [one, other] = [value(x), value(y)];
    const lost = (one === null || one === undefined) - (other === null || other === undefined);
    return lost || (one === null || one === undefined ? 0 : sign * order(one, other)) || x.label.localeCompare(y.label);
  });
}

function headOf(key, text, title, sort, kind) {
  const here = sort.key === key;
  const direction = sort.descending ? "descending" : "ascending";
  const act = () => writeState({ sort: key, dir: here && !sort.descending ? "descending" : "" });
  return h("th", { scope: "col", class: kind, "aria-sort": here ? direction : "none" },
    h("button", { type: "button", id: `sort-${key}`, title, on: { click: act } },
      text.split("/").flatMap((part, at) => (at ? [h("br"), part] : [part])),
      h("span", { class: "arrow", "aria-hidden": "true" }, here ? (sort.descending ? " \u25bc" : " \u25b2") : " \u25b7")));
}

// From 0 at the chance level (else the worst mean) to 1 at the best mean of the task.
function shades(here, task) {
  const known = task.columns.mean?.filter((one) => one !== null) || [];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  let [from, to] = here.lower_is_better ? [high, low] : [low, high];
  if (task.chance !== null && (here.lower_is_better ? task.chance > to : task.chance < to)) from = task.chance;
  return (value) => (to === from ? 0.5 : Math.min(1, Math.max(0, (value - from) / (to - from))));
}

function describeCell(task, at) {
  const get = (name) => task.columns[name]?.[at];
  const parts = [
    `95 % interval ${decimal(get("low"))} to ${decimal(get("high"))}`,
    `${get("draws")} draws, ${get("users")} users each`,
  ];
  if (get("difference") !== null && get("difference") !== undefined) {
    parts.push(`${signed(get("difference"))} \u00b1${decimal(get("half"), 3)} to the best, p (Holm) ${probability(get("p_holm"))}`);
  }
  if (get("state") === "winner") parts.push("winner of the task");
  if (get("state") === "near") parts.push("not separated from the best");
  if (get("below_chance")) parts.push("no better than chance");
  if (get("not_contending")) parts.push(`cannot win: ${get("not_contending")}`);
  return parts.join("; ");
}

function matrixCell(row, task, shade) {
  const mean = task.columns.mean?.[row.at] ?? null;
  if (mean === null) return h("td", { class: "none" }, row.status === "ok" ? "-" : row.status.replaceAll("_", " "));
  const verdict = task.columns.state[row.at];
  const below = task.columns.below_chance[row.at];
  const t = shade(mean);
  const names = ["cell", verdict && `is-${verdict}`, below && "below"].filter(Boolean);
  const mark = MARKS[verdict];
  return h("td", { class: names.join(" "), vars: { "--t": `${Math.round(t * 100)}%` }, title: describeCell(task, row.at) },
    task.columns.text[row.at], mark && h("span", { class: "mark" }, mark));
}

function rowHead(row, place) {
  return h("th", { scope: "row", class: row.reference ? "baseline" : null },
    h("a", { href: linkTo({ ...state, row: row.label }), id: `${place}-${row.label}`, on: { click: go({ row: row.label }, "row-panel", "row") } }, row.name));
}

function renderMatrix() {
  const here = board();
  const tasks = tasksShown();
  const sort = sorter(here);
  const rows = sorted(rowsShown(), sort);
  const shading = tasks.map((task) => shades(here, task));
  const head = h("tr", {},
    headOf("label", "method", "sort by name", sort),
    headOf("family", "family", "sort by family", sort, "extra family"),
    here.ranked ? headOf("rank", "mean/rank", "mean rank over all tasks of the board", sort) : null,
    headOf("draws", "draws", "draws of the split", sort, "extra"),
    headOf("seconds", "time", "seconds of fitting and scoring", sort, "extra"),
    tasks.map((task) => headOf(task.name, task.name, `sort by ${task.name}`, sort)),
    h("th", { scope: "col" }, "notes"));
  const line = (row) => h("tr", { class: row.chance ? "chance-row" : null },
    rowHead(row, "matrix-row"), h("td", { class: "extra family" }, row.family.replaceAll("_", " ")),
    here.ranked ? h("td", { class: "number" }, row.rank === null ? "-" : row.rank.toFixed(1)) : null,
    h("td", { class: "extra" }, row.draws), h("td", { class: "extra" }, duration(row.seconds)),
    tasks.map((task, at) => matrixCell(row, task, shading[at])), h("td", { class: "notes" }, row.marks));
  const foot = tasks.some((task) => task.chance !== null)
    ? h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "chance level"), h("td", { class: "extra" }), here.ranked ? h("td") : null, h("td", { class: "extra" }), h("td", { class: "extra" }),
      tasks.map((task) => h("td", { class: "number" }, task.chance === null ? "" : task.chance.toFixed(4))), h("td")))
    : null;
  const caption = `${here.metric} of ${rows.length} of ${here.rows.length} rows in ${tasks.length} of ${here.tasks.length} tasks`;
  return section("matrix", "Methods and tasks",
    h("p", { class: "legend" }, `\u2605 winner of the task; ~ the best, or not separated from it; \u2020 ahead of every baseline; \u2021 training flagged; = all candidates tied. `,
      h("span", { class: "swatch ramp" }, "from the chance level to the best of the task"), " ",
      h("span", { class: "swatch below" }, "no better than chance")),
    frame(caption, h("table", { class: "matrix" }, h("caption", {}, caption), h("thead", {}, head), h("tbody", {}, rows.map(line)), foot)),
    rows.length ? null : h("p", {}, "No row passes the filters."));
}
