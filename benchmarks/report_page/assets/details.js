// Groups of users and items, and everything about one row: training, flags, provenance.
function renderSlices() {
  const here = board();
  const task = taskChosen();
  const found = here.slices[task.name];
  if (!found) return null;
  const rows = sorted(rowsShown().filter((row) => found.values[row.at]), { value: (row) => task.columns.rank?.[row.at] });
  const spans = found.groups.map((_, at) => {
    const known = rows.map((row) => found.values[row.at][at]).filter((one) => one !== null);
    return [Math.min(...known), Math.max(...known)];
  });
  const cell = (value, at) => {
    if (value === null) return h("td", { class: "none" }, "-");
    const [low, high] = spans[at];
    const t = high === low ? 0.5 : (value - low) / (high - low);
    return h("td", { class: "cell", vars: { "--t": `${Math.round(t * 100)}%` } }, decimal(value));
  };
  const caption = `${here.metric} of groups in ${task.name}, means over the runs`;
  return section("slices", "Slices and gaps",
    choose("slice-task", "Task", here.tasks.filter((one) => here.slices[one.name]).map((one) => [one.name, one.name]), task.name, (value) => writeState({ task: value })),
    h("p", {}, "Groups of users by history, support and attribute, and parts of the truth by popularity; a gap is the best group of an attribute less its worst. Colour runs from the lowest to the highest value of a group."),
    frame(caption, h("table", { class: "matrix" }, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "method"), found.groups.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, rowHead(row, "slice-row"), found.values[row.at].map(cell)))),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "users of a run"), found.users.map((one) => h("td", { class: "number" }, one)))))));
}

function rowChosen() {
  const here = board();
  const at = placeOf(state.row);
  if (at >= 0) return at;
  const trained = rowsShown().find((row) => here.training.some((one) => one.row === row.at));
  return trained ? trained.at : rowsShown()[0]?.at ?? 0;
}

function drawLosses(title, trainings, yLabel, linesOf) {
  const lines = trainings.flatMap(linesOf).filter((one) => one.points.length);
  if (!lines.length) return null;
  const every = lines.flatMap((one) => one.points);
  const [low, high] = spanOf(every.map((one) => one[1]));
  const last = Math.max(...every.map((one) => one[0]), 1);
  const chart = axes(title, "A line for each training.", { low: 0, high: last, label: "epoch" }, { low, high, label: yLabel }, (px, py) =>
    lines.map(({ points, index, kept, text }) => [lineThrough(points.map(([a, b]) => [px(a), py(b)]), index),
      kept === null || kept === undefined ? null : points.filter(([a]) => a === kept).slice(0, 1).map(([a, b]) => symbol(index, px(a), py(b), `${text}: kept epoch ${a}`))]));
  return h("figure", {}, h("figcaption", {}, title), chart, keyOf(lines.map(({ index, text }) => ({ index, text }))),
    numbers(title, `numbers-${title}`, ["training", "epoch and value"], lines.map((one) => [one.text, one.points.map(([a, b]) => `${a}: ${b}`).join(", ")])));
}

function renderTraining(at) {
  const mine = board().training.filter((one) => one.row === at);
  if (!mine.length) return h("p", {}, "Its records hold no training curves.");
  const seeds = distinct(mine.map((one) => String(one.seed)));
  const named = (one) => `${one.name.includes("/") || one.name !== "training" ? `${one.name}, ` : ""}seed ${one.seed}`;
  const losses = drawLosses("Loss", mine, "loss", (one) => [{
    points: one.losses.map((loss, i) => [(i + 1) * one.every, loss]).filter(([, loss]) => loss !== null), index: seeds.indexOf(String(one.seed)), text: named(one),
  }]);
  const validation = drawLosses("Validation", mine, "validation", (one) => [{
    points: one.validation, index: seeds.indexOf(String(one.seed)), text: named(one), kept: null,
  }]);
  const first = mine[0];
  const groups = drawLosses(`Validation by group, ${named(first)}`, [first], "validation", (one) => Object.entries(one.groups).map(([group, points], index) => ({
    points, index, text: `${group}${group in one.kept ? `, kept epoch ${one.kept[group]}` : ""}`, kept: one.kept[group],
  })));
  const chance = first.chance_loss === null ? "" : ` The loss of a random order is ${first.chance_loss}.`;
  const few = DATA.curves === null ? "" : ` Of each row, those of the first ${DATA.curves === 1 ? "run" : `${DATA.curves} runs`} are in this page.`;
  return [h("p", {}, `${mine.length} training${mine.length === 1 ? "" : "s"}, ${first.steps?.toLocaleString("en") ?? "?"} steps in the first. Long curves are thinned in the records.${few}${chance}`),
    h("div", { class: "figures" }, losses, validation, groups)];
}

function renderRow() {
  const here = board();
  const at = rowChosen();
  const row = here.rows[at];
  if (!row) return null;
  const from = here.provenance[at];
  const method = DATA.methods[row.method] || {};
  const facts = [
    ["method", `${row.method}. ${method.sentence || ""}`], ["family", row.family.replaceAll("_", " ")],
    ["sees", [row.side && `side information ${row.side}`, row.track && `track ${row.track}`].filter(Boolean).join(", ")],
    ["base model", row.model || "none"], ["texts", row.text ? "read" : "not read"], ["preset", from.preset], ["tuning", from.tuning],
    ["source", method.source], ["code", Object.entries(from.code).filter(([, text]) => text).map(([part, text]) => `${part}: ${text}`).join("; ")],
    ["made with", `Python ${from.python}, ${from.device}, ${Object.entries(from.packages).map(([name, one]) => `${name} ${one}`).join(", ")}`],
  ].filter(([, text]) => text);
  const runs = from.runs.map(([run, seed, outcome, started, commit, split]) => [h("th", { scope: "row" }, h("code", {}, `${from.folder}/${run}.json`)), seed, outcome.replaceAll("_", " "), started, commit, split]);
  return section("row-panel", `Row in detail: ${row.name}`,
    choose("row", "Row", here.rows.map((one) => [one.label, one.name]), row.label, (value) => writeState({ row: value })),
    row.flags.map(([sentence, seeds]) => h("p", { class: "warning" }, `\u2021 ${sentence} (seed${seeds.length > 1 ? "s" : ""} ${seeds.join(", ")})`)),
    row.failures.map((one) => h("p", { class: "warning" }, `\u26a0 ${one}`)),
    h("dl", {}, facts.map(([name, text]) => [h("dt", {}, name), h("dd", {}, text)])),
    h("h3", {}, "The command"), copyable("copy-command", "command", from.command),
    h("h3", {}, "Training"), renderTraining(at),
    h("h3", {}, "Records"), table("Runs of this row", ["record below the results", "seed", "status", "started", "commit", "split"], runs),
    method.bibtex ? [h("h3", {}, "BibTeX"), copyable("copy-bibtex", "BibTeX", method.bibtex)] : null,
    h("details", { id: "settings" }, h("summary", {}, "Settings"), h("pre", { tabindex: 0, "aria-label": "Settings" }, JSON.stringify(from.settings, null, 1))));
}
