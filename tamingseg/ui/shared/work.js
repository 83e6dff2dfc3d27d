// The work on the open photo: its objects, as the server last told of them, and the link that carries
// operations on them to the server.

import {canvas, say} from "./dom.js";
import {readMask} from "./masks.js";
import {Link, call} from "./server.js";
import {mayWork, refresh, state} from "./state.js";

const KEPT_MASKS = 32; // of steps that can be redone

export let work = {objects: [], active: null, can_undo: false, can_redo: false};

const masks = new Map(); // key of a mask -> what `readMask` made of it
const listeners = [];
let gestures = Date.now(); // not from 0: the server may remember gestures of before a reload

export const link = new Link(request => call("answer", request), {
  hear,
  gone: () => {}, // photos.js opens the photo again
  trouble: isThere => isThere ? say("Connected again.")
    : say("The server does not answer; trying again. Your work is safe here.", true),
});

/** Have `listener(answer, operations)` called after every answer. */
export function onAnswer(listener) {
  listeners.push(listener);
}

/** Begin with the work on another photo: a document as of `documentNow`, or null. */
export function beginWork(document) {
  masks.clear();
  work = {can_undo: false, can_redo: false, ...document ?? {objects: [], active: null}};
  readMasks(work.objects);
}

/** The work as the browser keeps it. */
export function documentNow() {
  return {objects: work.objects, active: work.active, next_threshold: work.next_threshold};
}

/** What `readMask` made of an object's mask; null if it has none. */
export function maskOf(object) {
  return masks.get(object.key) ?? null;
}

/** Bits of all pixels that belong to an object. */
export function takenPixels() {
  const [height, width] = state.photo.size, bits = new Uint8Array(height * width);
  for (const object of work.objects) {
    const {runs} = maskOf(object) ?? {runs: []};
    for (let i = 0; i < runs.length; i += 2) bits.fill(1, runs[i], runs[i + 1]);
  }
  return bits;
}

/** A name for a new gesture; what one gesture does is one step of the history. */
export const newGesture = kind => `${kind}${++gestures}`;

/** Have operations carried out; nothing is shown between them. */
export function act(...operations) {
  if (!mayWork()) return;
  link.push(...operations);
  refresh();
  canvas.setAttribute("aria-busy", "true");
  link.idle().then(() => canvas.setAttribute("aria-busy", "false"));
}

function hear(answer, operations) {
  if (answer.error) say(answer.error, true);
  if (answer.objects) take(answer);
  for (const listener of listeners) listener(answer, operations);
}

/** Take over all objects, or what changed `since` an earlier answer; objects that are the same stay the same values. */
function take({since, objects, removed = [], order, active, next_threshold, can_undo, can_redo}) {
  const now = new Map(since === null ? [] : work.objects.map(object => [object.id, object]));
  for (const id of removed) now.delete(id);
  for (const object of objects) now.set(object.id, {...now.get(object.id), ...object}); // a mask that is the same is not sent
  work = {objects: order ? order.map(id => now.get(id)) : [...now.values()], active, next_threshold, can_undo, can_redo};
  readMasks(objects);
  forgetMasks();
}

function readMasks(objects) {
  for (const {mask, key} of objects) {
    if (mask && !masks.has(key)) masks.set(key, readMask(mask, state.photo.size[0]));
  }
}

/** Masks of steps that can be redone are cheap to read again; hold only so many. */
function forgetMasks() {
  if (masks.size <= KEPT_MASKS + work.objects.length) return;
  const used = new Set(work.objects.map(object => object.key));
  for (const key of masks.keys()) {
    if (masks.size <= KEPT_MASKS + used.size) return;
    if (!used.has(key)) masks.delete(key);
  }
}
