// Runs before the first paint, to avoid a flash of the wrong theme.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    if (localStorage.getItem("privacy") === "on") root.dataset.privacy = "on";
  } catch {
    // No storage in this browser: the page works without it.
  }
})();
