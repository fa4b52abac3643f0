// What htmx cannot say itself: a request that failed is told in words.
import { complain } from "./toasts.js";

const SENTENCES = {
  401: "You are signed out, and nothing was changed. Reload the page to sign in again.",
  403: "You may not do that.",
  404: "That is not here any more.",
  413: "That is too large.",
  429: "That was too often. Wait a moment and try again.",
};

export function startHtmx() {
  // data-quiet: what asks by itself and says nothing when nobody answers.
  const isQuiet = (event) => event.target.closest?.("[data-quiet]");
  document.addEventListener("htmx:responseError", (event) => {
    if (isQuiet(event)) return;
    const { status } = event.detail.xhr;
    complain(SENTENCES[status] ?? "That did not work. Nothing was changed.");
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!isQuiet(event)) complain("The server cannot be reached.");
  });
  // data-submit-on-change: a filter form answers at once; its button remains for those without script.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.hasAttribute("data-submit-on-change")) form.requestSubmit();
  });
}
