// Table cells whose link to a category or notes a click turns into inputs, with htmx. Enter saves; Escape, or leaving the input
// unchanged, restores the cell.
export const CATEGORY = '[data-cell=aside] > a[href$="category/"]';
export const TAGS = '[data-cell=extra] > a[href$="notes/"]';
export const NOTES = '[data-cell=wide] > a[href$="notes/"]';
const LINKS = [CATEGORY, TAGS, NOTES].join();
const origins = new WeakMap();
// What is typed while the inputs are on their way; null at any other time.
let held = null;
let release;

export function startCells() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest(LINKS);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    edit(link);
  });
  document.addEventListener("keydown", hold, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    // Whether it failed or brought no inputs: the keys are the page's again.
    clearTimeout(release);
    release = setTimeout(() => (held = null), event.detail.successful ? 500 : 0);
  });
  document.addEventListener("htmx:beforeSwap", (event) => keep(event.detail.target));
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt.matches?.(".table--lines td")) settle(event.detail.elt);
  });
  document.addEventListener("focusout", (event) => {
    const cell = cellOf(event.target);
    // Deferred: the focus may move within the cell, and htmx may be removing the cell.
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

// Otherwise the first letters of "books" would be the page's shortcuts, and Enter would open a row.
function hold(event) {
  if (held === null || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  if (event.key.length === 1) held += event.key;
  else if (event.key !== "Enter") return;
  event.preventDefault();
  event.stopPropagation();
}

function typeHeld() {
  const entry = document.activeElement;
  if (held && entry.matches("input, textarea")) {
    // In place of what a combobox has selected, otherwise after what is there.
    const { selectionStart: from, selectionEnd: to, value } = entry;
    if (from === to) entry.value += held;
    else entry.value = value.slice(0, from) + held + value.slice(to);
    entry.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
  held = null;
}

function edit(link) {
  // The cell saved just before does not end the wait for this one.
  clearTimeout(release);
  held = "";
  window.htmx.ajax("GET", link.href, {
    source: link,
    target: link.closest("td"),
    swap: "outerHTML",
    values: { field: link.matches(TAGS) ? "tags" : "notes" },
  });
}

function cellOf(element) {
  return element.closest?.(".table--lines td:has(form)");
}

function keep(cell) {
  if (!cell.matches?.(".table--lines td") || cell.querySelector("form")) return;
  const copy = cell.cloneNode(true);
  for (const busy of copy.querySelectorAll(".htmx-request")) busy.classList.remove("htmx-request");
  const cells = origins.get(cell.parentElement) ?? new Map();
  origins.set(cell.parentElement, cells.set(cell.cellIndex, copy));
}

// Focus the input; after saving, focus the cell's link again, unless the user has moved on.
function settle(cell) {
  const entry = cell.querySelector("select, textarea, input:not([type=hidden])");
  if (entry) {
    entry.focus();
    typeHeld();
  } else if (document.activeElement === document.body) cell.querySelector(LINKS)?.focus();
}

function leave(cell) {
  const isBusy = !cell.isConnected || cell.contains(document.activeElement) || cell.querySelector(".htmx-request");
  const fields = [...cell.querySelectorAll("select, textarea, input:not(.combobox > input)")];
  if (!isBusy && !fields.some(isChanged)) restore(cell);
}

function isChanged(field) {
  if (!field.matches("select")) return field.value !== field.defaultValue;
  return [...field.options].some((option) => option.selected !== option.defaultSelected);
}

function restore(cell) {
  const copy = origins.get(cell.parentElement)?.get(cell.cellIndex);
  if (!copy) return null;
  // Otherwise the browser fires a change event on removal, and htmx saves the input.
  cell.querySelector("form").reset();
  cell.replaceWith(copy);
  window.htmx.process(copy);
  return copy.querySelector(LINKS);
}
