// A box around a thing: the server finds the mask that fills it best.

import {canvas, say, touch} from "../shared/dom.js";
import {paintOutline} from "../shared/paint.js";
import {state, view} from "../shared/state.js";
import {link, newGesture} from "../shared/work.js";
import {actOnObject} from "./classes.js";
import {addTool, tool} from "./tool.js";

const LEAST = 4; // pixels of the screen

let box = null; // {from, to}, two corners, while it is drawn
let asked = []; // boxes that the server has not answered
let pointer = null; // where the mouse is over the photo

const inside = ({x, y}) => ({x: Math.max(0, Math.min(view.width, x)), y: Math.max(0, Math.min(view.height, y))});

function begin(point) {
  const {visit} = link;
  box = {from: inside(point), to: inside(point)};
  return {
    move(next) {
      if (box) box.to = inside(next);
      view.draw();
    },
    up: (_, event) => visit === link.visit && event.type === "pointerup" ? finish(event.timeStamp) : drop(),
    cancel: drop,
  };
}

function drop() {
  box = null;
  view.draw();
}

/** Ask for the mask of the box. */
function finish(at) {
  if (!box) return;
  const {from, to} = box, [left, right] = [from.x, to.x].sort((a, b) => a - b), [top, bottom] = [from.y, to.y].sort((a, b) => a - b);
  const made = box;
  drop();
  if (Math.min(right - left, bottom - top) * view.scale < LEAST) {
    say(`${touch ? "Drag a finger" : "Drag"} from one corner of the box to the opposite one.`, true);
    return;
  }
  asked.push(made);
  actOnObject({do: "add_box", top, left, bottom, right, gesture: newGesture("box"), at});
  link.idle().then(() => {
    asked = asked.filter(other => other !== made);
    view.draw();
  });
}

/** By keyboard: one corner at the crosshair, then the opposite one. */
function enterKey() {
  if (!state.crosshair) return;
  if (box) {
    box.to = {...state.crosshair};
    finish(performance.now());
    return;
  }
  box = {from: {...state.crosshair}, to: {...state.crosshair}};
  say("That is one corner. Move on to the opposite one and press Enter again.");
  view.draw();
}

export function paintBoxes(context, scale) {
  const shown = box && state.crosshair ? {from: box.from, to: state.crosshair} : box;
  context.setLineDash([6 / scale, 4 / scale]);
  for (const {from, to} of [...asked, ...shown ? [shown] : []]) {
    const path = new Path2D();
    path.rect(from.x, from.y, to.x - from.x, to.y - from.y);
    paintOutline(context, path, scale, 1.6);
  }
  context.setLineDash([]);
  if (tool !== "box" || box || !pointer) return;
  const lines = new Path2D();
  lines.rect(-1, pointer.y, view.width + 2, 0);
  lines.rect(pointer.x, -1, 0, view.height + 2);
  context.globalAlpha = 0.5;
  paintOutline(context, lines, scale, 0.6);
  context.globalAlpha = 1;
}

addTool("box", {
  words: "Box: drag a box tightly around an object.",
  press: (point, event) => event.button === 0 ? begin(point) : null,
  grab: (point, event) => event.pointerType === "touch" ? begin(point) : null,
  hover(point) {
    canvas.style.cursor = view.panning ? "grab" : "crosshair";
    pointer = point;
    view.draw();
  },
  leave() {
    pointer = null;
    drop();
  },
  enterKey, discard: drop, isDrawing: () => box !== null,
});
