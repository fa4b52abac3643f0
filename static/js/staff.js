// The staff site's own script: boxes for customers, accounts and categories suggest while somebody types. Without it their forms
// ask for the page of results.
const WAIT_MILLISECONDS = 150;
const LEAST_CHARACTERS = 1;

class CustomerBox {
  constructor(box) {
    this.box = box;
    this.input = box.querySelector("input[role=combobox]");
    this.list = box.querySelector("[role=listbox]");
    this.input.addEventListener("input", () => this.askSoon());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), WAIT_MILLISECONDS));
    // Before the blur, which would close the list.
    this.list.addEventListener("mousedown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) {
        event.preventDefault();
        this.pick(option);
      }
    });
  }

  get options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  get active() {
    return this.list.querySelector("[aria-selected=true]");
  }

  askSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MILLISECONDS);
  }

  async ask() {
    this.pending?.abort();
    const text = this.input.value.trim();
    if (text.length < LEAST_CHARACTERS) {
      this.close();
      return;
    }
    this.pending = new AbortController();
    try {
      const address = new URL(this.box.dataset.suggest, window.location);
      address.searchParams.set("q", text);
      const answer = await fetch(address, {
        headers: { "X-Suggest": "1" },
        signal: this.pending.signal,
      });
      if (answer.ok) {
        this.show(await answer.text());
      } else {
        this.close();
      }
    } catch (problem) {
      if (problem.name !== "AbortError") {
        this.close();
      }
    }
  }

  show(options) {
    this.list.innerHTML = options;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(this.options[0]);
  }

  close() {
    this.list.hidden = true;
    this.list.replaceChildren();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  mark(option) {
    this.active?.setAttribute("aria-selected", "false");
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    }
  }

  move(step) {
    const options = this.options;
    const at = options.indexOf(this.active);
    this.mark(options[(at + step + options.length) % options.length]);
  }

  pick(option) {
    if (this.box.dataset.pick === "open") {
      window.location.assign(option.dataset.url);
      return;
    }
    this.input.value = option.dataset.value;
    this.close();
    this.input.form.requestSubmit();
  }

  onKey(event) {
    const isOpen = !this.list.hidden && this.options.length > 0;
    if (event.key === "ArrowDown" && !isOpen) {
      this.ask();
    } else if (event.key === "Escape" && !this.list.hidden) {
      this.close();
    } else if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (isOpen && event.key === "Enter" && this.active) {
      this.pick(this.active);
    } else {
      return;
    }
    event.preventDefault();
  }
}

function isTyping(element) {
  return element.matches("input, textarea, select, [contenteditable]");
}

for (const box of document.querySelectorAll("[data-suggest]")) {
  new CustomerBox(box);
}
// One filter is open at a time, until somebody clicks elsewhere or presses Escape.
function closeFilters(except) {
  for (const filter of document.querySelectorAll(".staff-filter[open]")) {
    if (filter !== except) {
      filter.open = false;
    }
  }
}
document.addEventListener("click", (event) => closeFilters(event.target.closest(".staff-filter")));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    closeFilters();
  }
});

// "/" leads to the search box, as on the customers' own pages.
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.querySelector("#customer-search")?.focus();
  }
});

// What a worker is doing: asked for again until it is done.
const POLL_MILLISECONDS = 2000;

async function poll(place) {
  try {
    const answer = await fetch(place.dataset.poll);
    if (answer.ok) {
      place.innerHTML = await answer.text();
    }
  } catch {
    // The next attempt may succeed.
  }
  if (place.querySelector("[data-going]")) {
    setTimeout(() => poll(place), POLL_MILLISECONDS);
  }
}

for (const place of document.querySelectorAll("[data-poll]")) {
  setTimeout(() => poll(place), POLL_MILLISECONDS);
}
