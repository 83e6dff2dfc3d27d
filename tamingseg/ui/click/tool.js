// What the pointer does to the photo: one tool at a time. Each tool is a file that adds its hooks here.

import {find, say, touch} from "../shared/dom.js";
import {commands, refresh, view} from "../shared/state.js";

const nothing = () => {};
const tools = new Map(); // by the name

export let tool = "point"; // name of the chosen one

/**
 * Add a tool. Its hooks are `words`, said when it is chosen; press(point, event), grab(point, event) and
 * hover(point), which answer the pointer as `View` asks; paint(context, scale); `leave()`, called when
 * another one is chosen or the tab is left; `forget()`, that another photo is shown; `isDrawing()`, whether something is half done, which
 * discard() gives up and finish() completes, if it can be: then it returns true; enterKey(event), which works at the crosshair or goes on with what is half done;
 * swap() and remove(), which are keys; undo() and redo() of steps that the server does not know, which
 * say whether there was one; steps(), whether there are such: [to undo, to redo].
 */
export function addTool(name, hooks) {
  tools.set(name, {
    words: "", press: () => null, grab: () => null, hover: nothing, paint: nothing, leave: nothing, forget: nothing, enterKey: nothing,
    isDrawing: () => false, discard: nothing, finish: () => true, steps: () => [false, false], swap: nothing, remove: nothing, undo: () => false, redo: () => false, ...hooks,
  });
  if (name !== "point") commands[name] = () => setTool(tool === name ? "point" : name);
}

/** The hooks of the chosen tool. */
export const hand = () => tools.get(tool);

export function setTool(name) {
  if (name !== tool) hand().leave();
  tool = name;
  if (hand().words) say(`${hand().words}${touch ? "" : " Q goes back to points."}`);
  refresh();
  view.draw();
}

/** Make what is half done part of the work; returns false, and says why, if that cannot be. */
export const finishHand = () => [...tools.values()].every(one => one.finish());

/** Another photo is shown. */
export function forgetPhoto() {
  for (const one of tools.values()) one.forget();
}

/** Show which tool is chosen. */
export function showTool() {
  for (const name of tools.keys()) find(`[data-do=${name}]`)?.setAttribute("aria-pressed", String(tool === name));
}
