// ReDoc shows its maker's logo from another host. Nothing here comes from other hosts: our own mark
// takes that place before the browser asks for it.
(() => {
  const mark = document.currentScript.dataset.mark;
  const original = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function setAttribute(name, value) {
    const isForeign = this instanceof HTMLImageElement && name === "src" && /^https?:/.test(String(value));
    return original.call(this, name, isForeign ? mark : value);
  };
})();
