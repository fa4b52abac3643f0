// Splitting: how much of the whole is left for the parts, while somebody types them.
export function startParts() {
  const place = document.querySelector("[data-parts-left]");
  if (!place) return;
  const { total, currency } = place.dataset;
  const format = new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "currency", currency });
  const show = () => {
    const fields = [...place.closest("form").querySelectorAll("[data-part-amount]")];
    const left = fields.reduce((sum, field) => sum - amountIn(field.value), Number(total));
    const cents = Math.round(left * 1e4) / 1e4;
    place.hidden = false;
    place.classList.toggle("is-settled", cents === 0);
    place.querySelector("[data-parts-left-amount]").textContent = Number.isNaN(cents) ? "–" : format.format(cents);
  };
  place.closest("form").addEventListener("input", show);
  show();
}

// "1.234,50" and "1,234.50": the last mark is the decimal one, unless three digits follow it.
function amountIn(text) {
  const bare = text.replace(/[\s\u00a0']/g, "");
  const decimal = /[.,](\d{1,2}|\d{4})$/.exec(bare);
  const whole = (decimal ? bare.slice(0, decimal.index) : bare).replace(/[.,]/g, "");
  return Number(`${whole || 0}.${decimal ? decimal[1] : 0}`);
}
