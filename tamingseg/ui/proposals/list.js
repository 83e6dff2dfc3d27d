// The list of proposals: what the server says of it, how many of its masks are shown, which are chosen.
// The server keeps the list and says what it is worth; every mask comes here once and is laid on the
// others here.

import {Labels, colourOf, runsOfLabels, withAlpha} from "../shared/labels.js";
import {countsOfRuns, readMask, readRuns} from "../shared/masks.js";
import {offerPreview} from "../shared/preview.js";
import {state} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";

export let listed = null; // what the server says of the list, and all masks by id; null before a run
export let labels = null; // which mask a pixel shows
export let regions = null; // how many true regions are known; null if none
export let amount = 1; // how many masks are shown
export let strength = Number(recall("strength") ?? 0.5); // how opaque they are
export let target = null; // id of the mask under the pointer or the crosshair
let chosen = new Set(); // ids

/**
 * Hear of the list: of masks only those that are new; of another list, how many to show, if that is
 * known. Nothing is known of another photo's.
 */
export function hearList(answer, wanted = null) {
  ({regions} = answer);
  if (!answer.list) return;
  const fresh = answer.list.masks.map(mask => ({...mask, runs: Uint32Array.from(readRuns(mask.counts)), path: null}));
  const isFirst = !listed;
  listed = {...answer.list, masks: [...listed?.masks ?? [], ...fresh]};
  labels ??= new Labels(...state.photo.size);
  labels.set(listed.masks, listed.order);
  choose([...chosen].filter(id => labels.rank.has(id)));
  if (isFirst) {
    amount = wanted ?? bend();
    offerPreview("proposals", {at: previewAt});
  }
  if (fresh.length) mix();
  showFirst(amount);
}

/** Forget the list, as for another photo. */
export function forgetList() {
  listed = labels = regions = target = null;
  choose([]);
  offerPreview("proposals", null);
}

function previewAt(point) {
  const id = labels.at(point);
  if (id === null) return null;
  outlineOf(id);
  return listed.masks[id];
}

/** The list and how many are shown, as the vault keeps them. */
export function keptList() {
  return {masks: listed.order.map(id => ({counts: listed.masks[id].counts, score: listed.masks[id].score}))};
}

export const keptAmount = () => ({amount});

/** The best number of masks: where the curve bends, more bring little from there on. */
export function bend() {
  return (listed.miou ? listed.knees.miou : listed.knees.coverage) || 1;
}

/** Show the first `count` masks. */
export function showFirst(count) {
  amount = Math.max(1, Math.min(count, listed.order.length));
  labels.stack(amount);
  labels.colour(labels.inside, labels.edge);
  target = null; // what is under the pointer may be another mask now
}

/** What is seen of the masks that are shown, without the pixels that are `taken`, as run lengths, large ones first; masks of which less than half is left are left out. */
export function seenMasks(taken) {
  const seen = [...runsOfLabels(labels.map, taken)].map(([label, runs]) => {
    const area = runs.reduce((sum, bound, i) => i % 2 ? sum + bound : sum - bound, 0);
    return {runs, area, whole: listed.masks[label - 1].area};
  });
  return seen.filter(({area, whole}) => 2 * area >= whole).sort((a, b) => b.area - a.area)
    .map(({runs}) => countsOfRuns(runs, labels.map.length));
}

export function setStrength(value) {
  strength = value;
  remember("strength", strength);
  mix();
  showFirst(amount);
}

/** Colours of all masks: a mask keeps its own whatever becomes of the others. */
function mix() {
  const inside = new Uint32Array(listed.masks.length + 1), edge = new Uint32Array(inside.length);
  listed.masks.forEach((_, id) => {
    inside[id + 1] = withAlpha(colourOf(id), strength);
    edge[id + 1] = withAlpha(colourOf(id), Math.min(1, strength + 0.45));
  });
  Object.assign(labels, {inside, edge});
}

/** The outline of a mask, traced when it is first needed. */
export function outlineOf(id) {
  const mask = listed.masks[id];
  mask.path ??= readMask(mask.counts, state.photo.size[0]).path;
  return mask.path;
}

/** Choose these masks and no others. */
export function choose(ids) {
  chosen = new Set(ids);
}

export const isChosen = id => chosen.has(id);

/** The chosen masks, the best first. */
export function chosenInOrder() {
  return listed ? listed.order.filter(id => chosen.has(id)) : [];
}

/** Point at what is shown there; says whether that is news. */
export function aim(point) {
  const before = target;
  target = point && labels ? labels.at(point) : null;
  return target !== before;
}
