// Plots of a board: k-shot curves, cost against the metric, and average ranks over datasets.
const MOST_LINES = 8;

// The rows of the curves: those that pass the filters where they are few, else the default ones.
function rowsOfCurves(group) {
  const passing = rowsShown().map((row) => row.at);
  const some = isFiltered() && passing.length <= MOST_LINES ? passing : group.rows.filter((at) => passing.includes(at));
  const chosen = placeOf(state.row);
  return chosen >= 0 && !some.includes(chosen) ? [...some, chosen] : some;
}

function renderCurve(here, group) {
  const tasks = group.tasks.map((name) => here.tasks.find((task) => task.name === name));
  const rows = rowsOfCurves(group).filter((at) => tasks.some((task) => task.columns.mean[at] !== null));
  if (!rows.length) return null;
  const get = (name, at) => tasks.map((task) => task.columns[name][at]);
  const every = rows.flatMap((at) => [...get("low", at), ...get("high", at)]);
  const [low, high] = spanOf([...every, ...tasks.map((task) => task.chance)]);
  const x = { low: -0.2, high: tasks.length - 0.8, label: "shots k", ticks: tasks.map((task, at) => [at, String(task.shots)]) };
  const y = { low: Math.max(here.lower_is_better ? -Infinity : 0, low), high, label: here.metric };
  const drawn = axes(`${here.metric} by shots in ${group.name}`, "Lines with bands of 95 %; the numbers follow as a table.", x, y, (px, py) => {
    const path = (values) => values.map((value, at) => (value === null ? null : [px(at), py(value)])).filter(Boolean);
    const chance = tasks.map((task) => task.chance);
    return [
      path(chance).length > 1 ? s("path", { class: "chance-line", d: path(chance).map(([a, b], at) => `${at ? "L" : "M"}${a},${b}`).join("") }, s("title", {}, "chance level")) : null,
      rows.map((at, index) => bandBetween(path(get("low", at)), path(get("high", at)), index)),
      rows.map((at, index) => [lineThrough(path(get("mean", at)), index),
        path(get("mean", at)).map(([a, b]) => symbol(index, a, b, here.rows[at].name))]),
    ];
  });
  const cells = (at) => tasks.map((task) => task.columns.mean[at] === null ? "-" : `${task.columns.text[at]} (${decimal(task.columns.low[at])} to ${decimal(task.columns.high[at])})`);
  return h("figure", {}, h("figcaption", {}, group.name), drawn, keyOf(rows.map((at, index) => ({ index, text: here.rows[at].name }))),
    numbers(group.name, `curve-${group.name}`, ["method", ...tasks.map((task) => `k=${task.shots}`)], rows.map((at) => [here.rows[at].name, ...cells(at)])));
}

function renderCurves() {
  const here = board();
  const drawn = here.curves.filter((group) => !state.side || group.name.startsWith(`${state.side}/`)).map((group) => renderCurve(here, group)).filter(Boolean);
  if (!drawn.length) return null;
  return section("curves", "From no shot to many",
    h("p", {}, "The best row of each family that can win with most shots, and the row in detail; filters choose others. Bands are 95 % intervals over the draws; the dotted line is the chance level."),
    h("div", { class: "figures" }, drawn));
}

