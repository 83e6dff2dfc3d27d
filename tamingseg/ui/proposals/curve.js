// The curve: what the first N masks are worth, over N on a logarithmic axis, drawn as SVG.
// Values are shares, from 0 to 1. The first line is the one that counts, the others are thin.

import {countAt, shareOf} from "../shared/slider.js";

const TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export class Curve {
  /** Draw into `svg`; `pick(n)` is told where it was clicked or dragged. */
  constructor(svg, pick) {
    Object.assign(this, {svg, pick, lines: [], count: 1, best: 0, hovered: null});
    new ResizeObserver(() => this.draw()).observe(svg);
    const at = event => {
      const box = svg.getBoundingClientRect(), {left, right} = this.frame();
      const share = (event.clientX - box.left - left) / (right - left);
      return this.total ? countAt(Math.max(0, Math.min(1, share)), this.total) : null;
    };
    const hover = n => {
      this.hovered = n;
      this.draw();
    };
    svg.addEventListener("pointermove", event => {
      if (event.buttons & 1 && this.total) this.pick(at(event), event);
      hover(at(event));
    });
    svg.addEventListener("pointerleave", () => hover(null));
    svg.addEventListener("pointerdown", event => {
      if (event.button !== 0 || !this.total) return;
      svg.setPointerCapture(event.pointerId);
      this.pick(at(event), event);
    });
  }

  get total() {
    return this.lines[0]?.values.length ?? 0;
  }

  /** `lines`: {name, values, text(value)}; `count`: the N to mark; `best`: the N from which on more brings little. */
  show(lines, count, best) {
    Object.assign(this, {lines, count, best});
    this.draw();
  }

  frame() {
    const {clientWidth: width, clientHeight: height} = this.svg;
    return {left: 38, right: Math.max(60, width - 10), top: 10, bottom: Math.max(40, height - 34)};
  }

  draw() {
    const {svg, total, count, best} = this, {left, right, top, bottom} = this.frame();
    svg.replaceChildren();
    if (!total) return;
    const x = n => left + (right - left) * shareOf(n, total), y = value => bottom - (bottom - top) * value;
    for (const value of [0, 0.5, 1]) {
      this.add("line", {class: "grid", x1: left, x2: right, y1: y(value), y2: y(value)});
      this.add("text", {class: "tick", x: left - 6, y: y(value) + 4, "text-anchor": "end"}, `${100 * value}%`);
    }
    const ticks = TICKS.filter(n => n < total && x(n) < right - 34);
    for (const n of [...ticks, total]) {
      this.add("line", {class: "grid", x1: x(n), x2: x(n), y1: bottom, y2: bottom + 4});
      this.add("text", {class: "tick", x: x(n), y: bottom + 16, "text-anchor": n === total ? "end" : "middle"}, `${n}`);
    }
    this.add("text", {class: "tick", x: (left + right) / 2, y: bottom + 30, "text-anchor": "middle"}, "number of masks");
    for (const [place, {values}] of [...this.lines.entries()].reverse()) {
      // A step in N is a step in the curve: between two numbers of masks there is nothing.
      const path = values.map((value, i) => (i ? `H${x(i + 1).toFixed(1)}V` : `M${x(1).toFixed(1)} `) + y(value).toFixed(1));
      this.add("path", {class: place ? "line other" : "line", d: path.join("")});
    }
    const [first] = this.lines;
    if (best) this.add("path", {class: "best", d: `M${x(best)} ${y(first.values[best - 1]) - 9}l4 -7h-8z`});
    this.add("line", {class: "now", x1: x(count), x2: x(count), y1: top, y2: bottom});
    this.add("circle", {class: "now", cx: x(count), cy: y(first.values[count - 1]), r: 4});
    if (this.hovered !== null) this.label(this.hovered, x(this.hovered), left, right, top);
    const words = this.lines.map(({name, values, text}) => `${name} ${text(values[count - 1])}`).join(", ");
    svg.setAttribute("aria-label", `What the first ${count} of ${total} masks are worth: ${words}. The best number is ${best}.`);
  }

  /** What the pointer is on, beside a hair line. */
  label(n, at, left, right, top) {
    const [{values, text}] = this.lines, turned = at > (left + right) / 2;
    this.add("line", {class: "hair", x1: at, x2: at, y1: top, y2: this.frame().bottom});
    this.add("text", {class: "read", x: at + (turned ? -6 : 6), y: this.frame().bottom - 8, "text-anchor": turned ? "end" : "start"},
      `${n}: ${text(values[n - 1])}`);
  }

  add(name, attributes, text = "") {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    made.textContent = text;
    this.svg.append(made);
  }
}
