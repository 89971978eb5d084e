// The state of the page: what is chosen and filtered. It stands in the address, so that a link
// leads to what one sees.
const DATA = JSON.parse(await readData());
const EMPTY = {
  board: "", side: "", k: "", family: "", track: "", text: "", model: "", q: "",
  task: "", sort: "", dir: "", row: "", a: "", b: "",
};
let state = { ...EMPTY };

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  state = { ...EMPTY };
  for (const name of Object.keys(EMPTY)) if (given.has(name)) state[name] = given.get(name);
}

function writeState(changes) {
  Object.assign(state, changes);
  const kept = Object.entries(state).filter(([, value]) => value !== "");
  history.replaceState(null, "", kept.length ? `#${new URLSearchParams(kept)}` : "#");
  render();
}

// What a link within the page does: it changes the state, shows a panel and puts the focus there.
function go(changes, panel, focus) {
  return (event) => {
    event.preventDefault();
    writeState(changes);
    document.getElementById(panel).scrollIntoView();
    document.getElementById(focus).focus({ preventScroll: true });
  };
}

function linkTo(changes) {
  return `#${new URLSearchParams(Object.entries({ ...EMPTY, ...changes }).filter(([, value]) => value !== ""))}`;
}

function board() {
  const { boards } = DATA;
  return boards.find((one) => one.name === state.board) || boards.find((one) => one.tasks.length) || boards[0];
}

function rowsShown() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (row) =>
    (!state.family || (state.family === "baseline" ? row.reference : row.family === state.family)) &&
    (!state.track || row.track === state.track) &&
    (!state.text || String(row.text) === state.text) &&
    (!state.model || row.model === state.model) &&
    words.every((word) => row.label.toLowerCase().includes(word));
  return board().rows.map((row, at) => ({ ...row, at })).filter(holds);
}

function isFiltered() {
  return Boolean(state.family || state.track || state.text || state.model || state.q);
}

function tasksShown() {
  return board().tasks.filter((task) => (!state.side || task.side === state.side) && (!state.k || String(task.shots) === state.k));
}

// The task of the panels that show one: the chosen one, else the first cold one.
function taskChosen() {
  const { tasks } = board();
  return tasks.find((task) => task.name === state.task) || tasks.find((task) => !task.side.startsWith("warm")) || tasks[0];
}

function placeOf(label) {
  return board().rows.findIndex((row) => row.label === label);
}

function distinct(values) {
  return [...new Set(values)].filter((value) => value !== "" && value !== null).sort();
}

function renderFilters() {
  const here = board();
  const pick = (name) => (value) => writeState({ [name]: value });
  const options = (all, values, tell = String) => [["", all], ...values.map((one) => [String(one), tell(one)])];
  const spaced = (one) => String(one).replaceAll("_", " ");
  const shots = [...new Set(here.tasks.map((task) => task.shots))].filter((one) => one !== null).sort((x, y) => x - y);
  const change = (value) => writeState({ ...EMPTY, board: value });
  const families = ["baseline", ...distinct(here.rows.map((row) => row.family)).filter((one) => one !== "reference")];
  document.getElementById("filters").replaceChildren(
    choose("board", "Board", DATA.boards.map((one) => [one.name, one.title]), here.name, change),
    choose("side", "Tasks", options("all tasks", [...new Set(here.tasks.map((task) => task.side))], spaced), state.side, pick("side")),
    choose("k", "Shots (k)", options("all k", shots), state.k, pick("k")),
    choose("family", "Family", options("all families", families, spaced), state.family, pick("family")),
    choose("track", "Track", options("all tracks", distinct(here.rows.map((row) => row.track))), state.track, pick("track")),
    choose("text", "Text", [["", "with or without"], ["true", "reads texts"], ["false", "reads none"]], state.text, pick("text")),
    choose("model", "Base model", options("any or none", distinct(here.rows.map((row) => row.model))), state.model, pick("model")),
    h("label", {}, h("span", {}, "Method"), h("input", {
      id: "q", type: "search", value: state.q, placeholder: "part of a name", autocomplete: "off",
      on: { input: (event) => writeState({ q: event.target.value }) },
    })),
    h("button", { type: "button", id: "reset", on: { click: () => writeState({ ...EMPTY, board: state.board }) } }, "Show all"),
  );
}
