// The cards of the home page: drag them, or move the focused card with Alt and the arrow keys. Every
// move is saved at once; without this script, the buttons do the same.
const root = document.querySelector("[data-arrange]");
const lists = () => [...root.querySelectorAll("[data-arrange-list]")];
const cards = (list) => [...list.querySelectorAll("[data-card]")];
let dragged = null;

function enable() {
  for (const card of cards(root)) {
    card.draggable = true;
    card.tabIndex = 0;
  }
}

function tell(name) {
  const card = root.querySelector(`[data-card="${name}"]`);
  const list = card.closest("[data-arrange-list]");
  const title = document.getElementById(`place-${list.dataset.arrangeList}`).textContent.trim();
  const place = `${cards(list).indexOf(card) + 1} / ${cards(list).length}`;
  document.querySelector("[data-arrange-status]").textContent = `${card.dataset.title}: ${title}, ${place}`;
  return card;
}

// The answer is the lists anew, so that each card has the buttons of its place.
async function save(name, keepsFocus) {
  const values = {};
  for (const list of lists()) {
    values[list.dataset.arrangeList] = cards(list).map((card) => card.dataset.card).join(" ");
  }
  await htmx.ajax("POST", root.dataset.arrange, { values, target: root, swap: "innerHTML" });
  enable();
  const card = tell(name);
  if (keepsFocus) card.focus();
}

function cardBelow(list, y) {
  return cards(list).find((card) => {
    const box = card.getBoundingClientRect();
    return card !== dragged && y < box.top + box.height / 2;
  });
}

function moveByKey(card, key) {
  const list = card.closest("[data-arrange-list]");
  const beside = lists()[lists().indexOf(list) + (key === "ArrowRight" ? 1 : -1)];
  if (key === "ArrowUp") card.previousElementSibling?.before(card);
  else if (key === "ArrowDown") card.nextElementSibling?.after(card);
  else beside?.append(card);
  save(card.dataset.card, true);
}

function start() {
  enable();
  root.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-card]");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.card);
    dragged.classList.add("arrange__card--dragged");
  });
  root.addEventListener("dragover", (event) => {
    const list = event.target.closest("[data-arrange-list]");
    if (!dragged || !list) return;
    event.preventDefault();
    const below = cardBelow(list, event.clientY);
    if (below) below.before(dragged);
    else list.append(dragged);
  });
  root.addEventListener("drop", (event) => event.preventDefault());
  root.addEventListener("dragend", () => {
    if (dragged) save(dragged.dataset.card, false);
    dragged = null;
  });
  root.addEventListener("keydown", (event) => {
    const isMove = event.altKey && event.key.startsWith("Arrow");
    if (!isMove || !event.target.matches("[data-card]")) return;
    event.preventDefault();
    moveByKey(event.target, event.key);
  });
}

if (root) start();
