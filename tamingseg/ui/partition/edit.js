// Regions by hand: a click divides a region, the right button merges it with its nearest neighbour, a
// double click opens it in the tab Click.

import {addMask} from "../shared/classes.js";
import {find, say, touch} from "../shared/dom.js";
import {writeRuns} from "../shared/masks.js";
import {paintCrosshair, paintOutline, paintPointed} from "../shared/paint.js";
import {openTab, photoPixels, refresh, state} from "../shared/state.js";
import {percent} from "../shared/words.js";
import {change, countRegions, partition, outlineOf, pointAtRegion, regionAt, regionsNow, takeBack, under} from "./partition.js";

export let editing = "split"; // what a plain click does: "split" or "merge"
let picked = null; // the first of two regions to merge, a node
let before = []; // what there was before each of the last two clicks

export function describeRegion(node) {
  const share = node.area / (state.photo.size[0] * state.photo.size[1]);
  return `${photoPixels(node.area)} px (${percent(share)}), one of ${countRegions(partition.shown.length)}`;
}

export function showUnder() {
  const panel = find("#panel-partition");
  panel.querySelector(".about").textContent = under ? describeRegion(under)
    : pickedNow() ? "Now a region that touches it." : touch ? "Tap a region." : "Point at a region.";
  panel.querySelector(".quiet").textContent = editing === "merge" ? "Click two regions that touch to merge them."
    : touch ? "A tap splits a region; a double tap opens it in the tab Click."
      : "A click splits, a right click merges with the nearest neighbour, a double click opens the region in the tab Click.";
}

/** The first of two regions to merge, as long as it is shown. */
const pickedNow = () => partition?.shown.includes(picked) ? picked : null;

export function dropPicked() {
  picked = null;
}

function splitRegion(node) {
  const parts = regionsNow().split(partition.shown, partition.shown.indexOf(node));
  if (!parts) {
    say("That is a single superpixel; nothing smaller is known.");
    return;
  }
  change(parts);
  say(`Split: ${countRegions(parts.length)}.`);
}

function mergeRegions(node, other) {
  const {shown} = partition, parts = regionsNow().merge(shown, shown.indexOf(node), shown.indexOf(other));
  if (!parts) {
    say("These two do not touch; choose a neighbour.", true);
    return;
  }
  change(parts);
  say(`Merged: ${countRegions(parts.length)}.`);
}

function mergeWithNearest(node) {
  const nearest = regionsNow().nearest(partition.shown, partition.shown.indexOf(node));
  if (nearest < 0) say("There is only this region.");
  else mergeRegions(node, partition.shown[nearest]);
}

/** Choose the first of two regions to merge, or merge it with the second. */
function pickRegion(node) {
  const first = pickedNow();
  picked = null;
  if (!first) {
    picked = node;
    say("Now click a region that touches it.");
  } else if (first === node) say("Nothing is chosen.");
  else mergeRegions(first, node);
}

/** Do what a click means, or, with `other`, what a right click means. */
export function editRegion(point, other) {
  const node = regionAt(point);
  if (!node) {
    say("That is outside the photo.");
    return;
  }
  if (other) mergeWithNearest(node);
  else if (editing === "merge") pickRegion(node);
  else splitRegion(node);
  pointAtRegion(point);
  refresh();
}

/** A button went down on the photo. */
export function press(point, event) {
  if (!partition || (event.button !== 0 && event.button !== 2)) return null;
  state.crosshair = null;
  before = [...before.slice(-1), {partition: {...partition}, node: regionAt(point)}];
  editRegion(point, event.button === 2 || event.altKey);
  return null;
}

/** The last two clicks were meant as one: what they did is taken back, and the region opened. */
export function doubleClick() {
  const [first] = before;
  if (!partition || !first?.node) return;
  takeBack(first.partition);
  openRegion(first.node);
}

export function setEditing(value) {
  editing = value;
  picked = null;
  say(editing === "split" ? "A click splits a region." : "Click two regions that touch to merge them.");
  refresh();
}

/** Make an object of a region, in the tab Click. */
export function openRegion(node) {
  const mask = writeRuns(regionsNow().bitsOf(node));
  openTab("click");
  addMask(mask);
}

export function paint(context, scale) {
  if (!partition) return;
  partition.labels.draw(context);
  if (pickedNow()) paintOutline(context, outlineOf(picked), scale, 3);
  if (under) paintPointed(context, outlineOf(under), scale);
  if (state.crosshair) paintCrosshair(context, scale, state.crosshair);
}
