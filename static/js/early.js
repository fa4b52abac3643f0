// Runs before the first paint: what would flash if it came later.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    if (localStorage.getItem("privacy") === "on") root.dataset.privacy = "on";
  } catch {
    // No storage in this browser: the page works without.
  }
})();
