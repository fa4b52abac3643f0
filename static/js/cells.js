// Cells of a list that htmx turns into an entry. Enter saves; Escape, or leaving the entry as it was,
// brings back the cell as it stood before.
const origins = new WeakMap();

export function startCells() {
  document.addEventListener("htmx:beforeSwap", (event) => keep(event.detail.target));
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt.matches?.("[data-row] > .edit-cell")) settle(event.detail.elt);
  });
  document.addEventListener("focusout", (event) => {
    const cell = cellOf(event.target);
    // Not now: the focus may go elsewhere in the cell, and htmx may be taking the cell away.
    if (cell) setTimeout(() => leave(cell));
  });
  document.addEventListener("keydown", (event) => {
    const cell = cellOf(event.target);
    if (!cell || event.isComposing) return;
    if (event.key === "Escape") {
      restore(cell)?.focus();
    } else if (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });
}

function cellOf(element) {
  return element.closest?.("[data-row] > .edit-cell:has(form)");
}

function keep(cell) {
  if (!cell.matches?.("[data-row] > .edit-cell") || cell.querySelector("form")) return;
  const copy = cell.cloneNode(true);
  for (const busy of copy.querySelectorAll(".htmx-request")) busy.classList.remove("htmx-request");
  const cells = origins.get(cell.parentElement) ?? new Map();
  origins.set(cell.parentElement, cells.set(cell.cellIndex, copy));
}

// The entry takes the focus; once saved, the cell's link has it again, unless one has gone elsewhere.
function settle(cell) {
  const entry = cell.querySelector("select, textarea, input:not([type=hidden])");
  if (entry) entry.focus();
  else if (document.activeElement === document.body) cell.querySelector("[data-cell-edit]")?.focus();
}

function leave(cell) {
  const isBusy = !cell.isConnected || cell.contains(document.activeElement) || cell.querySelector(".htmx-request");
  const fields = [...cell.querySelectorAll("select, textarea, input")];
  if (!isBusy && !fields.some(isChanged)) restore(cell);
}

function isChanged(field) {
  if (!field.matches("select")) return field.value !== field.defaultValue;
  return [...field.options].some((option) => option.selected !== option.defaultSelected);
}

function restore(cell) {
  const copy = origins.get(cell.parentElement)?.get(cell.cellIndex);
  if (!copy) return null;
  // Without it the browser says on the way out that the entry has changed, and htmx saves it.
  cell.querySelector("form").reset();
  cell.replaceWith(copy);
  window.htmx.process(copy);
  return copy.querySelector("[data-cell-edit]");
}
