// A list's rows by keyboard: j and k move, x selects, c, t and m change category, tags and notes, e
// edits the focused row. Selected amounts are summed per currency.
import { CATEGORY, NOTES, TAGS } from "./cells.js";
import { isOn } from "./keyboard.js";
import { BOX, selectedAmounts } from "./tables.js";

const STEP = 10_000;
const ROW = "[data-row], .table--lines tr[id]";
const TITLE = "[data-row-title], [data-cell=title] > a";
const acts = {
  j: (row) => focusOn(neighbor(row, 1)),
  k: (row) => focusOn(neighbor(row, -1)),
  x: (row) => row?.querySelector(BOX)?.click(),
  c: (row) => row?.querySelector(CATEGORY)?.click(),
  t: (row) => row?.querySelector(TAGS)?.click(),
  m: (row) => row?.querySelector(NOTES)?.click(),
  // Who may choose a row may edit it.
  e: (row) => row?.querySelector(BOX) && location.assign(new URL("edit/", row.querySelector(TITLE).href)),
};

export function startRows() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("selectionchange:rows", showTotals);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-select-whole]")) showTotals();
  });
  showTotals();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !isOn() || !Object.hasOwn(acts, event.key)) return;
  // "g t" has been handled already.
  if (event.defaultPrevented) return;
  if (event.target.closest(`input:not(${BOX}), select, textarea, [contenteditable]`)) return;
  if (!document.querySelector(ROW) || document.querySelector("dialog[open]")) return;
  const row = document.activeElement.closest(ROW);
  if (!row && event.key !== "j" && event.key !== "k") return;
  event.preventDefault();
  acts[event.key](row);
}

function neighbor(row, step) {
  const rows = [...document.querySelectorAll(ROW)];
  if (!row) return rows[0];
  return rows[rows.indexOf(row) + step] ?? row;
}

function focusOn(row) {
  row?.querySelector(TITLE)?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

function showTotals() {
  const totals = new Map();
  for (const { amount, currency } of selectedAmounts()) {
    if (!currency) continue;
    totals.set(currency, (totals.get(currency) ?? 0) + Math.round(Number(amount) * STEP));
  }
  const language = document.documentElement.dataset.region;
  const words = [...totals].map(([currency, sum]) =>
    new Intl.NumberFormat(language, { style: "currency", currency, signDisplay: "exceptZero" }).format(sum / STEP).replace("-", "\u2212"),
  );
  const isWhole = document.querySelector("[data-select-whole]:checked");
  for (const place of document.querySelectorAll("[data-selection-totals]")) {
    place.textContent = isWhole ? "" : words.join(" \u00b7 ");
  }
}
