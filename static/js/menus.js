// <details class="menu">: closes on Escape, on a click elsewhere and when focus leaves; arrows move.
export function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  // A toggle does not bubble.
  document.addEventListener("toggle", (event) => keepInView(event.target), true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]") ?? openMenus()[0];
    if (!menu) return;
    if (event.key === "Escape") close(menu);
    else if (event.key === "ArrowDown") move(event, menu, 1);
    else if (event.key === "ArrowUp") move(event, menu, -1);
  });
}

// A panel that would cross an edge of the window opens towards the other side.
function keepInView(menu) {
  if (!menu.open || !menu.matches("details.menu")) return;
  const { left, right } = menu.querySelector(".menu__panel").getBoundingClientRect();
  const air = 8;
  if (left < air) menu.classList.remove("menu--end");
  else if (right > document.documentElement.clientWidth - air) menu.classList.add("menu--end");
}

function openMenus() {
  return [...document.querySelectorAll("details.menu[open]")];
}

function close(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
}

function move(event, menu, step) {
  if (event.target.matches("input, select, textarea") || !menu.contains(event.target)) return;
  const items = [...menu.querySelectorAll(".menu__panel :is(a, button)")].filter((item) => item.offsetParent);
  if (!items.length) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length].focus();
}

// On a narrow screen the current tab may lie outside the strip.
export function showCurrentTabs() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const strip = tab.closest(".tabs");
    strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
  }
}
