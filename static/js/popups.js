// An option list that floats under its text box, above everything else on the page.
import { OptionList } from "./options.js";

const GAP = 4;
const LOW = 160;

export class PopupList extends OptionList {
  constructor(input, options) {
    super(input, options);
    this.element.popover = "manual";
    this.element.classList.add("options--popup");
    this.place = this.place.bind(this);
  }

  get isOpen() {
    return this.input.getAttribute("aria-expanded") === "true";
  }

  open() {
    if (this.isOpen) return;
    this.input.setAttribute("aria-expanded", "true");
    this.element.showPopover();
    this.place();
    addEventListener("scroll", this.place, { capture: true, passive: true });
    addEventListener("resize", this.place);
  }

  close() {
    if (!this.isOpen) return;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.element.isConnected) this.element.hidePopover();
    removeEventListener("scroll", this.place, { capture: true });
    removeEventListener("resize", this.place);
  }

  // Below the box, or above it where there is more room.
  place(event) {
    if (event?.target === this.element) return;
    if (!this.input.isConnected) return this.close();
    const box = this.input.getBoundingClientRect();
    const below = innerHeight - box.bottom - 2 * GAP;
    const above = box.top - 2 * GAP;
    const isAbove = below < LOW && above > below;
    const { style } = this.element;
    style.minWidth = `max(${box.width}px, min(16rem, 100vw - 1rem))`;
    style.maxHeight = `${Math.min(isAbove ? above : below, 360)}px`;
    style.left = `${Math.max(GAP, Math.min(box.left, innerWidth - this.element.offsetWidth - GAP))}px`;
    style.top = isAbove ? "auto" : `${box.bottom + GAP}px`;
    style.bottom = isAbove ? `${innerHeight - box.top + GAP}px` : "auto";
  }
}
