// Theme, privacy blur, and collapsed sidebar groups.
import { recall, remember } from "./storage.js";

const root = document.documentElement;

export function startPreferences() {
  showPrivacy(root.dataset.privacy === "on");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-privacy-toggle]")) togglePrivacy();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-theme-form]")) chooseTheme(event);
  });
  for (const group of document.querySelectorAll("[data-nav-group]")) keepOpenState(group);
}

function togglePrivacy() {
  const isOn = root.dataset.privacy !== "on";
  root.dataset.privacy = isOn ? "on" : "off";
  remember("privacy", isOn ? "on" : null);
  showPrivacy(isOn);
}

function showPrivacy(isOn) {
  for (const button of document.querySelectorAll("[data-privacy-toggle]")) {
    button.setAttribute("aria-pressed", String(isOn));
  }
}

// Update the page immediately, then tell the server.
function chooseTheme(event) {
  const theme = event.submitter?.value;
  if (!theme) return;
  event.preventDefault();
  const form = event.target;
  root.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-form] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
  document.dispatchEvent(new CustomEvent("themechange"));
  if (form.hasAttribute("data-local")) return;
  const body = new FormData(form, event.submitter);
  fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
}

function keepOpenState(group) {
  const name = `nav:${group.dataset.navGroup}`;
  const holdsCurrent = group.querySelector("[aria-current]");
  if (recall(name) === "closed" && !holdsCurrent) group.open = false;
  group.addEventListener("toggle", () => remember(name, group.open ? null : "closed"));
}
