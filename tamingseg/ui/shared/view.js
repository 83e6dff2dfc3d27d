// The view: shows a picture in a canvas, zooms and pans it, and tells a tool what the pointer does.
// Points are {x, y}: x = column, y = row, in pixels of the picture; (0, 0) is its top left corner.

import {withTones} from "./tones.js";

const MAX_ZOOM = 40;
const HOLD = 600; // milliseconds after which a finger that is lifted in place was the right button

/**
 * A movement of the pointer that began with the event `from`: `drag` follows it once it went further
 * than `distance` pixels of the screen; let go before that, it is a `click`.
 */
export function movement(from, distance, {drag, click}) {
  let dragged = false;
  return {
    move(point, event) {
      dragged ||= Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > distance;
      if (dragged) drag(point, event);
    },
    up(point, event) {
      if (!dragged && event.type === "pointerup") click(point, event);
    },
  };
}

export class View {
  /**
   * `tool` answers the pointer: press(point, event) begins a movement and returns {move, up} or
   * null (with cancel() if a second finger is to end it); grab(point) does so only if there is something to take hold of; hover(point) follows the
   * mouse, null when it left. `paint(context, scale)` draws over the picture, in its pixels.
   */
  constructor(canvas, tool, paint) {
    Object.assign(this, {canvas, tool, paint, context: canvas.getContext("2d")});
    Object.assign(this, {picture: null, width: 1, height: 1, scale: 1, left: 0, top: 0});
    Object.assign(this, {tones: null, toned: null}); // toned: the picture with the tones, once it is drawn
    this.fitted = true;
    this.panning = false; // the space bar is held
    this.pointers = new Map();
    this.movement = null;
    this.frame = 0;
    this.listen();
    new ResizeObserver(() => (this.fitted ? this.fit() : this.draw())).observe(canvas);
  }

  /** Show a picture as `width` x `height` pixels, whatever its own number is. */
  show(picture, height, width) {
    Object.assign(this, {picture, height, width, toned: null});
    this.fit();
  }

  /** Show every value of the picture as `tones` says; null shows it as it is. */
  setTones(tones) {
    Object.assign(this, {tones, toned: null});
    this.draw();
  }

  /** The whole picture, as large as it goes beside the tools. */
  fit() {
    const box = this.canvas.getBoundingClientRect();
    const margin = Math.min(16, box.width * 0.02), foot = 68;
    this.scale = Math.max(0.01, Math.min(
      (box.width - 2 * margin) / this.width, (box.height - margin - foot) / this.height));
    this.left = (box.width - this.width * this.scale) / 2;
    this.top = margin + (box.height - margin - foot - this.height * this.scale) / 2;
    this.fitted = true;
    this.draw();
  }

