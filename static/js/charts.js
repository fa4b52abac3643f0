// <figure class="chart" data-chart="bar"> with a table inside: the table is the data, the drawing
// is made from it. Column headers are the series, row headers the labels; a cell's data-value is its
// number, its link (or the row's) the one to follow on a click; a header's data-color is a token
// name or a hex color, and without one the color of its icon. It is drawn when it is less than a
// screen away, so that a long page is there at once.
import { drawOptions, paper } from "./chart_options.js";

const drawn = new Map();
const near = new IntersectionObserver(drawNear, { rootMargin: "100% 0px" });
let library;

export function startCharts() {
  watchAll();
  document.addEventListener("htmx:afterSettle", watchAll);
  document.addEventListener("themechange", redrawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
  // Printed pages are light and have their own width.
  paper.addEventListener("change", drawOnPaper);
}

function watchAll() {
  for (const [figure, chart] of drawn) {
    if (figure.isConnected) continue;
    chart.destroy();
    drawn.delete(figure);
  }
  for (const figure of undrawn()) near.observe(figure);
}

function undrawn() {
  return [...document.querySelectorAll("figure.chart[data-chart]")].filter((figure) => !drawn.has(figure));
}

async function drawNear(entries) {
  const figures = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target);
  if (!figures.length) return;
  for (const figure of figures) near.unobserve(figure);
  await loadLibrary();
  for (const figure of figures) if (figure.isConnected && !drawn.has(figure)) draw(figure);
}

function drawOnPaper() {
  redrawAll();
  if (window.Chart) undrawn().forEach(draw);
}

function redrawAll() {
  const figures = [...drawn.keys()];
  for (const figure of figures) {
    drawn.get(figure).destroy();
    drawn.delete(figure);
    draw(figure);
  }
}

function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector("meta[name=chart-src]").content;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return library;
}

function draw(figure) {
  const data = readTable(figure.querySelector("table"));
  if (!data) return;
  const canvas = canvasOf(figure);
  const chart = new window.Chart(canvas, drawOptions(figure, data, tokenColor));
  drawn.set(figure, chart);
}

function canvasOf(figure) {
  let box = figure.querySelector(".chart__canvas");
  if (!box) {
    box = document.createElement("div");
    box.className = "chart__canvas";
    figure.querySelector(".chart__table, .table-wrap, table").before(box);
  }
  const canvas = document.createElement("canvas");
  // The table below has the same content as text.
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", figure.querySelector("figcaption, caption")?.textContent.trim() ?? "");
  box.replaceChildren(canvas);
  return canvas;
}

function readTable(table) {
  const rows = [...(table?.tBodies[0]?.rows ?? [])].filter((row) => !row.hasAttribute("data-no-chart"));
  if (!rows.length) return null;
  const heads = [...table.tHead.rows[0].cells].slice(1).filter((cell) => !cell.hasAttribute("data-no-chart"));
  const columns = heads.map((cell) => cell.cellIndex);
  return {
    labels: rows.map((row) => row.cells[0].dataset.label ?? row.cells[0].textContent.trim()),
    rowColors: rows.map(({ cells }) => cells[0].dataset.color ?? cells[0].querySelector("svg")?.getAttribute("color")),
    series: heads.map((head, position) => ({
      label: head.textContent.trim(),
      color: head.dataset.color,
      kind: head.dataset.kind,
      values: rows.map((row) => numberIn(row.cells[columns[position]])),
      texts: rows.map((row) => row.cells[columns[position]].textContent.trim()),
      links: rows.map((row) => linkIn(row.cells[columns[position]]) ?? linkIn(row.cells[0])),
    })),
  };
}

function numberIn(cell) {
  const text = cell.dataset.value ?? cell.querySelector("data")?.value;
  return text === undefined || text === "" ? null : Number(text);
}

function linkIn(cell) {
  return cell.dataset.href ?? cell.querySelector("a")?.getAttribute("href") ?? undefined;
}

// The "rgb(1, 2, 3)" of a token, or of a person's own color, which is lighter on dark pages. Canvas
// knows no custom properties, and Chart.js no oklch: one pixel of the color tells what it is.
const probe = document.createElement("i");
probe.hidden = true;
const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
function tokenColor(name, fallback) {
  if (!probe.isConnected) document.body.append(probe);
  const isOwn = name?.startsWith("#");
  probe.style.color = isOwn ? `light-dark(${name}, color-mix(in oklab, ${name} 72%, white))` : `var(--${name || fallback})`;
  pixel.fillStyle = getComputedStyle(probe).color;
  pixel.fillRect(0, 0, 1, 1);
  return `rgb(${pixel.getImageData(0, 0, 1, 1).data.slice(0, 3).join(", ")})`;
}
