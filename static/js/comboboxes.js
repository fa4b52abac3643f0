// A <select data-combobox>, or one with many options, becomes a text box with a list: type any part,
// arrows move, Enter chooses, Escape leaves everything as it was. The hidden select keeps the value.
import { search } from "./options.js";
import { PopupList } from "./popups.js";

const MANY = 30;

export function startComboboxes() {
  if (!HTMLElement.prototype.showPopover) return;
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
}

function enhance(root) {
  for (const select of root.querySelectorAll("select:not([multiple], [data-plain], .combobox > select)")) {
    if (select.hasAttribute("data-combobox") || select.options.length > MANY) new Combobox(select);
  }
}

class Combobox {
  constructor(select) {
    this.select = select;
    // In a row of a list a choice is saved at once.
    this.savesAtOnce = Boolean(select.form?.hasAttribute("hx-trigger"));
    this.input = this.#box();
    this.list = new PopupList(this.input, {
      onChoose: (option) => this.choose(option),
    });
    const whole = document.createElement("span");
    whole.className = "combobox";
    select.before(whole);
    for (const label of [...select.labels]) label.htmlFor = this.input.id;
    whole.append(this.input, select, this.list.element);
    select.hidden = true;
    this.show();
    this.#listen();
  }

  #box() {
    const { select } = this;
    const input = document.createElement("input");
    input.type = "text";
    input.id = `${select.id || select.name}_box`;
    input.required = select.required;
    select.required = false;
    input.disabled = select.disabled;
    input.autofocus = select.autofocus;
    for (const name of ["form", "aria-label", "aria-describedby", "aria-invalid", "data-key", "data-key-label"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    select.removeAttribute("data-key");
    const empty = [...select.options].find((option) => !option.value);
    if (empty) input.placeholder = empty.textContent.trim();
    return input;
  }

  #listen() {
    const { input, list, select } = this;
    input.addEventListener("focus", () => {
      input.select();
      // The beginning of a long name stays in sight.
      requestAnimationFrame(() => (input.scrollLeft = 0));
      if (this.savesAtOnce) this.open();
    });
    input.addEventListener("click", () => this.open());
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      this.find();
    });
    // What is typed is no choice yet.
    input.addEventListener("change", (event) => event.stopPropagation());
    input.addEventListener("blur", () => {
      list.close();
      this.show();
    });
    input.addEventListener("keydown", (event) => this.#onKey(event));
    select.addEventListener("change", () => this.show());
    select.form?.addEventListener("reset", () => setTimeout(() => this.show()));
  }

  get options() {
    const found = [];
    const likely = [];
    for (const option of this.select.options) {
      const group = option.parentElement.matches("optgroup") ? option.parentElement.label : "";
      const { color, icon } = option.dataset;
      const one = { label: option.textContent.trim(), value: option.value, group, color, icon: icon && disc(icon, color) };
      found.push(one);
      if (option.dataset.likely) likely[Number(option.dataset.likely)] = { ...one, group: this.select.dataset.likely };
    }
    return { found, likely: likely.filter(Boolean) };
  }

  open() {
    if (this.list.isOpen || this.input.disabled) return;
    const { found, likely } = this.options;
    const all = [...likely, ...found];
    const chosen = this.select.value && all.findIndex((option) => option.value === this.select.value);
    const at = Math.max(chosen, 0);
    this.list.show(all, { isGrouped: true, at });
    this.list.open();
    this.list.activate(at);
  }

  find() {
    const typed = this.input.value.trim();
    if (!typed) {
      this.list.close();
      return this.open();
    }
    this.list.show(search(this.options.found, typed), { none: `Nothing matches “${typed}”.` });
    this.list.open();
    this.list.place();
  }

  choose(option) {
    this.select.value = option.value;
    this.list.close();
    this.show();
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  show() {
    const chosen = this.select.selectedOptions[0];
    this.input.value = chosen?.value ? chosen.textContent.trim() : "";
  }

  #onKey(event) {
    if (event.isComposing) return;
    const { list } = this;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      event.stopPropagation();
      if (!list.isOpen) this.open();
      else list.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && list.isOpen && list.active) {
      event.preventDefault();
      this.choose(list.active);
    } else if (event.key === "Enter" && this.input.value.trim() && !list.active && !this.#isShowing()) {
      // Nothing matches what was typed: sending the form would send something else.
      event.preventDefault();
      this.input.select();
    } else if (event.key === "Tab" && list.isOpen && list.active && !this.savesAtOnce && !this.#isShowing() && this.input.value.trim()) {
      this.choose(list.active);
    } else if (event.key === "Escape" && list.isOpen && !this.savesAtOnce) {
      event.preventDefault();
      event.stopPropagation();
      list.close();
      this.show();
    }
  }

  #isShowing() {
    const chosen = this.select.selectedOptions[0];
    return this.input.value === (chosen?.value ? chosen.textContent.trim() : "");
  }
}

// A category's icon in a circle of its color, as {% category_icon %} draws it.
function disc(name, color) {
  const file = document.querySelector('use[href*="icons"]')?.getAttribute("href").split("#")[0];
  if (!file) return undefined;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "disc disc--small");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("color", color);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${file}#${name}`);
  svg.append(use);
  return svg;
}
