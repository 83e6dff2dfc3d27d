// How far photos are, by their entries in the list of photos: what the user said of them, and their objects.

import {state} from "./state.js";
import {work} from "./work.js";

/** How far a photo is: "new", "started", "done", or "empty" if somebody decided so. */
export function stateOf(entry) {
  const count = countOfObjects(entry), {state: said = "new"} = entry;
  if (count) return said === "done" ? said : "started";
  return said === "empty" ? said : "new";
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
