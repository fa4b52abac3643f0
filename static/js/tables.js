// Boxes named "ids" select rows; shift-click takes the rows between, data-select-all the whole page.
// A list with data-selection="key" remembers its selection while it is sorted and paged: rows that are
// chosen on other pages are sent as hidden fields of the form that acts on them.
// Cells that are cut off say what they have to whoever points at them.
export const BOX = "input[type=checkbox][name=ids]";
const STORE = "selection";
let lastBox = null;
let elsewhere = new Map();

export function startTables() {
  recallSelection();
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-selection-clear]")) return clearSelection();
    const box = event.target.closest?.(BOX);
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
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-selection-bar]")) sessionStorage.removeItem(STORE);
  });
  document.addEventListener("htmx:afterSettle", showSelection);
  document.addEventListener("pointerover", (event) => tellCut(event.target.closest?.(".table--lines [data-cell]")));
  showSelection();
}

function tellCut(cell) {
  if (!cell || cell.querySelector("form")) return;
  const isCut = [cell, ...cell.children].some((part) => part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== "visible");
  if (isCut) cell.title = cell.innerText.replace(/\s+/g, " ").trim();
  else cell.removeAttribute("title");
}

// The amounts of all chosen rows, on this page or another: [{amount, currency}].
export function selectedAmounts() {
  return [...boxes().filter((box) => box.checked).map(amountOf), ...elsewhere.values()];
}

function boxes() {
  return [...document.querySelectorAll(BOX)];
}

function amountOf(box) {
  return { amount: box.closest("tr")?.querySelector("[data-cell=amount] data")?.value, currency: box.closest("[data-currency]")?.dataset.currency };
}

function selectBetween(first, last) {
  const all = boxes();
  const [from, to] = [all.indexOf(first), all.indexOf(last)].sort((a, b) => a - b);
  for (const box of all.slice(from, to + 1)) box.checked = last.checked;
}

function clearSelection() {
  elsewhere.clear();
  for (const box of document.querySelectorAll(`${BOX}, [data-select-whole]`)) box.checked = false;
  showSelection();
}

function key() {
  return document.querySelector("[data-selection]")?.dataset.selection;
}

function recallSelection() {
  if (!key()) return;
  const kept = JSON.parse(sessionStorage.getItem(STORE) ?? "null");
  if (kept?.key !== key()) return;
  elsewhere = new Map(kept.rows);
  for (const box of boxes()) if (elsewhere.delete(box.value)) box.checked = true;
}

function rememberSelection(chosen) {
  if (!key()) return;
  const rows = [...chosen.map((box) => [box.value, amountOf(box)]), ...elsewhere];
  if (rows.length) sessionStorage.setItem(STORE, JSON.stringify({ key: key(), rows }));
  else sessionStorage.removeItem(STORE);
}

function showElsewhere(bar) {
  for (const field of bar.querySelectorAll("[data-selected-elsewhere]")) field.remove();
  for (const id of elsewhere.keys()) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "ids", value: id });
    field.dataset.selectedElsewhere = "";
    bar.append(field);
  }
}

function showSelection() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked);
  const count = chosen.length + elsewhere.size;
  const isWhole = document.querySelector("[data-select-whole]:checked") !== null;
  for (const bar of document.querySelectorAll("[data-selection-bar]")) {
    bar.hidden = count === 0 && !isWhole;
    bar.dataset.ready = "";
    showElsewhere(bar);
  }
  for (const place of document.querySelectorAll("[data-selection-count]")) place.textContent = count;
  for (const master of document.querySelectorAll("[data-select-all]")) {
    master.checked = chosen.length > 0 && chosen.length === all.length;
    master.indeterminate = chosen.length > 0 && chosen.length < all.length;
  }
  rememberSelection(chosen);
  document.dispatchEvent(new CustomEvent("selectionchange:rows", { detail: chosen.map((box) => box.value) }));
}
