// The page: drawn anew from the state; what was open or in focus stays so.
function render() {
  const here = document.activeElement;
  const focus = here && here.id ? here.id : "";
  const caret = here && here.tagName === "INPUT" ? here.selectionStart : null;
  const opened = new Map([...document.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  renderFilters();
  const drawn = [renderOverview, renderMatrix];
  if (board().tasks.length) drawn.push(renderCurves, renderTask, renderPair, renderCost, renderSlices);
  drawn.push(renderRow, renderAcross, renderBoards);
  const panels = drawn.map((draw) => draw());
  document.getElementById("main-content").replaceChildren(...panels.filter(Boolean));
  for (const one of document.querySelectorAll("details[id]")) if (opened.has(one.id)) one.open = opened.get(one.id);
  const again = focus && document.getElementById(focus);
  if (again && again !== document.activeElement) {
    again.focus({ preventScroll: true });
    if (caret !== null && again.setSelectionRange) again.setSelectionRange(caret, caret);
  }
}

document.getElementById("made").textContent =
  `${DATA.records.toLocaleString("en")} runs on ${DATA.boards.length} board${DATA.boards.length === 1 ? "" : "s"}; the newest began ${DATA.newest.replace("T", " ").slice(0, 16)}; coldbench ${DATA.version}`;
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => {
  readState();
  render();
});
readState();
render();
document.getElementById("main-content").removeAttribute("aria-busy");
