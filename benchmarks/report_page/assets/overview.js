// The top of a board: its sentences, its data, and who wins each task.
function renderBoards() {
  if (DATA.boards.length < 2) return null;
  const here = board();
  return section("boards", "Boards", table("All boards of the records", ["board", "rows", "tasks", "in a sentence"],
    DATA.boards.map((one) => [
      h("th", { scope: "row" }, h("a", { href: linkTo({ board: one.name }), on: { click: go({ ...EMPTY, board: one.name }, "overview", "board") }, "aria-current": one === here ? "true" : null }, one.title)),
      one.rows.length, one.tasks.length, one.sentences[0]?.text || "",
    ])));
}

function renderCard() {
  const { card } = board();
  const told = [["dataset", card.title], ["from", card.publisher], ["licence", card.licence], ["to cite", card.citation]].filter(([, text]) => text);
  const page = /^https?:/.test(card.page || "") ? h("p", {}, h("a", { href: card.page, rel: "noreferrer" }, card.page)) : null;
  return h("details", { id: "card", open: true }, h("summary", {}, "Data card and draws"),
    h("div", { class: "columns" },
      h("div", {}, h("dl", {}, told.map(([name, text]) => [h("dt", {}, name), h("dd", {}, text)])), page,
        card.limitations?.length ? [h("h3", {}, "Limitations"), h("ul", {}, card.limitations.map((one) => h("li", {}, one)))] : null),
      table("What the splits hold", ["count", "value"], card.counts)));
}

function namesOf(places) {
  return places.map((at) => board().rows[at].name).join(", ");
}

function verdictOf(task) {
  if (!board().ranked) return "";
  if (task.winners.length) return `\u2605 ${namesOf(task.winners)}`;
  if (task.against.length) return `no winner: ${task.against.join("; ")}`;
  return `no winner: ${task.near.length} not separated from the best`;
}

function renderVerdicts() {
  const here = board();
  const lines = tasksShown().map((task) => [
    h("th", { scope: "row" }, h("a", { href: linkTo({ ...state, task: task.name }), id: `task-${task.name}`, on: { click: go({ task: task.name }, "task", "task-chosen") } }, task.name)),
    verdictOf(task),
    task.best === null ? "-" : `${here.rows[task.best].name} ${decimal(task.columns.mean[task.best])}`,
    h("td", {}, task.near.length > 3
      ? h("details", { id: `near-${task.name}` }, h("summary", {}, `${task.near.length} rows`), namesOf(task.near))
      : namesOf(task.near) || "-"),
    task.baseline === null ? "-" : `${here.rows[task.baseline].name} ${decimal(task.columns.mean[task.baseline])}`,
    decimal(task.chance), task.items === null ? "-" : task.items.toLocaleString("en"), task.draws,
  ]);
  return table(`Who wins each task, by ${here.metric}`,
    ["task", "verdict", "best mean", "not separated from it", "best baseline", "chance level", "candidates", "draws"], lines, "verdicts");
}

function renderOverview() {
  const here = board();
  return section("overview", here.title,
    h("ul", { class: "sentences" }, here.sentences.map((one) => h("li", {}, one.text))),
    here.above.filter((one) => one.startsWith("the audit")).map((one) => h("p", { class: "warning" }, `\u26a0 ${one}`)),
    renderVerdicts(), renderCard(),
    h("details", { id: "all-notes" }, h("summary", {}, "All notes of the leaderboard"),
      h("ul", {}, [...here.above, ...here.below].map((one) => h("li", {}, one)))));
}
