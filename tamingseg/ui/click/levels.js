// Levels: the answer to a click holds several masks, from a part to the whole. The server sends the
// answer itself once, after its mask is on the screen; it is thresholded at other levels here. A place is a
// number on the slider, see tamingseg.ui.click.levels.

import {find, say} from "../shared/dom.js";
import {unpack} from "../shared/labels.js";
import {maskOfRuns, runsOf} from "../shared/masks.js";
import {ask} from "../shared/requests.js";
import {commands, photoPixels, refresh, state} from "../shared/state.js";
import {act, link, maskOf, newGesture, work} from "../shared/work.js";

const KEPT_ANSWERS = 4;
const QUIET = 120; // milliseconds after a click before its answer is fetched: quick clicks go first
const ALIKE = 0.9; // masks are one level if the smaller has this share of the larger's area

const levelBox = find(".level"), levelSlider = find("#seg-level");
const answers = new Map(); // name of an answer -> {first, thresholds, stable, areas}
let held = null; // the level chosen by hand that the server does not know yet: {id, answer, place, mask}
let fetching = null; // a promise, while an answer is under way
let pause = 0;
let gesture = newGesture("level");

/** The object being edited, if its answer is here. */
function edited() {
  const current = work.objects.find(object => object.id === work.active);
  return state.photo && current?.answer ? current : null;
}

/** The mask of an object as it is shown: at the level chosen by hand, else the server's own. */
export function shownMask(object) {
  return heldOf(object)?.mask ?? maskOf(object);
}

/** The server has answered all that was asked: its own masks are shown again. */
export function dropHeld() {
  held = null;
}

/** The mask at the level chosen by hand; null while the server's own mask is shown. */
function heldOf(object) {
  return held?.id === object.id && held.answer === object.answer ? held : null;
}

// --- the answer ----------------------------------------------------------------------------------

/** The object being edited and its answer, if that is here. */
function editedNow() {
  const object = edited();
  return {object, found: object && answers.get(object.answer)};
}

/** Have the answer of the object being edited here, as soon as all clicks are answered. */
async function findLevels() {
  await link.idle();
  await fetching;
  const {object, found} = editedNow();
  if (!object || found) return;
  fetching = fetchLevels();
  await fetching;
  fetching = null;
}

async function fetchLevels() {
  const {key} = state.photo, answer = await ask("levels", {}, {forgotten: fetchSoon, isQuiet: true});
  if (!answer?.answer) return;
  const {thresholds, stable} = answer, first = await unpack(answer.first);
  if (state.photo?.key !== key) return;
  const areas = new Uint32Array(thresholds.length + 1);
  for (const place of first) areas[place] += 1;
  for (let i = 1; i < areas.length; i += 1) areas[i] += areas[i - 1];
  answers.set(answer.answer, {first, thresholds, stable, areas});
  if (answers.size > KEPT_ANSWERS) answers.delete(answers.keys().next().value);
}

function fetchSoon() {
  clearTimeout(pause);
  pause = setTimeout(async () => {
    await findLevels();
    if (editedNow().found) refresh();
  }, QUIET);
}

/** Another photo is shown. */
export function forgetLevels() {
  held = null;
  answers.clear();
}

// --- levels --------------------------------------------------------------------------------------

/** Place of an object's level, the hand's if it is ahead of the server. */
function placeOf(object, {thresholds}) {
  const off = thresholds.map(threshold => Math.abs(threshold - object.threshold));
  return heldOf(object)?.place ?? off.indexOf(Math.min(...off));
}

function maskAt({first}, place) {
  return maskOfRuns(runsOf(first.map(at => at <= place ? 1 : 0)), state.photo.size[0]);
}

/** Show the object being edited at a place, without the server. */
function holdLevel(place) {
  const {object, found} = editedNow();
  if (!found) return;
  const {id, answer} = object;
  held = null;
  // Back where it was there is nothing to hold; the browser fires no change either.
  if (place !== placeOf(object, found) || link.pending.length) held = {id, answer, place, mask: maskAt(found, place)};
  refresh();
}

/** Tell the server where the hand came to rest. What one gesture does is one step. */
function keepLevel(place) {
  const {found} = editedNow();
  if (found) act({do: "set_threshold", threshold: found.thresholds[place], gesture});
}

/** Index of the stable level that a place shows; -1 if it shows another mask. */
function stableAt({stable, areas}, place) {
  const alike = other => Math.min(areas[other], areas[place]) >= ALIKE * Math.max(areas[other], areas[place]);
  return stable.includes(place) ? stable.indexOf(place) : stable.findIndex(alike);
}

/** Go to the next stable level: `by` is -1 towards the part, 1 towards the whole. */
async function stepLevel(by) {
  await findLevels();
  const {object, found} = editedNow();
  if (!object) {
    const begun = work.objects.find(one => one.id === work.active)?.base;
    say(begun ? "A mask made elsewhere has no levels." : "There is no level to choose yet: click inside an object first.");
    return;
  }
  if (!found) {
    say("The server does not answer; try again.", true);
    return;
  }
  const {stable} = found, place = placeOf(object, found), at = stableAt(found, place);
  const beyond = by > 0 ? stable.findIndex(other => other > place) : stable.findLastIndex(other => other < place);
  const next = stable[at < 0 ? beyond : at + by];
  if (next === undefined) {
    say(stable.length ? `No stable level is more of a ${by > 0 ? "whole" : "part"}.` : "No level is stable here; move the slider.");
    return;
  }
  gesture = newGesture("level");
  holdLevel(next);
  keepLevel(next);
}
commands.part = () => stepLevel(-1);
commands.whole = () => stepLevel(1);

// --- the panel -----------------------------------------------------------------------------------

export function showLevels() {
  const {object, found} = editedNow();
  for (const control of levelBox.querySelectorAll("input, button")) control.disabled = !found;
  if (!object) {
    find(".level-value").textContent = "";
    showTicks([], 1);
    return;
  }
  if (!found) {
    fetchSoon();
    return;
  }
  const place = placeOf(object, found), last = found.thresholds.length - 1;
  levelSlider.max = last;
  levelSlider.value = place;
  levelSlider.setAttribute("aria-valuetext", levelWords(object, found));
  const at = stableAt(found, place), threshold = heldOf(object) ? found.thresholds[place] : object.threshold;
  find(".level-value").textContent = threshold.toFixed(2) + (at < 0 ? "" : ` · ${at + 1} of ${found.stable.length}`);
  showTicks(found.stable, last, at);
}

function showTicks(stable, last, at = -1) {
  find(".ticks").replaceChildren(...stable.map((place, i) => {
    const tick = document.createElement("i");
    tick.style.setProperty("--at", place / last);
    tick.classList.toggle("here", i === at);
    return tick;
  }));
}

/** The level of an object in words; null if its answer is not here. */
export function levelWords(object, found = answers.get(object.answer)) {
  if (!found) return null;
  const place = placeOf(object, found), at = stableAt(found, place);
  const stable = at < 0 ? "between stable levels" : `stable level ${at + 1} of ${found.stable.length}`;
  return `${photoPixels(found.areas[place])} pixels, ${stable}, probability above ${found.thresholds[place].toFixed(2)}`;
}

levelSlider.addEventListener("pointerdown", () => { gesture = newGesture("level"); });
levelSlider.addEventListener("keyup", () => { gesture = newGesture("level"); });
levelSlider.addEventListener("input", () => holdLevel(Number(levelSlider.value)));
levelSlider.addEventListener("change", () => keepLevel(Number(levelSlider.value)));
