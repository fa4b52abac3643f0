// .dropzone: shows the chosen file's name and that a file is held over it. The file input beneath
// works with or without this script.
export function startFiles() {
  startDropAnywhere();
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.(".dropzone");
      zone?.classList.toggle("is-over", kind === "dragover");
    });
  }
  document.addEventListener("change", (event) => {
    const zone = event.target.matches?.("input[type=file]") && event.target.closest(".dropzone");
    const title = zone && zone.querySelector(".dropzone__title");
    const file = event.target.files?.[0];
    if (title && file) title.textContent = `${file.name} · ${readableSize(file.size)}`;
  });
}

// data-drop-import: a file dropped anywhere on the page opens this dialog, which holds its form.
function startDropAnywhere() {
  const dialog = document.querySelector("dialog[data-drop-import]");
  const field = dialog?.querySelector("input[type=file]");
  if (!field) return;
  const root = document.documentElement;
  const hasFile = (event) => event.dataTransfer?.types.includes("Files") && !event.target.closest?.(".dropzone");
  document.addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    root.classList.add("is-dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) root.classList.remove("is-dropping");
  });
  document.addEventListener("drop", (event) => {
    root.classList.remove("is-dropping");
    if (!hasFile(event) || !event.dataTransfer.files.length) return;
    event.preventDefault();
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    if (!dialog.open) dialog.showModal();
  });
}

function readableSize(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const format = new Intl.NumberFormat(document.documentElement.dataset.region || "en-US", {
    style: "unit",
    unit: units[power],
    unitDisplay: "short",
    maximumFractionDigits: power ? 1 : 0,
  });
  return format.format(bytes / 1000 ** power);
}
