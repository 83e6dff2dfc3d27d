// Classes: names with a colour, kept for all photos, in this browser or with the folder. An object of a
// class has its name. The list of them in the panel is click/classes.js.

import {hasFolder, keepClasses, onFolder} from "./folder.js";
import {MAX_NAME, PALETTE} from "./settings.js";
import {refresh, state} from "./state.js";
import {recall, remember} from "./vault.js";
import {act, newGesture, work} from "./work.js";

const MOST = 100;

export let classes = hasFolder ? [] : readClasses(); // [{name, colour}]
export let current = null; // the class of objects that are begun from now on

const listeners = [];

/** Have `listener()` called now and when the classes change. */
export function onClasses(listener) {
  listeners.push(listener);
  listener();
}

function readClasses() {
  const kept = JSON.parse(recall("classes") ?? "[]");
  return Array.isArray(kept) ? kept.filter(({name, colour}) => typeof name === "string" && PALETTE[colour]) : [];
}

onFolder("classes", found => {
  classes = found;
  current = classes.find(({name}) => name === current?.name) ?? null;
  for (const listener of listeners) listener();
  if (state.tab) refresh();
});

function keep() {
  if (hasFolder) keepClasses(classes);
  else remember("classes", JSON.stringify(classes));
  for (const listener of listeners) listener();
  refresh();
}

/** Have classes of these names, and return them. One that is new gets the colour that is asked for, unless another class has it. */
export function addClasses(wanted) {
  const found = wanted.map(({name, colour}) => addClass(name, colour)).filter(Boolean);
  keep();
  return found;
}

function addClass(text, colour) {
  const name = text.trim().replace(/\s+/g, " ").slice(0, MAX_NAME), known = classes.find(one => one.name === name);
  if (!name || known || classes.length >= MOST) return known;
  const counts = PALETTE.map((_, i) => classes.filter(one => one.colour === i).length);
  const made = {name, colour: counts[colour] === 0 ? colour : counts.indexOf(Math.min(...counts))};
  classes = [...classes, made];
  return made;
}

/** Remove a class; its objects keep their names. */
export function removeClass(one) {
  classes = classes.filter(other => other !== one);
  if (current === one) current = null;
  keep();
}

/** Have objects that are begun from now on be of a class, or with null of none. */
export function chooseForNext(one) {
  current = one;
  refresh();
}

/** An operation that begins an object, and what gives that object the chosen class, as one step. */
export const classified = operation => current ? [operation, {do: "classify", ...current, gesture: operation.gesture}] : [operation];

/** Make an object of the chosen class of a mask, given as run lengths. */
export const addMask = mask => act(...classified({do: "add_mask", mask, gesture: newGesture("mask")}));

/** Make an object of the chosen class of each mask, in one step, but of those that objects have already; returns how many. */
export function addMasks(masks) {
  const had = new Set(work.objects.map(({mask}) => mask)), fresh = masks.filter(mask => !had.has(mask)), names = freeNames(fresh.length);
  const objects = fresh.map((mask, i) => ({mask, hidden: false, name: names[i], colour: i % PALETTE.length, ...current}));
  if (objects.length) act({do: "add_objects", objects});
  return objects.length;
}

/** So many names for objects of no class that no object of the open photo has. */
export function freeNames(count) {
  const taken = new Set(work.objects.map(({name}) => name)), names = [];
  for (let number = 1; names.length < count; number += 1) if (!taken.has(`Object ${number}`)) names.push(`Object ${number}`);
  return names;
}
