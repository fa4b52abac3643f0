// Forms: the cursor waits in the first wrong field, or in the first field of a page that is a form;
// a password can be looked at while it is typed.
const TYPED = ["text", "email", "password", "number", "search", "tel", "url"];

export function startFields() {
  for (const input of document.querySelectorAll('form.form input[type="password"]')) addReveal(input);
  if (document.activeElement === document.body && !location.hash) focusFirst();
}

function focusFirst() {
  const wrong = document.querySelector("form.form .field--invalid :is(input, select, textarea):not([type=hidden])");
  // A phone's keyboard would cover the page before it was read.
  const page = matchMedia("(hover: hover)").matches ? document.querySelector(".page--narrow, .entrance, [data-first-field]") : null;
  // A choice that is made already, such as "Money out", is passed over.
  const first = wrong ?? page?.querySelector("form.form .field :is(input, select, textarea):not([type=hidden], [type=radio])");
  if (wrong || TYPED.includes(first?.type)) first.focus();
}

function addReveal(input) {
  const group = document.createElement("span");
  group.className = "input-group reveal";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet button--small reveal__button";
  button.textContent = "Show";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", "Show what you type");
  button.addEventListener("click", () => {
    const isShown = input.type === "password";
    input.type = isShown ? "text" : "password";
    button.setAttribute("aria-pressed", String(isShown));
    button.textContent = isShown ? "Hide" : "Show";
    input.focus();
  });
  // What is submitted is hidden again, so that no browser keeps it among ordinary texts.
  input.form.addEventListener("submit", () => (input.type = "password"));
  input.before(group);
  group.append(input, button);
}
