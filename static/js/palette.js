// The command palette: Ctrl+K, or "/" where the page has no search of its own. It offers the pages of
// the sidebar and the actions of this page, and what the server finds for the words.
import { isOn } from "./keyboard.js";
import { OptionList, search } from "./options.js";

const PAUSE_MS = 120;

export function startPalette() {
  const dialog = document.querySelector("dialog[data-palette]");
  if (!dialog) return;
  const palette = new Palette(dialog);
  document.addEventListener("keydown", (event) => {
    const isShortcut = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
    if (isShortcut || isSlash(event)) {
      event.preventDefault();
      palette.open();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette-open]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    palette.open();
  });
}

function isSlash(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !isOn()) return false;
  if (event.target.closest("input, select, textarea, [contenteditable]") || document.querySelector("dialog[open]")) return false;
  return !document.querySelector('[data-key="/"]');
}

class Palette {
  constructor(dialog) {
    this.dialog = dialog;
    this.input = dialog.querySelector("input");
    this.list = new OptionList(this.input, { onChoose: (option) => this.#follow(option) });
    dialog.querySelector("[data-palette-results]").append(this.list.element);
    this.input.addEventListener("input", () => this.#ask());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    this.input.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.list.active) this.#follow(this.list.active);
    });
  }

  open() {
    if (this.dialog.open) return;
    document.querySelector("#sidebar:popover-open")?.hidePopover();
    this.places = pagesAndActions();
    this.input.value = "";
    this.#show([]);
    this.dialog.showModal();
    this.input.focus();
  }

  #ask() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const words = this.input.value.trim();
    this.#show([]);
    if (!words) return;
    this.timer = setTimeout(() => this.#fetch(words), PAUSE_MS);
  }

  async #fetch(words) {
    this.asking = new AbortController();
    try {
      const url = `${this.dialog.dataset.palette}?${new URLSearchParams({ q: words })}`;
      const answer = await fetch(url, { signal: this.asking.signal, headers: { Accept: "application/json" } });
      if (answer.ok) this.#show((await answer.json()).results);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  // An answer and what can be done come first, then places, then what was found.
  #show(results) {
    const words = this.input.value.trim();
    const places = search(this.places, words).slice(0, words ? 6 : 100);
    const first = results.filter((result) => ["Answer", "Actions"].includes(result.group));
    const rest = results.filter((result) => !first.includes(result));
    this.list.show([...first.map(asAnswer), ...places, ...rest], { isGrouped: true });
    this.input.setAttribute("aria-expanded", String(this.list.shown.length > 0));
  }

  #follow({ url, element }) {
    if (element) {
      this.dialog.close();
      element.click();
    } else if (url) {
      location.assign(url);
    }
  }

  #onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    this.list.move(event.key === "ArrowDown" ? 1 : -1);
  }
}

// An answer is a figure with its lines; a refusal is a sentence and leads nowhere.
function asAnswer(result) {
  return result.group === "Answer" ? { ...result, kind: result.url ? "figure" : "words" } : result;
}

// What the page's header offers, except its period: that is chosen where it is shown.
function pagesAndActions() {
  const found = [];
  for (const element of document.querySelectorAll(".page-header__actions :is(a, button)")) {
    const label = (element.getAttribute("aria-label") || element.textContent).trim();
    if (!label || element.disabled || element.closest(".period")) continue;
    found.push({ label, note: "", group: "On this page", element, icon: element.querySelector("svg") });
  }
  for (const link of document.querySelectorAll("#sidebar .nav-list > a")) {
    const label = link.querySelector("span")?.textContent.trim() || link.textContent.trim();
    found.push({ label, note: "", group: "Go to", url: link.href, icon: link.querySelector("svg") });
  }
  return found;
}
