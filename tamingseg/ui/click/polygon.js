// Polygons: drawn corner by corner, and the outline of the object being edited as corners. Nothing of it
// reaches the server before the polygon is closed.

import {canvas, say, touch} from "../shared/dom.js";
import {bitsOfRuns, loopsOfBits, writeRuns} from "../shared/masks.js";
import {paintOutline} from "../shared/paint.js";
import {distance, nearestOn, polygonBits, ringOfLoop} from "../shared/polygons.js";
import {commands, refresh, state, view} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {movement} from "../shared/view.js";
import {act, link, newGesture, work} from "../shared/work.js";
import {actOnObject} from "./classes.js";
import {hasObject} from "./foreseen.js";
import {shownMask} from "./levels.js";
import {addTool, setTool, tool} from "./tool.js";

const TOLERANCE = 1; // pixels of the photo by which an outline may be simplified
const DOUBLE = 500; // milliseconds from one click of a double click to the end of the other

let rings = []; // of points {x, y}; while a polygon is drawn, one that is open
let outline = null; // {id, rings}: an object and its outline as it was, while that is changed
let past = []; // rings before each step
let future = []; // rings that were taken back
let adds = true; // whether the polygon is added to the object or taken away
let pointer = null; // where the mouse is over the photo
let lastAdded = 0; // when the last corner was added, as events count time
let sent = null; // rings that the server has not answered

const reach = event => (event?.pointerType === "touch" ? 22 : 9) / view.scale;
const copyOf = what => structuredClone(what);

function change(make) {
  past.push(copyOf(rings));
  future = [];
  make();
  refresh();
}

/** What is half done, and of which photo, outlives a reload. */
window.addEventListener("pagehide", () => {
  const open = rings.length && state.photo ? {key: state.photo.key, rings, outline, past, adds} : null;
  remember("polygon", JSON.stringify(open), "sessionStorage");
});

let draft = JSON.parse(recall("polygon", "sessionStorage") ?? "null"); // what was half done before a reload

/** Go on with that, if it is of this photo. */
function takeDraft() {
  if (draft?.key !== state.photo.key) return;
  setTool("polygon");
  ({rings, outline, past, adds} = draft);
  draft = null;
  link.idle().then(() => say("The polygon that was not closed is here again.")); // not to be talked over
}

function discard() {
  [rings, outline, past, future] = [[], null, [], []];
  refresh();
}

/** {ring, index} of the corner within reach, else null. */
function cornerAt(point, event) {
  for (const ring of rings) {
    const index = ring.findLastIndex(corner => distance(corner, point) <= reach(event));
    if (index >= 0) return {ring, index};
  }
  return null;
}

/** {ring, index}: a corner put there would be on the side within reach; null if none is. */
function sideAt(point, event) {
  for (const ring of rings) {
    for (let index = outline ? 0 : 1; index < ring.length; index += 1) {
      if (distance(nearestOn(ring.at(index - 1), ring[index], point), point) <= reach(event) / 2) return {ring, index};
    }
  }
  return null;
}

function press(point, event) {
  const corner = cornerAt(point, event);
  if (event.button === 2) {
    if (corner) removeCorner(corner);
    return null;
  }
  if (corner) return moveCorner(corner, event);
  if (!view.holds(point)) return null;
  const side = sideAt(point, event);
  if (side) {
    change(() => side.ring.splice(side.index, 0, point));
    return moveCorner(side, event, true);
  }
  if (outline) {
    say("Drag corners, or click a side for a new one. Enter takes the outline, Esc leaves it as it was.");
    return null;
  }
  addCorner(point, event.timeStamp);
  return moveCorner({ring: rings[0], index: rings[0].length - 1}, event, true);
}

function addCorner(point, at) {
  lastAdded = at;
  change(() => {
    if (rings.length) rings[0].push(point);
    else rings = [[point]];
  });
  if (rings[0].length === 1) say(touch ? "Tap corner after corner; tap the first one again to close." : "Click corner after corner. Enter, a double click or a click on the first one closes it.");
}

/** Hold a corner: it follows the pointer. A click on the first one closes the polygon, and so does a double click. */
function moveCorner({ring, index}, from, isNew = false) {
  let isMoving = isNew; // a new corner and its movement are one step
  return movement(from, 4, {
    drag(point) {
      if (!isMoving) change(() => {});
      isMoving = true;
      ring[index] = {x: Math.max(0, Math.min(view.width, point.x)), y: Math.max(0, Math.min(view.height, point.y))};
      view.draw();
    },
    click(_, event) {
      const isDouble = index === ring.length - 1 && event.timeStamp - lastAdded < DOUBLE;
      if (!outline && !isNew && (index === 0 || isDouble)) close();
    },
  });
}

function removeCorner({ring, index}) {
  change(() => {
    ring.splice(index, 1);
    rings = rings.filter(one => one.length >= (outline ? 3 : 1));
  });
  if (!rings.length) discard();
}

