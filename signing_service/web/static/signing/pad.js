/**
 * The drawn signature: pen, finger or mouse on an SVG, as integer strokes.
 *
 *     const pad = new SignaturePad(svg, () => button.disabled = pad.isEmpty);
 *     pad.strokes  →  [[x, y, x, y, …], …]
 *
 * The pad is 1000 units wide and as high as its place on the page lets it be. What is drawn is the line that the
 * document will show (marks.py): smooth, through the middles between the points.
 *
 * Who cannot or would rather not draw types the name instead; the page offers both.
 */

export const WIDTH = 1000;
export const HEIGHT = 600; // at most
const BASE = 0.78; // of the height: where the line to sign on stands
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
    new ResizeObserver(() => this.#fit()).observe(svg);
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  clear() {
    this.strokes = [];
    this.svg.querySelectorAll("path").forEach((line) => line.remove());
    this.#fit();
    this.onChange();
  }

  /** Draw strokes that were kept. */
  restore(strokes) {
    this.clear();
    for (const points of strokes) {
      this.#newLine().setAttribute("d", smooth(points));
    }
    this.strokes = strokes;
    this.#fit();
    this.onChange();
  }

  undo() {
    this.strokes.pop();
    this.svg.querySelector("path:last-of-type")?.remove();
    this.#fit();
    this.onChange();
  }

  /** As high as its place: an empty pad follows the window; one with strokes keeps them whole, and its proportions. */
  #fit() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || this.#current) return; // hidden, or being drawn on
    const room = Math.min(HEIGHT, Math.round((height / width) * WIDTH));
    const drawn = Math.max(0, ...this.strokes.flatMap((points) => points.filter((_, index) => index % 2)));
    this.height = this.strokes.length > 0 ? Math.max(this.height ?? 0, room, drawn) : room;
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${this.height}`);
    const line = this.svg.querySelector(".line");
    for (const end of ["y1", "y2"]) line.setAttribute(end, Math.round(this.height * BASE));
  }

  #newLine() {
    const line = document.createElementNS(SVG, "path");
    this.svg.append(line);
    return line;
  }

  #begin(event) {
    if (this.#current || !event.isPrimary || event.button !== 0 || this.strokes.length >= MAX_STROKES) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.#current = { pointer: event.pointerId, points: [], line: this.#newLine() };
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
    line.setAttribute("d", smooth(points));
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
    line.setAttribute("d", smooth(points));
  }

  #toUnits(event) {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    const within = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
    return [within(place.x, WIDTH), within(place.y, this.height)];
  }
}

/** The path of SVG through the middles between neighbouring points, which are its handles. */
export function smooth(points) {
  const at = (index) => [points[2 * index], points[2 * index + 1]];
  const last = points.length / 2 - 1;
  const parts = [`M${at(0)}`];
  for (let index = 1; index < last; index += 1) {
    const [[x, y], [nextX, nextY]] = [at(index), at(index + 1)];
    parts.push(`Q${x} ${y} ${(x + nextX) / 2} ${(y + nextY) / 2}`);
  }
  return `${parts.join("")}L${at(last)}`;
}
