// data-key="/" on an element: the key focuses a field, or presses a link or button. "g t" is two keys
// in sequence. "?" lists this page's shortcuts; a switch in the list turns them off.
import { recall, remember } from "./storage.js";

const SEQUENCE_MS = 900;
let pending = "";
let pendingTimer;

export function startKeyboard() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keyboard-help]")) showHelp();
  });
  const toggle = document.querySelector("[data-keyboard-on]");
  if (!toggle) return;
  toggle.checked = isOn();
  toggle.addEventListener("change", () => remember("keyboard", toggle.checked ? null : "off"));
}

export function isOn() {
  return recall("keyboard") !== "off";
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !isOn()) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return leaveField(event);
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "?") {
    event.preventDefault();
    showHelp();
    return;
  }
  const keys = pending ? `${pending} ${event.key}` : event.key;
  const target = visible(`[data-key="${CSS.escape(keys)}"]`);
  clearTimeout(pendingTimer);
  pending = "";
  if (target) {
    event.preventDefault();
    press(target);
  } else if (document.querySelector(`[data-key^="${CSS.escape(keys)} "]`)) {
    pending = keys;
    pendingTimer = setTimeout(() => (pending = ""), SEQUENCE_MS);
  }
}

function leaveField(event) {
  if (event.key === "Escape" && event.target.matches("[data-key]")) event.target.blur();
}

function visible(selector) {
  const found = [...document.querySelectorAll(selector)];
  return found.find((element) => element.checkVisibility?.() ?? true) ?? found.find((element) => element.matches("a"));
}

function press(element) {
  if (element.matches("input:not([type=checkbox], [type=radio]), select, textarea")) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function showHelp() {
  const dialog = document.getElementById("keyboard-help");
  const list = dialog?.querySelector("[data-keyboard-list]");
  if (!list) return;
  const offered = new Map([["?", dialog.querySelector("h2").textContent]]);
  for (const element of document.querySelectorAll("[data-key], [data-key-help]")) {
    offered.set(element.dataset.key ?? element.dataset.keyHelp, labelOf(element));
  }
  list.replaceChildren(...[...offered].flatMap(([keys, label]) => entry(keys, label)));
  dialog.showModal();
}

function labelOf(element) {
  return (
    element.dataset.keyLabel ||
    element.getAttribute("aria-label") ||
    element.labels?.[0]?.textContent.trim() ||
    // Without the count beside it.
    element.querySelector("span")?.textContent.trim() ||
    element.textContent.trim()
  );
}

function entry(keys, label) {
  const term = document.createElement("dt");
  for (const key of keys.split(" ")) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap, " ");
  }
  const text = document.createElement("dd");
  text.textContent = label;
  return [term, text];
}