/** The polygon is drawn: make it a part of the object. */
function close() {
  if (!outline && rings[0].length < 3) {
    say("A polygon has at least three corners.", true);
    return;
  }
  if (!outline && !adds && !hasObject()) {
    say("Nothing to cut out of yet: choose an object in the list first.", true);
    return;
  }
  const [height, width] = state.photo.size, bits = polygonBits(rings, height, width);
  sent = rings;
  if (outline) replaceOutline(bits);
  else if (!bits.includes(1)) say("No pixel lies in the polygon.", true);
  else actOnObject({do: "paint", stroke: writeRuns(bits), add: adds, gesture: newGesture("polygon")});
  discard();
  link.idle().then(() => {
    sent = null;
    view.draw();
  });
}

/** Close what is drawn, before the object or the photo is left; returns whether nothing is half done any more. */
function finish() {
  if (outline && !past.length) discard(); // nothing of it was changed
  if (!rings.length) return true;
  close();
  if (!rings.length) return true;
  setTool("polygon");
  say("The polygon is not closed: go on with it, or leave it with Esc.", true);
  return false;
}

/** Only what the corners changed is changed: a simplified outline is not the mask. */
function replaceOutline(bits) {
  const object = work.objects.find(({id}) => id === outline.id), before = polygonBits(outline.rings, ...state.photo.size);
  if (outline.id !== work.active || !shownMask(object)) return;
  const mask = bitsOfRuns(shownMask(object).runs, bits.length).map((value, i) => before[i] === bits[i] ? value : bits[i]);
  act({do: "replace_mask", mask: writeRuns(mask), gesture: newGesture("outline")});
}

/** Take the outline of the object being edited for corners. */
commands.outline = async () => {
  await link.idle();
  const object = work.objects.find(one => one.id === work.active), mask = object && shownMask(object);
  if (!mask?.area) {
    say("Choose an object in the list first; then its outline can be changed.", true);
    return;
  }
  setTool("polygon");
  discard();
  const [height, width] = state.photo.size, loops = loopsOfBits(bitsOfRuns(mask.runs, height * width), height, width);
  rings = loops.map(loop => ringOfLoop(loop, TOLERANCE)).filter(ring => ring.length >= 3);
  outline = {id: object.id, rings: copyOf(rings)};
  say("Drag corners, or click a side for a new one; a right click removes one. Enter takes the outline, Esc leaves it as it was.");
  view.draw();
};

function hover(point) {
  pointer = point;
  const isCorner = point && cornerAt(point);
  canvas.style.cursor = view.panning ? "grab" : isCorner ? "pointer" : point && sideAt(point) ? "copy" : "crosshair";
  if (rings.length) view.draw();
}

/** Add a corner at the crosshair; on a corner, or without a crosshair, close the polygon. */
function enterKey(event) {
  const {crosshair} = state;
  if (outline || !crosshair || cornerAt(crosshair)) close();
  else addCorner({...crosshair}, event.timeStamp);
}

/** Take a step back, or with the two lists exchanged do it again; says whether there was one. */
function step(from, to) {
  if (!from.length) return false;
  to.push(rings);
  rings = from.pop();
  refresh();
  return true;
}

export function paintPolygon(context, scale) {
  for (const ring of sent ?? []) paintOutline(context, pathOf(ring, true), scale, 1.6);
  if (tool !== "polygon") return;
  rings.forEach(ring => {
    const path = pathOf(ring, Boolean(outline));
    if (!outline && pointer) path.lineTo(pointer.x, pointer.y);
    context.setLineDash(adds ? [] : [6 / scale, 4 / scale]);
    paintOutline(context, path, scale, 1.6);
    context.setLineDash([]);
    for (const [i, corner] of ring.entries()) paintCorner(context, corner, (i || outline ? 4 : 6) / scale);
  });
}

function pathOf(ring, isClosed) {
  const path = new Path2D();
  for (const {x, y} of ring) path.lineTo(x, y);
  if (isClosed) path.closePath();
  return path;
}

function paintCorner(context, {x, y}, half) {
  context.fillStyle = "#ffffff";
  context.strokeStyle = "rgba(0, 0, 0, 0.75)";
  context.lineWidth = half / 3;
  context.fillRect(x - half, y - half, 2 * half, 2 * half);
  context.strokeRect(x - half, y - half, 2 * half, 2 * half);
}

addTool("polygon", {
  words: `Polygon: ${touch ? "tap" : "click"} corner after corner.${touch ? "" : " O changes the outline of the current object."}`,
  press, hover, enterKey,
  forget() {
    discard();
    takeDraft();
  },
  grab(point, event) {
    const corner = cornerAt(point, event);
    return corner && moveCorner(corner, event);
  },
  discard, finish, isDrawing: () => rings.length > 0, steps: () => [past.length > 0, future.length > 0],
  swap() {
    adds = !adds;
    say(adds ? "The polygon is added to the object." : "The polygon is taken away from the object.");
    view.draw();
  },
  remove() {
    const at = state.crosshair ?? pointer, last = rings.length && !outline ? {ring: rings[0], index: rings[0].length - 1} : null;
    const corner = at && cornerAt(at) || last;
    if (corner) removeCorner(corner);
    else say(outline ? "Point at a corner to remove it." : "There is no corner to remove.");
  },
  undo: () => step(past, future),
  redo: () => step(future, past),
});
