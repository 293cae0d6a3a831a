/**
 * The drawn signature: pen, finger or mouse on an SVG of 1000 × 300 units, as integer strokes.
 *
 *     const pad = new SignaturePad(svg, () => button.disabled = pad.isEmpty);
 *     pad.strokes  →  [[x, y, x, y, …], …]
 *
 * Who cannot or would rather not draw types the name instead; the page offers both.
 */

export const WIDTH = 1000;
export const HEIGHT = 300;
const MIN_STEP = 4; // units between two points that are kept
const MAX_STROKES = 100;
const MAX_POINTS = 2000; // in all; a long signature has some 400

const SVG = "http://www.w3.org/2000/svg";

export class SignaturePad {
  #current = null; // the stroke being drawn: {pointer, points, line}

  constructor(svg, onChange = () => {}) {
    this.svg = svg;
    this.onChange = onChange;
    this.strokes = [];
    svg.addEventListener("pointerdown", (event) => this.#begin(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      svg.addEventListener(end, (event) => this.#end(event));
    }
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  clear() {
    this.strokes = [];
    this.svg.querySelectorAll("polyline").forEach((line) => line.remove());
    this.onChange();
  }

  /** Draw strokes that were kept. */
  restore(strokes) {
    this.clear();
    for (const points of strokes) {
      const line = document.createElementNS(SVG, "polyline");
      line.setAttribute("points", points.join(" "));
      this.svg.append(line);
    }
    this.strokes = strokes;
    this.onChange();
  }

  undo() {
    this.strokes.pop();
    this.svg.querySelector("polyline:last-of-type")?.remove();
    this.onChange();
  }

  #begin(event) {
    if (this.#current || !event.isPrimary || event.button !== 0 || this.strokes.length >= MAX_STROKES) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    const line = document.createElementNS(SVG, "polyline");
    this.svg.append(line);
    this.#current = { pointer: event.pointerId, points: [], line };
    this.#add(event);
  }

  #move(event) {
    if (this.#current?.pointer !== event.pointerId) return;
    event.preventDefault();
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length > 0 ? steps : [event]) this.#add(step);
  }

  #end(event) {
    if (this.#current?.pointer !== event.pointerId) return;
    const { points, line } = this.#current;
    this.#current = null;
    if (points.length === 2) points.push(points[0] + 1, points[1]); // a dot is a line of one unit
    line.setAttribute("points", points.join(" "));
    this.strokes.push(points);
    this.onChange();
  }

  #add(event) {
    const { points, line } = this.#current;
    const [x, y] = this.#toUnits(event);
    const near = points.length > 0 && Math.hypot(x - points.at(-2), y - points.at(-1)) < MIN_STEP;
    const full = points.length / 2 + this.strokes.reduce((sum, stroke) => sum + stroke.length / 2, 0) >= MAX_POINTS;
    if (near || full) return;
    points.push(x, y);
    line.setAttribute("points", points.join(" "));
  }

  #toUnits(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = (value, length, units) => Math.min(units, Math.max(0, Math.round((value / length) * units)));
    return [scale(event.clientX - box.left, box.width, WIDTH), scale(event.clientY - box.top, box.height, HEIGHT)];
  }
}
