// Runs before the first paint: the theme must not flash, and what travels from one page to the next
// is named before the browser takes its pictures.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    if (localStorage.getItem("privacy") === "on") root.dataset.privacy = "on";
  } catch {
    // No storage in this browser: the page works without it.
  }
  addEventListener("pageswap", (event) => travel(event, event.activation?.entry.url));
  addEventListener("pagereveal", (event) => travel(event, globalThis.navigation?.activation?.from?.url));

  // On a list, the title of the row that leads to the other page; on that page, its heading.
  function travel({ viewTransition }, address) {
    if (!viewTransition || !address) return;
    const { pathname } = new URL(address);
    const titles = ".cover-link, .rows--links a, .accounts-card li a, .table--lines [data-cell=title] > a";
    const rows = document.querySelectorAll(`main :is(${titles})`);
    const row = [...rows].find((link) => link.pathname === pathname);
    const heading = document.querySelector(".breadcrumbs") && document.querySelector("main h1");
    const traveler = row ?? heading;
    if (!traveler) return;
    traveler.dataset.travels = "";
    const rest = () => delete traveler.dataset.travels;
    // A slow page is shown without the transition, which is then aborted.
    viewTransition.finished.then(rest, rest);
  }
})();
