// How far photos are, by their entries in the list of photos: what the user said of them, their objects, and
// whether they can be opened at all.

import {state} from "./state.js";
import {work} from "./work.js";

const unopened = new Map(); // key of a photo that could not be opened -> why

/** How far a photo is: "new", "started", "done", "empty" if somebody decided so, or "broken" if it cannot be opened. */
export function stateOf(entry) {
  const count = countOfObjects(entry), {state: said = "new"} = entry;
  if (count ? said === "done" : said === "empty") return said;
  if (unopened.has(entry.key)) return "broken";
  return count ? "started" : "new";
}

/** How many objects a photo has. */
export function countOfObjects(entry) {
  if (entry.key === state.photo?.key) return work.objects.length;
  return entry.folder ? entry.objects : entry.document?.objects.length ?? 0;
}

export const isFinished = said => said === "done" || said === "empty";

/** The names that objects of a photo have. */
export function namesIn(entry) {
  if (entry.folder && entry.key !== state.photo?.key) return entry.labels;
  const objects = entry.key === state.photo?.key ? work.objects : entry.document?.objects ?? [];
  return objects.map(({name}) => name);
}

/** Why a photo could not be opened; nothing if it could, or nobody tried. */
export const whyUnopened = ({key}) => unopened.get(key);

/** Note why a photo could not be opened, or with nothing that it could; returns whether that is news. */
export function noteUnopened(key, why) {
  const before = unopened.get(key);
  if (why) unopened.set(key, why);
  else unopened.delete(key);
  return before !== unopened.get(key);
}

/** The entries that count as work: the user's own photos; samples only where there is nothing else. */
export function ownOf(entries) {
  const own = entries.filter(({folder, photo}) => folder || photo);
  return own.length ? own : entries;
}
