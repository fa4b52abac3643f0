// How htmx works here, and a message when a request fails.
import { complain } from "./toasts.js";

// Set before the page is ready, when htmx begins.
Object.assign(window.htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

const SENTENCES = {
  401: "You've been signed out. Nothing was changed. Reload the page to sign in again.",
  403: "You don't have access to this.",
  404: "This no longer exists.",
  413: "That's too large.",
  429: "Too many attempts. Wait a moment and try again.",
};

export function startHtmx() {
  // data-quiet: automatic requests that fail silently.
  const isQuiet = (event) => event.target.closest?.("[data-quiet]");
  document.addEventListener("htmx:responseError", (event) => {
    if (isQuiet(event)) return;
    const { status } = event.detail.xhr;
    complain(SENTENCES[status] ?? "That didn't work. Nothing was changed.");
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!isQuiet(event)) complain("We can't reach the server.");
  });
  // data-submit-on-change: a filter form submits on change; its button is for use without JavaScript.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form?.hasAttribute("data-submit-on-change")) form.requestSubmit();
  });
}