  /** Zoom by a factor; what is at (x, y) of the window, or in the middle, stays where it is. */
  zoom(factor, x, y) {
    const box = this.canvas.getBoundingClientRect();
    const atX = x === undefined ? box.width / 2 : x - box.left;
    const atY = y === undefined ? box.height / 2 : y - box.top;
    const least = 0.5 * Math.min(box.width / this.width, box.height / this.height);
    const scale = Math.min(MAX_ZOOM, Math.max(Math.min(least, 1), this.scale * factor));
    this.left = atX - ((atX - this.left) * scale) / this.scale;
    this.top = atY - ((atY - this.top) * scale) / this.scale;
    this.scale = scale;
    this.moved();
  }

  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.moved();
  }

  /** Keep a corner of the picture in sight. */
  moved() {
    const box = this.canvas.getBoundingClientRect(), keep = 48;
    const between = (low, value, high) => Math.max(low, Math.min(value, high));
    this.left = between(keep - this.width * this.scale, this.left, box.width - keep);
    this.top = between(keep - this.height * this.scale, this.top, box.height - keep);
    this.fitted = false;
    this.draw();
  }

  /** Window coordinates to a point of the picture. */
  toPicture(x, y) {
    const box = this.canvas.getBoundingClientRect();
    return {x: (x - box.left - this.left) / this.scale, y: (y - box.top - this.top) / this.scale};
  }

  /** A point of the picture to window coordinates. */
  toWindow(point) {
    const box = this.canvas.getBoundingClientRect();
    return [box.left + this.left + point.x * this.scale, box.top + this.top + point.y * this.scale];
  }

  holds(point) {
    return point.x >= 0 && point.y >= 0 && point.x < this.width && point.y < this.height;
  }

  /** Draw with the next frame; `painted`, if given, is called when that frame is on its way. */
  draw(painted) {
    if (painted) (this.waiting ??= []).push(painted);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
      const waiting = this.waiting ?? [];
      this.waiting = null;
      if (waiting.length) setTimeout(() => waiting.forEach(call => call()));
    });
  }

  drawNow() {
    const {canvas, context, picture, scale} = this, ratio = window.devicePixelRatio;
    const box = canvas.getBoundingClientRect(); // in pixels of the window, also where the page is magnified
    const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!picture) return;
    canvas.dataset.view = `${scale} ${this.left} ${this.top}`; // for whoever wants to point at a pixel
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * this.left, ratio * this.top);
    context.imageSmoothingEnabled = (ratio * scale * this.width) / picture.width < 4;
    context.imageSmoothingQuality = "high";
    this.toned ??= this.tones ? withTones(picture, this.tones) : picture;
    context.drawImage(this.toned, 0, 0, this.width, this.height);
    this.paint(context, scale);
  }

  listen() {
    const {canvas} = this;
    canvas.addEventListener("contextmenu", event => event.preventDefault());
    canvas.addEventListener("pointerdown", event => this.down(event));
    canvas.addEventListener("pointermove", event => this.move(event));
    canvas.addEventListener("pointerup", event => this.up(event));
    canvas.addEventListener("pointercancel", event => this.up(event));
    canvas.addEventListener("pointerleave", () => this.tool.hover(null));
    canvas.addEventListener("wheel", event => {
      event.preventDefault();
      // Some wheels count lines; a pinch on a touchpad comes as a small turn with Ctrl.
      const turn = event.deltaY * (event.deltaMode === 1 ? 16 : 1) * (event.ctrlKey ? 6 : 1);
      this.zoom(Math.exp(-Math.max(-200, Math.min(200, turn)) * 0.0018), event.clientX, event.clientY);
    }, {passive: false});
  }

  down(event) {
    this.canvas.focus({preventScroll: true});
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    const point = this.toPicture(event.clientX, event.clientY);
    if (this.pointers.size === 2) {
      this.movement?.cancel?.();
      this.movement = this.pinch();
    }
    else if (this.pointers.size > 2) return;
    else if (event.button === 1 || this.panning) {
      event.preventDefault();
      this.movement = this.dragPicture(event);
    } else if (event.pointerType === "touch") this.movement = this.tool.grab(point, event) ?? this.tap(event);
    else this.movement = this.tool.press(point, event);
  }

  move(event) {
    const point = this.toPicture(event.clientX, event.clientY);
    if (!this.pointers.has(event.pointerId)) return this.tool.hover(point);
    this.pointers.set(event.pointerId, event);
    this.movement?.move(point, event);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const held = this.movement;
    if (this.pointers.size === 0) this.movement = null;
    if (this.pointers.size === 0) held?.up(this.toPicture(event.clientX, event.clientY), event);
    else this.movement = {move() {}, up() {}}; // the last finger of a pinch does nothing more
  }

  dragPicture(from) {
    let {clientX, clientY} = from;
    return {
      move: (_, event) => {
        this.pan(event.clientX - clientX, event.clientY - clientY);
        ({clientX, clientY} = event);
      },
      up() {},
    };
  }

  /** A finger: lifted where it came down it clicks, after a while as the right button; moved it drags the picture. */
  tap(from) {
    return movement(from, 10, {
      drag: this.dragPicture(from).move,
      click: (point, event) => {
        const {type, pointerType, clientX, clientY, timeStamp} = event;
        const isLong = timeStamp - from.timeStamp > HOLD;
        this.tool.press(point, isLong ? {type, pointerType, clientX, clientY, timeStamp, button: 2} : event)?.up(point, event);
      },
    });
  }

  /** Two fingers: zoom by their distance, pan by their middle. */
  pinch() {
    const measure = () => {
      const [a, b] = [...this.pointers.values()];
      return [(a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2,
        Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)];
    };
    let [x, y, distance] = measure();
    return {
      move: () => {
        const [newX, newY, newDistance] = measure();
        this.pan(newX - x, newY - y);
        this.zoom(newDistance / Math.max(1, distance), newX, newY);
        [x, y, distance] = [newX, newY, newDistance];
      },
      up() {},
    };
  }
}
