// What the tabs share while they are open: the photo, the crosshair, which tab it is, and the view.

import {canvas, find, root, say} from "./dom.js";
import {recall, remember} from "./vault.js";
import {View} from "./view.js";
import {grouped} from "./words.js";

/**
 * photo: {key, name, file, size, fullSize}, what is open, null before that; file is null for a sample;
 * it is worked on at `size`, [height, width], and came as `fullSize`.
 * crosshair: a point, while the keyboard leads, else null. tab: the hooks of the open tab.
 * elsewhere: whether another tab of the browser works on this photo, so that this one only shows it.
 * leaving: the key of a photo that is being marked and left, else null.
 */
export const state = {photo: null, crosshair: null, tab: null, elsewhere: false, leaving: null};

/** What buttons do, by their data-do; they get the event. Tabs add theirs. */
export const commands = {};

/** An area at the size at which the photo is worked on, in words, in pixels of the photo itself. */
export function photoPixels(area) {
  const [[height, width], [fullHeight, fullWidth]] = [state.photo.size, state.photo.fullSize];
  const scale = (fullHeight * fullWidth) / (height * width);
  return scale === 1 ? grouped(area) : `about ${grouped(Number((area * scale).toPrecision(3)))}`;
}

const nothing = () => {};
const tabs = new Map(); // by the name

/**
 * Add a tab. Its hooks are:
 * `label`, which describes the picture to those who do not see it; `enter()` and `leave()`, called when
 * it is opened and left; `show()`, which brings all beside the picture up to date; `arrived(same)`,
 * told that another photo is shown, or the same one opened again by a server that had forgotten it;
 * `finish()`, which makes what is half done by hand part of the work, and says so and returns false if that cannot be;
 * `forget(key)`, that a photo is gone; `paint(context, scale)`, which draws over the photo;
 * press(point, event), grab(point, event) and hover(point), which answer the pointer as `View` asks;
 * doubleClick(); point(), which says something of what the crosshair is on; enterKey(event), escape(),
 * undo() and redo(), which are keys; and `keys`, more of them by the key in small letters, which get the event too.
 */
export function addTab(name, hooks) {
  tabs.set(name, {
    enter: nothing, leave: nothing, arrived: nothing, finish: () => true, forget: nothing, paint: nothing, point: nothing,
    press: () => null, grab: () => null, hover: nothing, doubleClick: nothing,
    enterKey: nothing, escape: nothing, keys: {}, ...hooks, name,
  });
}

export const allTabs = () => [...tabs.values()];
/** Whether the open photo can be left for another one, or marked: what is half done by hand is finished first. */
export const mayLeave = () => !state.photo || state.elsewhere || allTabs().every(tab => tab.finish());
export const isOpen = name => state.tab?.name === name;

/** Bring all beside the picture up to date. */
export const refresh = () => state.tab.show();

export function openTab(name) {
  if (state.tab && state.tab.name !== name) say(""); // what was said is about the tab that is left
  state.tab?.leave();
  state.crosshair = null;
  state.tab = tabs.get(name);
  root.dataset.tab = name;
  canvas.setAttribute("aria-label", state.tab.label);
  for (const one of root.querySelectorAll("[role=tab]")) {
    const chosen = one.dataset.tab === name;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    find(`#panel-${one.dataset.tab}`).hidden = !chosen;
  }
  remember("tab", name, "sessionStorage");
  state.tab.enter();
  refresh();
}

/** Open the tab that was open before a reload, else the first. */
export function openFirstTab() {
  const before = recall("tab", "sessionStorage");
  openTab(tabs.has(before) ? before : tabs.keys().next().value);
}

export const view = new View(canvas, {
  press: (point, event) => mayWork() ? state.tab?.press(point, event) ?? null : null, // no tab is open at first
  grab: (point, event) => state.elsewhere || isLeft() ? null : state.tab?.grab(point, event) ?? null,
  hover: point => state.tab?.hover(point),
}, (context, scale) => state.tab?.paint(context, scale));

canvas.addEventListener("dblclick", () => state.elsewhere || isLeft() || state.tab?.doubleClick());

/** Whether the photo was just marked, and is left as soon as the next one is here. */
export const isLeft = () => state.photo !== null && state.photo.key === state.leaving;

/** Whether the photo may be worked on in this tab of the browser; says so if not. */
export function mayWork() {
  if (isLeft()) {
    say("Going on to the next photo …");
    return false;
  }
  if (state.elsewhere) say(`${find(".elsewhere span").textContent} Press “Go on here” first.`, true);
  return !state.elsewhere;
}

/** Move the crosshair, in pixels of the screen; the first time it appears in the middle. */
export function moveCrosshair(dx, dy) {
  const box = canvas.getBoundingClientRect();
  const from = state.crosshair ?? view.toPicture(box.left + box.width / 2, box.top + (box.height - 68) / 2);
  const clamp = (value, end) => Math.max(0.5, Math.min(value, end - 0.5));
  state.crosshair = {x: clamp(from.x + dx / view.scale, view.width), y: clamp(from.y + dy / view.scale, view.height)};
  const [x, y] = view.toWindow(state.crosshair), edge = 24;
  const out = (value, low, high) => Math.max(low + edge - value, 0) + Math.min(high - edge - value, 0);
  const [panX, panY] = [out(x, box.left, box.right), out(y, box.top, box.bottom)];
  if (!view.fitted && (panX || panY)) view.pan(panX, panY);
  state.tab.point();
  view.draw();
}
