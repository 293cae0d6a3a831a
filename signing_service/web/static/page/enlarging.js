/**
 * Pictures of what is signed, large: a dialog over the whole screen, in which they are moved and made larger.
 *
 * It opens as wide as the window; what was chosen stays from page to page. Fingers pinch and move it as they do any page; buttons, the keys + and −, a double
 * click and the arrow keys do the same. The way back of the browser closes it, as it would leave a page.
 */

const SCALES = [1, 1.5, 2.25, 3.25, 4.5]; // times the width of the window
const READABLE = { page: 780, box: 500 }; // pixels that a page and a signature's box need for their small print

class Enlarged {
  constructor(dialog) {
    this.dialog = dialog;
    this.sheet = dialog.querySelector("[data-enlarged-sheet]");
    this.picture = dialog.querySelector("[data-enlarged-picture]");
    dialog.querySelector("[data-enlarged-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#onClosed());
    dialog.addEventListener("keydown", (event) => this.#onKey(event));
    this.sheet.addEventListener("dblclick", (event) => this.#scaleTo(this.scale > SCALES[0] ? SCALES[0] : this.#readable(), event));
    for (const button of dialog.querySelectorAll("[data-enlarged-zoom]")) {
      button.addEventListener("click", () => this.#zoom(Number(button.dataset.enlargedZoom)));
    }
    for (const button of dialog.querySelectorAll("[data-enlarged-step]")) {
      button.addEventListener("click", () => this.#show(this.at + Number(button.dataset.enlargedStep)));
    }
    addEventListener("popstate", () => dialog.open && dialog.close());
    addEventListener("resize", () => dialog.open && this.#onResize());
    if (history.state?.enlarged) history.replaceState(null, ""); // loaded anew while it was open
  }

  /** `pictures`: [{source, small, title, kind}], of which the one at `at` is shown first. */
  open(pictures, at) {
    this.pictures = pictures;
    for (const button of this.dialog.querySelectorAll("[data-enlarged-step]")) button.hidden = pictures.length < 2;
    history.pushState({ enlarged: true }, "");
    this.dialog.showModal();
    this.width = innerWidth;
    this.#scaleTo(SCALES[0]);
    this.#show(at);
    this.sheet.focus({ preventScroll: true });
  }

  #onClosed() {
    if (history.state?.enlarged) history.back(); // closed by its button or Escape: the entry of the history goes too
  }

  /** Fit a phone that was turned; bars of the browser that come and go change the height alone. */
  #onResize() {
    if (this.width !== innerWidth) this.#scaleTo(SCALES[0]);
    this.width = innerWidth;
  }

  #onKey(event) {
    const step = { "+": 1, "=": 1, "-": -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey) return; // with those the browser enlarges by itself
    event.preventDefault();
    this.#zoom(step);
  }

  #show(at) {
    if (!this.pictures[at]) return;
    const { source, small, title, kind } = this.pictures[at];
    this.at = at;
    this.kind = kind;
    this.dialog.querySelector("[data-enlarged-title]").textContent = title;
    this.picture.alt = title;
    this.picture.width = small.naturalWidth || small.width;
    this.picture.height = small.naturalHeight || small.height;
    this.picture.src = small.src; // it is there already; the sharp one follows
    if (source !== small.src) this.#sharpen(source);
    for (const button of this.dialog.querySelectorAll("[data-enlarged-step]")) {
      button.disabled = !this.pictures[at + Number(button.dataset.enlargedStep)];
    }
    this.sheet.scrollTo(this.sheet.scrollLeft, 0);
  }

  async #sharpen(source) {
    const sharp = new Image();
    sharp.src = source;
    await sharp.decode().catch(() => null);
    if (sharp.naturalWidth && this.pictures[this.at].source === source) this.picture.src = source;
  }

  /** The smallest scale at which the small print can be read in this window. */
  #readable() {
    return SCALES.find((scale) => scale * this.sheet.clientWidth >= READABLE[this.kind]) ?? SCALES.at(-1);
  }

  #zoom(step) {
    const next = step > 0 ? SCALES.find((scale) => scale > this.scale) : SCALES.findLast((scale) => scale < this.scale);
    if (next) this.#scaleTo(next);
  }

  /** Keep in its place what lies at the point, or in the middle. */
  #scaleTo(scale, point) {
    const { sheet, picture } = this;
    const frame = sheet.getBoundingClientRect();
    const [x, y] = point ? [point.clientX - frame.left, point.clientY - frame.top] : [sheet.clientWidth / 2, sheet.clientHeight / 2];
    const before = picture.offsetWidth || sheet.clientWidth;
    const [left, top] = [sheet.scrollLeft + x, sheet.scrollTop + y];
    this.scale = scale;
    picture.style.setProperty("--scale", scale);
    const grown = picture.offsetWidth / before;
    sheet.scrollTo(left * grown - x, top * grown - y);
    this.dialog.querySelector("[data-enlarged-scale]").value = `${Math.round(scale * 100)} %`;
    for (const button of this.dialog.querySelectorAll("[data-enlarged-zoom]")) {
      button.disabled = scale === (button.dataset.enlargedZoom > 0 ? SCALES.at(-1) : SCALES[0]);
    }
  }
}

/** A link to a page's picture, or the button beside the picture of a signature. */
function read(opener) {
  const picture = opener.querySelector("img") ?? opener.closest("figure").querySelector("img");
  return { source: opener.href ?? picture.src, small: picture, title: picture.alt, kind: opener.href ? "page" : "box" };
}

const dialog = document.querySelector("[data-enlarged]");
const enlarged = dialog?.showModal ? new Enlarged(dialog) : null;
addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-enlarge]");
  if (!enlarged || !opener || event.ctrlKey || event.metaKey || event.shiftKey) return; // those open it elsewhere
  event.preventDefault();
  const all = [...(opener.closest("[data-pictures]")?.querySelectorAll("[data-enlarge]") ?? [opener])];
  enlarged.open(all.map(read), all.indexOf(opener));
});
