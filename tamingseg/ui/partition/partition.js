// The regions of the open photo: what is known of them, how many are shown, and how they are coloured.
// For every method the server finds the hierarchy of superpixels once for a photo; all else happens
// here.

import {root, say, showTimes} from "../shared/dom.js";
import {savePartSoon} from "../shared/keep.js";
import {Labels, colourOf, withAlpha} from "../shared/labels.js";
import {outlineOfBits} from "../shared/masks.js";
import {METHODS} from "../shared/settings.js";
import {isOpen, refresh, state, view} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {countOf, grouped, inMs, inSeconds} from "../shared/words.js";
import {Regions} from "./regions.js";

const MOST_KEPT = 6; // photos whose regions are kept here
const FIRST_REGIONS = 8;
const MOST_STEPS = 200; // that can be undone

/**
 * What is known of each photo by its key: trees, {regions, chosen} of every method that was asked
 * for; shown, the partition on the screen; base, the one from which other numbers of regions come;
 * method, that of these; past and future, what undo and redo bring; labels, which paint it.
 */
const partitions = new Map();
export let partition = null; // of the photo that is open; null before a hierarchy came
export let under = null; // the region under the pointer or the crosshair, a node
// Milliseconds for the server's answer, for another number of regions with its colours, and until the painted picture.
const durations = {server: null, colour: null, total: null};
export let look = recall("look") === "boundaries" ? "boundaries" : "fills";
export let depth = Number(recall("depth") ?? 0.5); // how opaque regions are

export const titleOf = method => METHODS.find(({name}) => name === method).title;
export const countRegions = count => countOf(count, "region");
export const regionsNow = () => partition.trees.get(partition.method).regions;

/** Another photo is shown; says whether its regions are here already. */
export function meetPartition() {
  partition = partitions.get(state.photo.key) ?? null;
  under = null;
  if (partition) colourRegions();
  return partition !== null;
}

export const forgetPartition = key => partitions.delete(key);

/** A hierarchy came: `chosen` is the number of regions the method chose, or null; `ms` how long it took. */
export function addTree(method, cells, merges, chosen, ms) {
  const {key, size} = state.photo;
  durations.server = ms;
  if (!partition) {
    partition = {trees: new Map(), base: null, shown: null, method, past: [], future: [], time: 0, labels: new Labels(...size)};
    partitions.set(key, partition);
    if (partitions.size > MOST_KEPT) partitions.delete(partitions.keys().next().value);
  }
  partition.trees.set(method, {regions: new Regions(...size, cells, merges), chosen});
}

/** The partition and its steps as the vault keeps them. */
function keptPartition() {
  partition.time = Date.now();
  const {time, base, shown, method, past, future} = partition, areas = regionsNow().leaves.map(leaf => leaf.area);
  const ofMethod = steps => steps.slice(steps.findLastIndex(step => step.method !== method) + 1);
  return {time, areas, base, shown, method, past: ofMethod(past), future: ofMethod(future)};
}

const saveSoon = () => savePartSoon("partition", keptPartition);

/** Show a partition that was kept, if it is newer and of the superpixels there are; says whether it is. */
export function bringBack(kept) {
  const leaves = partition.trees.get(kept?.method)?.regions.leaves ?? [];
  const isOurs = kept?.areas.length === leaves.length && kept.areas.every((area, cell) => area === leaves[cell].area);
  if (!isOurs || kept.time <= partition.time) return false;
  const {time, base, shown, method, past, future} = kept;
  Object.assign(partition, {time, base, shown, method, past, future});
  showRegions(performance.now());
  say(`Welcome back: your ${countRegions(shown.length)}.`);
  return true;
}

/** Show the photo by a method: in as many regions as now, or as many as the method chose. */
export function showTree(method) {
  const {regions, chosen} = partition.trees.get(method), base = [regions.root];
  const count = chosen ?? partition.shown?.length ?? FIRST_REGIONS;
  change(base, method, regions.cut(base, Math.min(count, regions.count)));
  const words = chosen === null ? countRegions(partition.shown.length) : `it chose ${countRegions(chosen)}`;
  say(`${titleOf(method)}: ${words}; any number up to ${grouped(regions.count)} at once.`);
}

