// Messages disappear automatically, except errors; they stay while hovered or focused.
const PLAIN_MS = 8_000;
const UNDO_MS = 20_000;

export function startToasts() {
  for (const toast of document.querySelectorAll("[data-toast]")) arm(toast);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) leave(event.target.closest("[data-toast]"));
  });
  const region = document.getElementById("toasts");
  if (!region) return;
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.matches?.("[data-toast]")) arm(node);
    }
  }).observe(region, { childList: true });
}

// complain("We can't reach the server."): shows a message from the page itself, once.
export function complain(text) {
  const region = document.getElementById("toasts");
  if ([...region.querySelectorAll(".toast__text")].some((line) => line.textContent === text)) return;
  const toast = document.getElementById("toast-error").content.cloneNode(true);
  toast.querySelector(".toast__text").textContent = text;
  region.append(toast);
}

function arm(toast) {
  if (toast.classList.contains("toast--error")) return;
  const wait = toast.hasAttribute("data-toast-undo") ? UNDO_MS : PLAIN_MS;
  let timer = setTimeout(() => leave(toast), wait);
  const hold = () => clearTimeout(timer);
  const resume = () => {
    clearTimeout(timer);
    timer = setTimeout(() => leave(toast), wait / 2);
  };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("pointerleave", resume);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("focusout", resume);
}

function leave(toast) {
  toast.classList.add("is-leaving");
  setTimeout(() => toast.remove(), 240);
}