function renderCost() {
  const here = board();
  const task = taskChosen();
  const front = here.fronts[task.name];
  if (!front) return null;
  const rows = rowsShown().filter((row) => row.seconds > 0 && task.columns.mean[row.at] !== null);
  if (!rows.length) return null;
  const seconds = rows.map((row) => row.seconds);
  const x = { low: Math.min(...seconds) / 1.5, high: Math.max(...seconds) * 1.5, log: true, label: "seconds of fitting and scoring (logarithmic)" };
  const [low, high] = spanOf([...rows.map((row) => task.columns.mean[row.at]), task.chance]);
  const y = { low, high, label: here.metric };
  const passing = front.filter((at) => rows.some((row) => row.at === at));
  const drawn = axes(`Cost and ${here.metric} in ${task.name}`, "A point for each row; a line joins those that no cheaper row equals.", x, y, (px, py, area) => {
    const point = (at) => [px(here.rows[at].seconds), py(task.columns.mean[at])];
    let step = "";
    passing.forEach((at, i) => {
      const [a, b] = point(at);
      step += i ? `H${a.toFixed(1)}V${b.toFixed(1)}` : `M${a.toFixed(1)},${b.toFixed(1)}`;
    });
    return [
      task.chance === null ? null : s("line", { class: "chance-line", x1: area.left, x2: area.right, y1: py(task.chance), y2: py(task.chance) }),
      passing.length ? s("path", { class: "front", d: `${step}H${area.right}` }) : null,
      rows.map((row) => symbol(FAMILIES.indexOf(row.reference ? "reference" : row.family) + 1 || 7, ...point(row.at), `${row.name}: ${duration(row.seconds)}, ${task.columns.text[row.at]}`, passing.includes(row.at) ? "on-front" : "")),
      labels([...passing].reverse().map((at) => [...point(at), here.rows[at].name]), area),
    ];
  }, { height: 340 });
  const kinds = [...new Set(rows.map((row) => (row.reference ? "reference" : row.family)))];
  const cells = (row) => [row.name, duration(row.seconds), task.columns.text[row.at], passing.includes(row.at) ? "on the front" : "", row.cost.peak_bytes === null ? "-" : `${(row.cost.peak_bytes / 1e9).toFixed(2)} GB`, row.cost.parameters === null ? "-" : row.cost.parameters.toLocaleString("en")];
  return section("cost", `Cost against ${here.metric}`,
    choose("cost-task", "Task", here.tasks.map((one) => [one.name, one.name]), task.name, (value) => writeState({ task: value })),
    h("p", {}, "The line is the Pareto front: rows that can win and that no cheaper one equals in the order of the board. Times are of the machine that made the runs."),
    h("figure", {}, drawn, keyOf(kinds.map((kind) => ({ index: FAMILIES.indexOf(kind) + 1 || 7, text: kind === "reference" ? "baseline" : kind.replaceAll("_", " ") })), false),
      numbers("Cost", "cost-numbers", ["method", "time", here.metric, "Pareto front", "peak memory", "parameters"], sorted(rows, { value: (row) => row.seconds }).map(cells))));
}

function renderAcross() {
  if (!DATA.across.length) return null;
  const found = DATA.across.find((one) => one.task === taskChosen()?.name) || DATA.across[0];
  const last = Math.max(...found.ranks);
  const height = 74 + found.labels.length * 17 + found.groups.length * 7;
  const x = { low: 1, high: Math.max(last, 2), label: "average rank (1 is best)" };
  const left = 190;
  const drawn = axes(`Average ranks in ${found.task}`, found.note, x, { low: 0, high: 1, label: "", ticks: [] }, (px, py, area) => [
    s("line", { class: "front", x1: px(1), x2: Math.min(px(1 + found.critical), area.right), y1: 26, y2: 26 }, s("title", {}, "critical difference")),
    s("text", { x: px(1) + 4, y: 20, class: "label" }, `critical difference ${found.critical.toFixed(2)}`),
    found.labels.map((label, at) => {
      const y = 46 + at * 17;
      return [s("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, label), s("line", { class: "grid", x1: left, x2: px(found.ranks[at]), y1: y, y2: y }), symbol(0, px(found.ranks[at]), y, `${label}: ${found.ranks[at].toFixed(2)}`)];
    }),
    found.groups.map(([first, end], at) => {
      const y = 46 + found.labels.length * 17 + at * 7 - 8;
      return s("line", { class: "bar", x1: px(found.ranks[first]) - 3, x2: px(found.ranks[end]) + 3, y1: y, y2: y }, s("title", {}, `${found.labels[first]} to ${found.labels[end]}: not separated`));
    }),
  ], { width: 640, height: height + 30, left, top: 32, bottom: 44 });
  return section("across", "Ranks across datasets",
    choose("across-task", "Task", DATA.across.map((one) => [one.task, one.task]), found.task, (value) => writeState({ task: value })),
    h("p", {}, found.note),
    h("figure", {}, drawn, h("figcaption", {}, "A thick bar joins rows that are not separated."),
      h("details", { id: "across-numbers" }, h("summary", {}, "Average ranks: the numbers"), table("Average ranks", found.head, found.table))));
}
