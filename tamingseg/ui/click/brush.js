// Brush and eraser: a stroke is added to the mask of the object being edited, or taken away from it.

import {canvas, find, say, touch} from "../shared/dom.js";
import {strokeBits, writeRuns} from "../shared/masks.js";
import {refresh, state, view} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {link, newGesture} from "../shared/work.js";
import {actOnObject} from "./classes.js";
import {hasObject} from "./foreseen.js";
import {addTool, setTool, tool} from "./tool.js";

const MOST = 400; // pixels
const STEP = 1.25; // from one size to the next
const LEAST_RADIUS = 0.71; // so that the pixel under the pointer is always in the stroke

let size = Number(recall("brush") ?? 24); // across, in pixels of the photo as it is worked on
let pointer = null; // where the brush is over the photo
let strokes = []; // {points, add} that the server has not answered

const isPainting = () => tool === "brush" || tool === "eraser";

/** The next size: `by` is -1 for smaller, 1 for larger. */
export function stepSize(by) {
  const next = Math.round(size * STEP ** by);
  setSize(next === size ? size + by : next);
  if (isPainting()) say(`The brush is ${size} pixels across.`);
}

function setSize(value) {
  size = Math.max(1, Math.min(MOST, value));
  remember("brush", size);
  refresh();
}
find(".brush input").addEventListener("input", event => setSize(Number(event.target.value)));

export function showBrush() {
  find(".brush").hidden = !isPainting();
  find(".brush input").value = size;
  find(".brush output").textContent = `${size} px`;
}

/** A button or a finger went down: begin a stroke. */
function beginStroke(point, event) {
  const add = (tool === "brush") !== (event.button === 2 || event.altKey);
  if (!add && !hasObject()) {
    say("Nothing to erase from yet: choose an object in the list first.", true);
    return null;
  }
  const stroke = {points: [point], add}, {visit} = link;
  strokes.push(stroke);
  pointer = point;
  view.draw();
  return {
    move(next) {
      stroke.points.push(next);
      pointer = next;
      view.draw();
    },
    up: () => visit === link.visit ? finish(stroke) : drop(stroke),
    cancel: () => drop(stroke),
  };
}

/** Dab the brush at a point, as for who works by keyboard. */
function dab(event) {
  beginStroke(state.crosshair, {button: event.shiftKey ? 2 : 0})?.up();
}

function drop(stroke) {
  strokes = strokes.filter(other => other !== stroke);
  view.draw();
}

function finish(stroke) {
  const [height, width] = state.photo.size, bits = strokeBits(stroke.points, Math.max(LEAST_RADIUS, size / 2), height, width);
  if (!bits.includes(1)) say("That is outside the photo.");
  else actOnObject({do: "paint", stroke: writeRuns(bits), add: stroke.add, gesture: newGesture("paint")});
  link.idle().then(() => drop(stroke));
}

/** The mouse moves over the photo, or with null left it. */
function hover(point) {
  canvas.style.cursor = view.panning ? "grab" : "none";
  pointer = point;
  view.draw();
}

/** Strokes that are not answered yet, whatever tool is chosen by now. */
export function paintStrokes(context) {
  for (const {points, add} of strokes) {
    context.beginPath();
    for (const {x, y} of [points[0], ...points]) context.lineTo(x, y); // one point alone is drawn too
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = size;
    context.strokeStyle = add ? "rgba(255, 255, 255, 0.55)" : "rgba(0, 0, 0, 0.55)";
    context.stroke();
  }
}

function paint(context, scale) {
  if (!pointer) return;
  context.beginPath();
  context.arc(pointer.x, pointer.y, size / 2, 0, 2 * Math.PI);
  for (const [width, colour] of [[3, "rgba(0, 0, 0, 0.6)"], [1.4, "#fff"]]) {
    context.lineWidth = width / scale;
    context.strokeStyle = colour;
    context.stroke();
  }
}

const advice = touch ? "two fingers move the photo." : "the right button does the other. [ and ] change the size.";
const hooks = {
  press: beginStroke, hover, paint, enterKey: dab,
  grab: (point, event) => event.pointerType === "touch" ? beginStroke(point, event) : null,
  leave: () => { pointer = null; },
  swap: () => setTool(tool === "brush" ? "eraser" : "brush"),
};
addTool("brush", {...hooks, words: `Brush: drag to add; ${advice}`});
addTool("eraser", {...hooks, words: `Eraser: drag to take away; ${advice}`});
