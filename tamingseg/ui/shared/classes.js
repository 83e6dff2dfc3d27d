// Classes: names with a colour, kept for all photos, in this browser or with the folder. An object of a
// class has its name. The list of them in the panel is click/classes.js.

import {hasFolder, keepClasses, onFolder} from "./folder.js";
import {MAX_NAME, PALETTE} from "./settings.js";
import {refresh, state} from "./state.js";
import {recall, remember} from "./vault.js";
import {act, newGesture} from "./work.js";

const MOST = 100;

export let classes = hasFolder ? [] : readClasses(); // [{name, colour}]
export let current = null; // the class of objects that are begun from now on

function readClasses() {
  const kept = JSON.parse(recall("classes") ?? "[]");
  return Array.isArray(kept) ? kept.filter(({name, colour}) => typeof name === "string" && PALETTE[colour]) : [];
}

onFolder("classes", found => {
  classes = found;
  current = classes.find(({name}) => name === current?.name) ?? null;
  if (state.tab) refresh();
});

function keep() {
  if (hasFolder) keepClasses(classes);
  else remember("classes", JSON.stringify(classes));
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
