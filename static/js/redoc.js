// ReDoc shows its maker's logo from another host. Nothing here comes from other hosts: our own mark
// takes that place before the browser asks for it.
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
