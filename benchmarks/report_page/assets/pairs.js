// One task in detail, and any two of its rows, paired on the draws that both have.
const UNKNOWN_HALF = 32767;
const ONE_SIGN = 128;
const unpacked = new Map();

// The layout is that of pair_panel.py: int16 mean, int16 half, uint16 p, uint8 draws and sign.
function findPair(task, first, second) {
  const { rows, unit, packed } = board().pairs[task.name];
  const key = `${board().name} ${task.name}`;
  if (!unpacked.has(key)) unpacked.set(key, new DataView(Uint8Array.from(atob(packed), (one) => one.charCodeAt(0)).buffer));
  const [i, j] = [rows.indexOf(first), rows.indexOf(second)];
  if (i < 0 || j < 0 || i === j) return null;
  const [upper, lower] = i > j ? [i, j] : [j, i];
  const at = 7 * ((upper * (upper - 1)) / 2 + lower);
  const view = unpacked.get(key);
  const told = view.getUint8(at + 6);
  if (!told) return null;
  const half = view.getInt16(at + 2, true);
  return {
    mean: (i > j ? 1 : -1) * view.getInt16(at, true) * unit,
    half: half === UNKNOWN_HALF ? null : half * unit,
    p: view.getUint16(at + 4, true) / 65535,
    draws: told % ONE_SIGN,
    oneSign: told >= ONE_SIGN,
  };
}

function pairDefaults(task) {
  const rows = board().pairs[task.name].rows;
  const order = [...rows].sort((x, y) => (task.columns.rank[x] ?? 0) - (task.columns.rank[y] ?? 0));
  const known = (label, other) => (rows.includes(placeOf(label)) ? placeOf(label) : other);
  const first = known(state.a, task.best ?? order[0]);
  return [first, known(state.b, order.find((at) => at !== first))];
}

function verdictOfPair(here, task, first, second) {
  if (!here.ranked || (first !== task.best && second !== task.best)) {
    return "The board compares the best row with the others; of this pair p is not corrected for the number of rows.";
  }
  const other = first === task.best ? second : first;
  const get = (name) => task.columns[name][other];
  const corrected = `p after Holm's correction ${probability(get("p_holm"))}`;
  if (get("not_contending")) return `On the board ${here.rows[other].name} cannot win: ${get("not_contending")}.`;
  if (task.against.length) return `The board declares no winner here: ${task.against.join("; ")}.`;
  return `On the board ${here.rows[other].name} is ${["near", "best", "winner"].includes(get("state")) ? "not separated" : "separated"} from the best, ${here.rows[task.best].name} (${corrected}).`;
}

function drawPair(here, task, first, second, found) {
  const draws = task.splits.map((split, at) => [split, task.by_split[first]?.[at], task.by_split[second]?.[at]])
    .filter(([, one, other]) => one !== null && other !== null && one !== undefined && other !== undefined)
    .map(([split, one, other]) => [split, one, other, one - other]);
  const half = found.half || 0;
  const [low, high] = spanOf([0, found.mean - half, found.mean + half, ...draws.map((one) => one[3])]);
  const name = `${here.rows[first].name} less ${here.rows[second].name}`;
  const chart = axes(name, "A point for each draw of the split, and the mean with its 95 % interval.", { low, high, label: `difference in ${here.metric}` }, { low: 0, high: 3, label: "", ticks: [] }, (px, py, area) => [
    s("line", { class: "zero", x1: px(0), x2: px(0), y1: area.top, y2: area.bottom }),
    draws.map(([split, , , value]) => symbol(0, px(value), py(2), `draw ${split}: ${signed(value, 4)}`)),
    s("line", { class: "bar", x1: px(found.mean - half), x2: px(found.mean + half), y1: py(1), y2: py(1) }), symbol(3, px(found.mean), py(1), `mean ${signed(found.mean, 4)}`),
    s("text", { x: area.left - 6, y: py(2) + 4, "text-anchor": "end" }, "draws"), s("text", { x: area.left - 6, y: py(1) + 4, "text-anchor": "end" }, "mean"),
  ], { height: 170 });
  return h("figure", {}, chart, numbers(name, "pair-numbers", ["draw", here.rows[first].name, here.rows[second].name, "difference"],
    draws.map(([split, one, other, value]) => [split, decimal(one), decimal(other), signed(value, 4)])));
}

function renderPair() {
  const here = board();
  const task = taskChosen();
  const rows = board().pairs[task.name].rows;
  if (rows.length < 2) return null;
  const [first, second] = pairDefaults(task);
  const options = rows.map((at) => [here.rows[at].label, here.rows[at].name]);
  const found = findPair(task, first, second);
  const told = found
    ? `${here.rows[first].name} less ${here.rows[second].name}: ${signed(found.mean, 4)} \u00b1${found.half === null ? "?" : found.half.toFixed(4)} (95 %), p ${probability(found.p)}, on ${found.draws} shared draw${found.draws === 1 ? "" : "s"}, ${found.oneSign ? "of one sign in each" : "not of one sign in each"}.`
    : first === second ? "Choose two different rows." : "These rows share no draw of the split.";
  return section("pair", "Two rows, paired",
    h("div", { class: "choices" },
      choose("pair-task", "Task", here.tasks.map((one) => [one.name, one.name]), task.name, (value) => writeState({ task: value })),
      choose("pair-a", "First row", options, here.rows[first].label, (value) => writeState({ a: value })),
      choose("pair-b", "Second row", options, here.rows[second].label, (value) => writeState({ b: value }))),
    h("p", { id: "pair-told" }, told), found ? h("p", {}, verdictOfPair(here, task, first, second)) : null,
    found ? drawPair(here, task, first, second, found) : null);
}

function renderTask() {
  const here = board();
  const task = taskChosen();
  const rows = sorted(rowsShown().filter((row) => task.columns.mean[row.at] !== null), { value: (row) => task.columns.rank[row.at] ?? -task.columns.mean[row.at] });
  const cells = (row) => {
    const get = (name) => task.columns[name][row.at];
    const apart = get("difference") === null ? "" : `${signed(get("difference"))} \u00b1${get("half") === null ? "?" : get("half").toFixed(3)}`;
    const notes = [get("state") === "winner" ? "winner" : "", get("below_chance") ? "no better than chance" : "", row.marks, get("not_contending")];
    return [rowHead(row, "task-row"), get("rank") ?? "", get("text"), `${decimal(get("low"))} to ${decimal(get("high"))}`, apart, get("p_holm") === null ? "" : probability(get("p_holm")), get("draws"), get("users"), notes.filter(Boolean).join(", ")];
  };
  return section("task", `Task in detail: ${task.name}`,
    choose("task-chosen", "Task", here.tasks.map((one) => [one.name, one.name]), task.name, (value) => writeState({ task: value })),
    h("ul", {}, task.notes.slice(0, 1).map((one) => h("li", {}, one))),
    table(`${here.metric} in ${task.name}`, ["method", "rank", here.metric, "95 % interval", "difference to best", "p (Holm)", "draws", "users", "notes"], rows.map(cells), "short"));
}
