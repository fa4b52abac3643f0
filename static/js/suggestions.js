// <input data-suggest="url">: offers names for what is typed; any other text stays as it is typed.
// With data-suggest-list the input holds several names, separated by commas.
import { PopupList } from "./popups.js";

const PAUSE_MS = 150;

export function startSuggestions() {
  if (!HTMLElement.prototype.showPopover) return;
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
}

function enhance(root) {
  for (const input of root.querySelectorAll("input[data-suggest]:not([role=combobox])")) new Suggestions(input);
}

class Suggestions {
  constructor(input) {
    this.input = input;
    this.list = new PopupList(input, { onChoose: (option) => this.#choose(option.label) });
    input.after(this.list.element);
    input.addEventListener("input", () => this.#ask());
    input.addEventListener("blur", () => this.#close());
    input.addEventListener("keydown", (event) => this.#onKey(event));
  }

  // The names before the one being typed, and that one.
  get #parts() {
    if (!this.input.hasAttribute("data-suggest-list")) return ["", this.input.value];
    const at = this.input.value.lastIndexOf(",") + 1;
    return [this.input.value.slice(0, at), this.input.value.slice(at)];
  }

  #ask() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const words = this.#parts[1].trim();
    if (words.length < 2) return this.#close();
    this.timer = setTimeout(() => this.#fetch(words), PAUSE_MS);
  }

  async #fetch(words) {
    this.asking = new AbortController();
    try {
      const url = `${this.input.dataset.suggest}?${new URLSearchParams({ q: words })}`;
      const answer = await fetch(url, { signal: this.asking.signal, headers: { Accept: "application/json" } });
      if (answer.ok) this.#show((await answer.json()).names);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  #show(names) {
    const offered = names.filter((name) => name !== this.#parts[1].trim());
    if (!offered.length || document.activeElement !== this.input) return this.#close();
    // None is active: Enter sends what was typed, until an arrow chooses.
    this.list.show(offered.map((label) => ({ label, note: "" })), { at: -1 });
    this.list.open();
    this.list.place();
  }

  #choose(name) {
    const [before] = this.#parts;
    this.input.value = before ? `${before} ${name}` : name;
    this.#close();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    clearTimeout(this.timer);
  }

  #close() {
    clearTimeout(this.timer);
    this.list.close();
  }

  #onKey(event) {
    const { list } = this;
    if (!list.isOpen || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      event.stopPropagation();
      if (list.at < 0) list.activate(event.key === "ArrowDown" ? 0 : list.shown.length - 1);
      else list.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && list.active) {
      event.preventDefault();
      event.stopPropagation();
      this.#choose(list.active.label);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    }
  }
}
