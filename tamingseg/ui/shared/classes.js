// Classes: names with a colour, kept for all photos, in this browser or with the folder. An object of a
// class has its name. The list of them in the panel is click/classes.js.

import {tellTaken} from "./elsewhere.js";
import {hasFolder, keepClasses, onFolder, renameOnServer} from "./folder.js";
import {vault} from "./keep.js";
import {MAX_NAME, PALETTE} from "./settings.js";
import {refresh, state} from "./state.js";
import {recall, remember} from "./vault.js";
import {act, link, newGesture, work} from "./work.js";

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

const tidy = text => text.trim().replace(/\s+/g, " ").slice(0, MAX_NAME);

function addClass(text, colour) {
  const name = tidy(text), known = classes.find(one => one.name === name);
  if (!name || known || classes.length >= MOST) return known;
  const counts = PALETTE.map((_, i) => classes.filter(one => one.colour === i).length);
  const made = {name, colour: counts[colour] === 0 ? colour : counts.indexOf(Math.min(...counts))};
  classes = [...classes, made];
  return made;
}

/**
 * Give a class and its objects, in all photos, another name; with that of another class they become one.
 * Returns {name, photos}, the name and how many photos beside the open one were changed, or {error}; null if nothing is to do.
 */
export async function renameClass({name: old}, text) {
  const name = tidy(text);
  if (!name || name === old) return null;
  await link.idle(); // what waits may be about the class
  const answer = hasFolder ? await renameOnServer(old, name) : {photos: await renameInBrowser(old, name)};
  if (!answer || answer.error) return {error: answer?.error ?? "The server does not answer; nothing was changed."};
  if (work.objects.some(object => object.name === old)) act({do: "rename_all", old, name});
  await link.idle(); // from now on no object has the old name
  const isKnown = classes.some(one => one.name === name);
  classes = classes.flatMap(one => one.name !== old ? [one] : isKnown ? [] : [{...one, name}]);
  if (current?.name === old) current = classes.find(one => one.name === name);
  keep();
  return {...answer, name};
}

/** Rename objects of all photos in the vault but the open one; returns in how many. */
async function renameInBrowser(old, name) {
  const isMeant = object => object.name === old;
  const entries = vault.all().filter(({key, document}) => key !== state.photo?.key && document.objects.some(isMeant));
  await tellTaken(entries.map(({key}) => key));
  for (const entry of entries) {
    const objects = entry.document.objects.map(object => isMeant(object) ? {...object, name} : object);
    await vault.put({...entry, document: {...entry.document, objects}});
  }
  return entries.length;
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
