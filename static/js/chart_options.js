// Chart.js configuration for each kind of chart, from a table's data and the tokens' colors.

const calm = matchMedia("(prefers-reduced-motion: reduce)");
export const paper = matchMedia("print");

export function drawOptions(figure, data, color) {
  const kind = figure.dataset.chart;
  const format = formatter(figure.dataset.currency);
  const isRound = kind === "doughnut";
  return {
    type: isRound ? "doughnut" : kind === "bar" || kind === "stacked" ? "bar" : "line",
    data: {
      labels: data.labels,
      datasets: isRound ? [ring(data, color)] : data.series.map((series, at) => dataset(series, at, kind, color)),
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: calm.matches || paper.matches ? false : { duration: 350 },
      interaction: isRound ? { mode: "nearest" } : { mode: "index", intersect: false },
      indexAxis: figure.dataset.direction === "horizontal" ? "y" : "x",
      cutout: "68%",
      layout: { padding: isRound ? 4 : 0 },
      scales: isRound ? {} : axes(figure, kind, format.short, color),
      plugins: { legend: legend(figure, data, isRound, color), tooltip: tooltip(data, isRound, format.full, color) },
      onHover: (event, hits) => {
        event.native.target.style.cursor = linkOf(data, hits, isRound) ? "pointer" : "default";
      },
      onClick: (event, hits, chart) => {
        const exact = isRound ? hits : chart.getElementsAtEventForMode(event, "nearest", { intersect: true }, false);
        const link = linkOf(data, exact.length ? exact : hits, isRound);
        if (link) window.location.assign(link);
      },
    },
  };
}

function linkOf(data, hits, isRound) {
  const hit = hits[0];
  return hit && data.series[isRound ? 0 : hit.datasetIndex]?.links[hit.index];
}

function formatter(currency) {
  const locale = document.documentElement.dataset.region || "en-US";
  const digits = (options) => {
    const { format } = new Intl.NumberFormat(locale, options);
    return (value) => format(value).replace("-", "\u2212");
  };
  // Rates differ in their last digits.
  if (!currency) return { full: digits({ maximumSignificantDigits: 8 }), short: digits({ maximumSignificantDigits: 5 }) };
  const style = { style: "currency", currency };
  return {
    full: digits(style),
    short: digits({ ...style, notation: "compact", minimumFractionDigits: 0, maximumFractionDigits: 1 }),
  };
}

function ring(data, color) {
  return {
    data: data.series[0].values,
    backgroundColor: data.labels.map((_, at) => color(data.rowColors[at], `chart-${(at % 8) + 1}`)),
    hoverBackgroundColor: data.labels.map((_, at) =>
      translucent(color(data.rowColors[at], `chart-${(at % 8) + 1}`), 0.8),
    ),
    borderColor: color("surface"),
    hoverBorderColor: color("surface"),
    borderWidth: 2,
    borderRadius: 3,
    hoverOffset: 4,
  };
}

function dataset(series, at, kind, color) {
  const tone = color(series.color, `chart-${(at % 8) + 1}`);
  if (kind === "bar" || (kind === "stacked" && series.kind !== "line")) {
    const corner = kind === "stacked" ? 2 : 4;
    return {
      label: series.label,
      data: series.values,
      type: series.kind === "line" ? "line" : "bar",
      backgroundColor: tone,
      hoverBackgroundColor: translucent(tone, 0.8),
      borderColor: tone,
      borderRadius: corner,
      borderSkipped: kind === "stacked" ? false : "start",
      maxBarThickness: 28,
      categoryPercentage: 0.7,
      barPercentage: 0.86,
      ...(series.kind === "line" ? lineLook(tone) : {}),
    };
  }
  const look = { label: series.label, data: series.values, type: "line", ...lineLook(tone) };
  // A balance by day holds until it changes.
  if (kind === "area" || kind === "steps") look.stepped = "before";
  if (kind === "area") look.fill = { target: "origin" };
  if (kind === "area") look.backgroundColor = (context) => fade(context.chart, tone);
  if (series.kind === "dashed") look.borderDash = [5, 4];
  // A band lies between its "edge" and the "band" column after it.
  if (series.kind === "edge" || series.kind === "band") {
    Object.assign(look, { borderColor: translucent(tone, 0.4), borderWidth: 1, backgroundColor: translucent(tone, 0.2) });
  }
  if (series.kind === "band") look.fill = "-1";
  return look;
}

function lineLook(tone) {
  return {
    borderColor: tone,
    backgroundColor: tone,
    borderWidth: 2,
    tension: 0,
    pointRadius: 0,
    pointHoverRadius: 4,
    pointHitRadius: 12,
    spanGaps: true,
  };
}

// "rgb(1, 2, 3)" with an opacity.
function translucent(tone, opacity) {
  return tone.replace(")", ` / ${opacity})`).replaceAll(",", "");
}

function fade(chart, tone) {
  const { ctx, chartArea } = chart;
  if (!chartArea) return "transparent";
  const shade = ctx.createLinearGradient(0, chartArea.top, 0, chartArea.bottom);
  shade.addColorStop(0, translucent(tone, 0.22));
  shade.addColorStop(1, translucent(tone, 0));
  return shade;
}

function font() {
  return { family: getComputedStyle(document.body).fontFamily, size: 12 };
}

function axes(figure, kind, short, color) {
  const isHorizontal = figure.dataset.direction === "horizontal";
  const values = {
    stacked: kind === "stacked",
    border: { display: false },
    grid: { color: color("chart-grid"), drawTicks: false },
    ticks: { color: color("ink-3"), font: font(), padding: 8, maxTicksLimit: 7, callback: short },
    beginAtZero: figure.dataset.zero !== "no",
  };
  const labels = {
    stacked: kind === "stacked",
    border: { display: false },
    grid: { display: false },
    // A horizontal bar has room for its name.
    ticks: { color: color("ink-3"), font: font(), padding: 6, maxRotation: 0, autoSkip: !isHorizontal, autoSkipPadding: 14 },
  };
  return isHorizontal ? { x: values, y: labels } : { x: labels, y: values };
}

function legend(figure, data, isRound, color) {
  const isWanted = figure.dataset.legend !== "no" && (isRound ? false : data.series.length > 1);
  return {
    display: isWanted,
    position: "top",
    align: "end",
    labels: {
      color: color("ink-2"),
      font: font(),
      boxWidth: 8,
      boxHeight: 8,
      padding: 14,
      usePointStyle: true,
      pointStyle: "rectRounded",
      generateLabels: (chart) =>
        window.Chart.defaults.plugins.legend.labels.generateLabels(chart).map((entry) => ({ ...entry, lineWidth: 0 })),
    },
  };
}

function tooltip(data, isRound, full, color) {
  return {
    backgroundColor: color("raised"),
    borderColor: color("line-strong"),
    borderWidth: 1,
    titleColor: color("ink"),
    bodyColor: color("ink-2"),
    titleFont: { ...font(), weight: 600 },
    bodyFont: font(),
    padding: 10,
    cornerRadius: 9,
    boxPadding: 5,
    boxWidth: 8,
    boxHeight: 8,
    usePointStyle: true,
    callbacks: {
      label: ({ datasetIndex, dataIndex, raw }) => {
        const series = data.series[isRound ? 0 : datasetIndex];
        const value = series.texts[dataIndex] || full(raw);
        return ` ${isRound ? data.labels[dataIndex] : series.label}  ${value}`;
      },
    },
  };
}