/** Show `count` regions; `since` is when that was asked for. */
export function setRegions(count, since) {
  if (!partition) return;
  const start = performance.now(), regions = regionsNow();
  partition.shown = regions.cut(partition.base, Math.max(1, Math.min(count, regions.count)));
  saveSoon();
  showRegions(since, start);
  say(`${countRegions(partition.shown.length)}.`);
}

/**
 * Show another partition, from which other numbers of regions come from now on. Undo brings the one
 * before back, unless this is the first.
 */
export function change(base, method = partition.method, shown = base) {
  if (partition.shown) {
    partition.past = [...partition.past.slice(1 - MOST_STEPS), {base: partition.base, shown: partition.shown, method: partition.method}];
    saveSoon();
  }
  partition.future = [];
  Object.assign(partition, {base, shown, method});
  showRegions(performance.now());
}

/** Go back or forth: from one list of partitions to the other. */
export function turn(from, to) {
  const {base, shown, method} = partition;
  to.push({base, shown, method});
  Object.assign(partition, from.pop());
  saveSoon();
  showRegions(performance.now());
}

/** Take back what was done since `before`, a copy of the partition. */
export function takeBack({base, shown, method, past, future}) {
  Object.assign(partition, {base, shown, method, past, future});
  saveSoon();
  colourRegions();
}

export function setLook(value) {
  look = value;
  remember("look", look);
  say(look === "fills" ? "Regions are filled." : "Boundaries are drawn.");
  if (partition) showRegions(null);
}

export function setDepth(value) {
  depth = value;
  remember("depth", depth);
  showRegions(null);
}

function showRegions(since, start = performance.now()) {
  colourRegions();
  durations.colour = performance.now() - start;
  pointAtRegion(state.crosshair); // what is under the pointer may be another region now
  refresh();
  if (since === null) return;
  view.draw(() => {
    durations.total = performance.now() - since;
    root.dataset.regionTimes = JSON.stringify(durations);
    showDurations();
  });
}

export function showDurations() {
  if (!isOpen("partition")) return;
  const {server, colour: ms, total} = durations;
  showTimes(`server ${inSeconds(server)} · regions ${inMs(ms)} · repaint ${inMs(total)}`,
    "The server's answer, once for a photo and a method · another number of regions, with its colours · from there to the painted picture");
}

/** Colour every pixel by its region. */
function colourRegions() {
  const {shown, labels} = partition, regions = regionsNow(), place = regions.assign(shown);
  for (let i = 0; i < labels.map.length; i += 1) labels.map[i] = place[regions.cells[i]] + 1;
  const strong = Math.min(1, depth + 0.45), inside = new Uint32Array(shown.length + 1);
  if (look === "boundaries") { // a white line with a dark one beside it is seen on everything
    const line = new Uint32Array(inside.length).fill(withAlpha(0xffffff, strong));
    labels.colour(inside, line, new Uint32Array(inside.length).fill(withAlpha(0, strong)));
    return;
  }
  const edge = new Uint32Array(inside.length);
  shown.forEach((node, i) => {
    inside[i + 1] = withAlpha(colourOf(node.colour), depth);
    edge[i + 1] = withAlpha(colourOf(node.colour), strong);
  });
  labels.colour(inside, edge);
}

/** The region at a point; null outside the photo. */
export function regionAt(point) {
  const place = point && partition ? partition.labels.at(point) : null;
  return place === null ? null : partition.shown[place];
}

/** Point at what is there; says whether that is news. */
export function pointAtRegion(point) {
  const before = under;
  under = regionAt(point);
  return under !== before;
}

const outlines = new WeakMap(); // node -> its outline, traced when it is first needed

export function outlineOf(node) {
  if (!outlines.has(node)) outlines.set(node, outlineOfBits(regionsNow().bitsOf(node), ...state.photo.size));
  return outlines.get(node);
}
