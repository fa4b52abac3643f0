// data-select-all="name" checks every box of that name in its form or table; shift-click takes the
// rows between. data-selection-count elements show the count; data-selection-bar becomes visible.
let lastBox = null;

export function startTables() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("input[type=checkbox][data-select]");
    if (!box) return;
    if (event.shiftKey && lastBox?.isConnected) selectBetween(lastBox, box);
    lastBox = box;
    showSelection();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-select-whole]")) showSelection();
    if (!event.target.matches?.("[data-select-all]")) return;
    for (const box of boxes()) box.checked = event.target.checked;
    showSelection();
  });
  document.addEventListener("htmx:afterSettle", showSelection);
  showSelection();
}

function boxes() {
  return [...document.querySelectorAll("input[type=checkbox][data-select]")];
}

function selectBetween(first, last) {
  const all = boxes();
  const [from, to] = [all.indexOf(first), all.indexOf(last)].sort((a, b) => a - b);
  for (const box of all.slice(from, to + 1)) box.checked = last.checked;
}

function showSelection() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  const isWhole = document.querySelector("[data-select-whole]:checked") !== null;
  for (const bar of document.querySelectorAll("[data-selection-bar]")) {
    bar.hidden = chosen.length === 0 && !isWhole;
    bar.dataset.ready = "";
  }
  for (const count of document.querySelectorAll("[data-selection-count]")) count.textContent = chosen.length;
  for (const master of document.querySelectorAll("[data-select-all]")) {
    master.checked = chosen.length > 0 && chosen.length === all.length;
    master.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  document.dispatchEvent(new CustomEvent("selectionchange:rows", { detail: chosen.map((box) => box.value) }));
}
