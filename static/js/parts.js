// Splitting a transaction: shows the amount left to allocate while the user types.
export function startParts() {
  const place = document.querySelector("[data-parts-left]");
  if (!place) return;
  const { total, currency } = place.dataset;
  const region = document.documentElement.dataset.region;
  const format = new Intl.NumberFormat(region, { style: "currency", currency });
  const mark = new Intl.NumberFormat(region).formatToParts(1.5).find((part) => part.type === "decimal").value;
  const show = () => {
    const fields = [...place.closest("form").querySelectorAll("[data-part-amount]")];
    const left = fields.reduce((sum, field) => sum - amountIn(field.value, mark), Number(total));
    const cents = Math.round(left * 1e4) / 1e4 + 0; // Without the zero, -0 would read as -0.00.
    place.hidden = false;
    place.classList.toggle("is-settled", cents === 0);
    place.querySelector("[data-parts-left-amount]").textContent = Number.isNaN(cents) ? "–" : format.format(cents);
  };
  place.closest("form").addEventListener("input", show);
  show();
}

// Any mark other than the region's decimal mark groups digits. The server parses the final amount.
function amountIn(text, mark) {
  const [whole, decimals] = text.split(mark);
  const digits = (part) => (part ?? "").replace(/\D/g, "") || "0";
  const amount = Number(`${digits(whole)}.${digits(decimals)}`);
  return /[-−(]/.test(text) ? -amount : amount;
}
