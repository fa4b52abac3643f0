// A list of options under a text box: arrows move, Enter chooses, the box keeps the focus.
// An option is {label, note, group, color, icon, value, kind}; `search` is what a person may type for it,
// `icon` an <svg>, and `kind` a look: "figure" or "words".
const MOST_SHOWN = 200;
let lists = 0;

export function fold(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// The options that have every typed word, best first: names that begin with it, then words that do.
export function search(options, typed) {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (!words.length) return options;
  const ranked = [];
  for (const option of options) {
    const place = rank(option, words);
    if (place < Infinity) ranked.push([place, option]);
  }
  return ranked.sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
}

// How well the worst word fits: 0 begins the name, 1 begins a word of it, 2 is inside one, 3 is only in
// the group or in `search`, Infinity is nowhere.
function rank({ label, group = "", search: other = "" }, words) {
  const name = fold(label);
  const around = fold(`${group} ${other}`);
  let worst = 0;
  for (const word of words) {
    const at = name.indexOf(word);
    if (at === 0) continue;
    else if (at > 0) worst = Math.max(worst, /[\p{L}\p{N}]/u.test(name[at - 1]) ? 2 : 1);
    else if (around.includes(word)) worst = Math.max(worst, 3);
    else return Infinity;
  }
  return worst;
}

export class OptionList {
  constructor(input, { onChoose }) {
    this.input = input;
    this.onChoose = onChoose;
    this.id = `options-${++lists}`;
    this.shown = [];
    this.at = -1;
    this.element = document.createElement("div");
    this.element.className = "options";
    this.element.id = this.id;
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-label", "Choices");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.id);
    input.setAttribute("aria-expanded", "false");
    input.autocomplete = "off";
    input.spellcheck = false;
    // The box keeps the focus while the list is clicked.
    this.element.addEventListener("pointerdown", (event) => event.preventDefault());
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
    this.element.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]:not([aria-disabled])");
      if (option) onChoose(this.shown[Number(option.dataset.at)]);
    });
  }

  get active() {
    return this.shown[this.at];
  }

  // Headings stand above each run of options of one group, unless the person is searching.
  // `none` is said where there is nothing to choose.
  show(options, { isGrouped = false, at = 0, none = "" } = {}) {
    this.shown = options.slice(0, MOST_SHOWN);
    const nodes = [];
    let place = this.element;
    let group;
    this.element.replaceChildren();
    for (const [index, option] of this.shown.entries()) {
      if (isGrouped && option.group !== group) {
        group = option.group;
        place = group ? this.#group(group) : this.element;
      }
      const node = this.#option(option, index, !isGrouped);
      place.append(node);
      nodes.push(node);
    }
    this.nodes = nodes;
    this.activate(this.shown.length ? at : -1);
    if (!this.shown.length && none) this.#say(none);
  }

  // A disabled option, because a listbox may hold nothing else, and so that screen readers read it.
  #say(words) {
    const node = document.createElement("div");
    node.className = "options__none";
    node.id = `${this.id}-none`;
    node.setAttribute("role", "option");
    node.setAttribute("aria-disabled", "true");
    node.textContent = words;
    this.element.append(node);
    this.input.setAttribute("aria-activedescendant", node.id);
  }

  #group(name) {
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", name);
    const heading = document.createElement("div");
    heading.className = "options__group";
    heading.setAttribute("aria-hidden", "true");
    heading.textContent = name;
    group.append(heading);
    this.element.append(group);
    return group;
  }

  #option(option, index, withGroup) {
    const node = document.createElement("div");
    node.className = "options__one";
    node.id = `${this.id}-${index}`;
    node.setAttribute("role", "option");
    node.setAttribute("aria-selected", "false");
    node.dataset.at = index;
    if (option.kind) node.classList.add(`options__one--${option.kind}`);
    if (option.icon) node.append(option.icon.cloneNode(true));
    else if (option.color) node.append(dot(option.color));
    const label = document.createElement("span");
    label.className = "options__label";
    label.textContent = option.label;
    node.append(label);
    const words = option.note ?? (withGroup && option.group !== option.label ? option.group : "");
    if (words) {
      const note = document.createElement("span");
      note.className = "options__note";
      note.textContent = words;
      node.append(note);
    }
    return node;
  }

  move(step) {
    const count = this.shown.length;
    if (count) this.activate((this.at + step + count) % count);
  }

  activate(at) {
    this.nodes?.[this.at]?.setAttribute("aria-selected", "false");
    this.at = at;
    const node = this.nodes?.[at];
    if (!node) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    node.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", node.id);
    if (this.element.checkVisibility?.() ?? true) node.scrollIntoView({ block: "nearest" });
  }
}

function dot(color) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "category__dot");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("color", color);
  return svg;
}
