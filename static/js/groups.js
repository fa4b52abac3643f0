// Categorize by merchant: when a group is settled, the field of the next one takes the focus, so that
// typing and Enter go on. c enters the field, 1 to 3 choose a suggestion; Escape leaves the field for
// j and k.
import { isOn } from "./keyboard.js";

let next = null;

export function startGroups() {
  if (!document.querySelector("[data-group]")) return;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const group = event.detail.target;
    if (!group.matches?.("[data-group]")) return;
    const isSettled = event.detail.xhr.status === 200;
    next = isSettled ? (group.nextElementSibling ?? group.previousElementSibling) : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (next) entryOf(next)?.focus();
    else if (event.detail.elt.matches?.("[data-group]")) fieldOf(event.detail.elt)?.focus();
    else if (!document.querySelector("[data-group]") && document.querySelector("[data-more-groups]")) {
      location.replace(location.pathname);
    }
    next = null;
  });
  document.addEventListener("keydown", onKey);
}

// On a touch screen, a focused field would open the keyboard and its list over the suggestions.
function entryOf(group) {
  const isTouched = matchMedia("(hover: none)").matches;
  return isTouched ? group.querySelector("[data-row-title]") : fieldOf(group);
}

function fieldOf(group) {
  return group.querySelector(".combobox > input") ?? group.querySelector("select");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !isOn()) return;
  const group = event.target.closest?.("[data-group]");
  if (!group) return;
  if (event.key === "Escape" && event.target === fieldOf(group)) {
    group.querySelector("[data-row-title]").focus();
  } else if (event.key === "c" && event.target.matches("[data-row-title]")) {
    event.preventDefault();
    fieldOf(group).focus();
  } else if (/^[1-9]$/.test(event.key) && !event.target.matches("input")) {
    group.querySelector(`[data-row-choice="${event.key}"]`)?.click();
  }
}
