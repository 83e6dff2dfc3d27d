// Points: what the pointer does to them. Pressing makes one or takes hold of one; held and moved it
// follows, held and let go in place it is deleted.

import {canvas, say, touch} from "../shared/dom.js";
import {preview, previewed} from "../shared/preview.js";
import {commands, refresh, state, view} from "../shared/state.js";
import {movement} from "../shared/view.js";
import {act, link, newGesture} from "../shared/work.js";
import {actOnObject} from "./classes.js";
import {currentClicks, foreseen, hasObject, isUncertain} from "./foreseen.js";
import {expectClick, showForetold} from "./foretold.js";
import {addTool, setTool} from "./tool.js";

const DOUBLE = 350; // milliseconds within which a second press at the same place belongs to a double click
const SAME_PLACE = 8; // pixels of the screen

export let including = true; // what a plain click means
export let pointed = null; // index of the point under the mouse
let lastPress = null; // {event, tookProposal}, the last one that made a point or took a proposal

/** Index of the point within reach of the pointer, the latest first; -1 if there is none. */
function pointAt(point, event) {
  const reach = (event?.pointerType === "touch" ? 22 : 12) / view.scale;
  return currentClicks().findLastIndex(([row, col]) => Math.hypot(col - point.x, row - point.y) <= reach);
}

function addPoint(point, positive, at, gesture) {
  if (!view.holds(point)) say("That is outside the photo.");
  else if (!positive && !hasObject()) say(`Nothing to exclude from yet: ${touch ? "tap" : "click"} an object first.`, true);
  else {
    actOnObject({do: "add_click", row: point.y, col: point.x, positive, gesture, at});
    showForetold(gesture);
  }
}

const startTime = event => event.timeStamp || performance.now();

/** Whether a press is the second one of a double click; it does not change what the first one made. */
function isSecondOfDouble(point, event) {
  if (!lastPress) return false;
  const {event: first, tookProposal} = lastPress;
  const isQuick = startTime(event) - startTime(first) < DOUBLE;
  const isNear = Math.hypot(event.clientX - first.clientX, event.clientY - first.clientY) < SAME_PLACE;
  const isThere = tookProposal ? hasObject() : pointAt(point, event) >= 0; // and not undone since
  return isQuick && isNear && isThere;
}

/** A button went down, or a finger tapped: on a point, take hold of it; elsewhere, make one. */
function press(point, event) {
  const promised = event.pointerType === "touch" ? null : previewed();
  preview(null);
  if (!isUncertain()) return pressPoint(point, event, promised);
  link.idle().then(() => pressPoint(point, event, promised));
  return null;
}

function pressPoint(point, event, promised) {
  if (isSecondOfDouble(point, event)) return null;
  const held = grab(point, event);
  if (held || !view.holds(point)) return held;
  const positive = event.button === 2 || event.altKey ? false : including, gesture = newGesture("add");
  const tookProposal = positive && promised !== null;
  lastPress = {event, tookProposal};
  if (tookProposal) {
    actOnObject({do: "add_mask", mask: promised, gesture, at: startTime(event)});
    return null;
  }
  addPoint(point, positive, startTime(event), gesture);
  if (!positive && !hasObject()) return null;
  return movePoint(currentClicks().length - 1, event, gesture, () => {});
}

/** Take hold of the point under the pointer: moved it follows, let go in place it is deleted. */
function grab(point, event) {
  const index = pointAt(point, event);
  if (index < 0 || isSecondOfDouble(point, event)) return null;
  return movePoint(index, event, newGesture("move"), () => {
    pointed = null;
    act({do: "delete_click", index, at: performance.now()});
  });
}

function movePoint(index, from, gesture, click) {
  const inside = (value, end) => Math.max(0, Math.min(value, end - 0.01));
  const drag = (point, event) => {
    const to = {row: inside(point.y, view.height), col: inside(point.x, view.width)};
    act({do: "move_click", index, ...to, gesture, at: startTime(event)});
    showForetold(gesture);
  };
  return movement(from, 4, {drag, click});
}

function hover(point) {
  const index = point ? pointAt(point) : -1;
  const now = index < 0 ? null : index;
  canvas.style.cursor = view.panning ? "grab" : now === null ? "crosshair" : "pointer";
  // Only the first click takes what is previewed; the next ones refine it.
  const isFirst = foreseen().active === null;
  const news = preview(index < 0 && isFirst ? point : null) || now !== pointed;
  if (point && index < 0 && !isFirst && view.holds(point)) expectClick(point, including);
  pointed = now;
  if (news) view.draw();
}

/** Nothing is pointed at any more. */
function leave() {
  pointed = null;
  preview(null);
}

/** Place a point at the crosshair. */
function addAtCrosshair(event) {
  addPoint(state.crosshair, event.shiftKey ? !including : including, startTime(event), newGesture("add"));
}

/** Delete the point pointed at, or the last. */
function deletePoint() {
  if (isUncertain()) {
    link.idle().then(deletePoint);
    return;
  }
  const clicks = currentClicks(), near = state.crosshair ? pointAt(state.crosshair) : pointed ?? -1;
  pointed = null;
  if (!clicks.length) say("There is no point to delete.");
  else act({do: "delete_click", index: near >= 0 ? near : clicks.length - 1, at: performance.now()});
}

export function setSign(positive) {
  including = positive;
  setTool("point");
  say(positive ? "A click includes." : "A click excludes.");
  refresh();
}
commands.include = () => setSign(true);
commands.exclude = () => setSign(false);

addTool("point", {
  press, grab, hover, leave, enterKey: addAtCrosshair, remove: deletePoint,
  swap: () => setSign(!including),
});
