// ReDoc shows its vendor's logo from another host. We load nothing from other hosts, so our own logo
// replaces it before the browser requests it. The page's policy allows style elements only with its
// nonce: those that ReDoc creates get it here.
(() => {
  const { mark, styleNonce } = document.currentScript.dataset;
  const ours = (value) => (/^https?:/.test(String(value)) ? mark : value);

  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    const isSource = this instanceof HTMLImageElement && name === "src";
    return setAttribute.call(this, name, isSource ? ours(value) : value);
  };

  const createElement = Document.prototype.createElement;
  Document.prototype.createElement = function (...args) {
    const element = createElement.apply(this, args);
    if (element instanceof HTMLStyleElement) element.nonce = styleNonce;
    return element;
  };

  const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
  Object.defineProperty(HTMLImageElement.prototype, "src", {
    ...source,
    set(value) {
      source.set.call(this, ours(value));
    },
  });
})();
