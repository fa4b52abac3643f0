// ReDoc shows its vendor's logo from another host. We load nothing from other hosts, so our own logo
// replaces it before the browser requests it.
(() => {
  const mark = document.currentScript.dataset.mark;
  const ours = (value) => (/^https?:/.test(String(value)) ? mark : value);

  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    const isSource = this instanceof HTMLImageElement && name === "src";
    return setAttribute.call(this, name, isSource ? ours(value) : value);
  };
  const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
  Object.defineProperty(HTMLImageElement.prototype, "src", {
    ...source,
    set(value) {
      source.set.call(this, ours(value));
    },
  });
})();
