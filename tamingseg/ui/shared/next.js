// Going through the photos: the previous and the next one, the next one that is not done, one of a number;
// and saying that the open one is done or empty, which leads on to the next.

import {say, touch} from "./dom.js";
import {markOnServer} from "./folder.js";
import {saveNow} from "./keep.js";
import {aim, listPhotos, openAhead, openEntry, tellPhotos} from "./photos.js";
import {isFinished, ownOf, stateOf, whyUnopened} from "./progress.js";
import {commands, isLeft, mayLeave, mayWork, state} from "./state.js";
import {countOf} from "./words.js";
import {link, work} from "./work.js";

let isWanted = () => true;

/** Only photos for which `matches(entry)` is true are gone to by the keys. */
export function goOnlyTo(matches) {
  isWanted = matches;
}

/** {after, before}: the photos on both sides of the open one, or of the one that is on its way, in order. */
function neighbours() {
  const entries = listPhotos(), place = entries.findIndex(entry => entry.key === (aim ?? state.photo?.key));
  return {after: entries.slice(place + 1), before: entries.slice(0, Math.max(place, 0))};
}

/** The photos in that direction, 1 or -1, that are listed, the nearest first. */
function wantedFrom(direction) {
  const {after, before} = neighbours();
  return (direction > 0 ? after : before.reverse()).filter(isWanted);
}

/** The listed photos that are not done, and on which nobody else works: from here to the end, then from the beginning. */
function unfinishedFrom() {
  const {after, before} = neighbours(), keys = new Set(toDo().map(({key}) => key));
  return [...after, ...before].filter(entry => keys.has(entry.key) && isWanted(entry) && !entry.lock);
}

/** The photos that are not done and can be opened, as far as is known. */
const toDo = () => ownOf(listPhotos()).filter(entry => ["new", "started"].includes(stateOf(entry)));

/** Open the next photo in that direction, 1 or -1. */
export async function stepPhoto(direction) {
  if (isLeft()) return; // it goes on anyway
  const entries = wantedFrom(direction);
  if (!entries.length) say(direction > 0 ? "This is the last photo." : "This is the first photo.");
  else if (await openFirstOf(entries)) openAhead(wantedFrom(direction)[0]);
}

/** Open the next photo that is not finished; after the last one, the first. Who marked a photo knows what others took just now. */
async function stepUnfinished() {
  const {before} = neighbours();
  if (!await openFirstOf(unfinishedFrom())) {
    if (!unfinishedFrom().length) sayDone();
    return;
  }
  openAhead(unfinishedFrom()[0]);
  if (!before.some(({key}) => key === state.photo.key)) return;
  await link.idle(); // not to be talked over
  say(`After the last photo the list begins again: ${state.photo.name} is not done.`);
}

/** Say that no photo is left to go to, and which are not done. */
function sayDone() {
  const left = toDo(), unlisted = left.filter(entry => !isWanted(entry)).length;
  const broken = ownOf(listPhotos()).filter(entry => stateOf(entry) === "broken");
  if (unlisted) return say(`All listed photos are done. Search and filter leave out ${countOf(unlisted, "photo")} to do.`);
  const others = left.length ? ["those that somebody else works on"] : [];
  if (broken.length) others.push(`${countOf(broken.length, "photo")} that cannot be opened: ${broken[0].name} (${whyUnopened(broken[0])})`);
  say(`All photos are done${others.length ? `, but for ${others.join(", and for ")}` : ""}.`, broken.length > 0);
}

/** Open the first of these photos that can be opened, and say which cannot; returns whether one is open. */
async function openFirstOf(entries) {
  if (!mayLeave()) return false;
  const passed = [];
  for (const entry of entries) {
    const opened = await openEntry(entry), why = whyUnopened(entry);
    if (opened && passed.length) link.idle().then(() => say(`Passed over: ${passed.join(" ")}`, true)); // not to be talked over
    if (opened || !why) return opened; // where the server does not answer, the others are not tried
    passed.push(`${entry.name}, which cannot be opened: ${why}.`);
  }
  if (passed.length > 1) say(`${countOf(passed.length, "photo")} cannot be opened: ${passed[0]}`, true);
  return false;
}

/** Open the photo with that number in the list, from 1. */
export async function openNumber(number) {
  const entries = listPhotos(), entry = entries[number - 1];
  if (!entry) say(`There are photos 1 to ${entries.length}.`, true);
  else if (entry.key !== state.photo?.key && await openEntry(entry)) openAhead(wantedFrom(1)[0]);
}

// --- how far the open one is ---------------------------------------------------------------------

/** Say that the open photo is done or empty, and go on; said once more, it is not. Nothing changes it meanwhile. */
async function markOpen(wanted) {
  if (!state.photo || !mayWork() || !mayLeave()) return;
  state.leaving = state.photo.key;
  await mark(state.photo, wanted);
  state.leaving = null;
}

async function mark({key, name, folder}, wanted) {
  await link.idle();
  const entry = listPhotos().find(one => one.key === key), count = work.objects.length;
  if (!entry || state.photo?.key !== key) return;
  const before = stateOf(entry), next = before === wanted ? (count ? "started" : "new") : wanted;
  if (next === "done" && !count) return say(`There is no object in this photo. If that is right, ${touch ? "tap Empty" : "press Shift+A: it is empty"}.`, true);
  if (next === "empty" && count) return say("There are objects in this photo; delete them before it is empty.", true);
  const answer = folder ? await markOnServer(name, next) : markInBrowser(key, next);
  if (!answer || answer.error) return say(answer?.error ?? "The server does not answer; nothing was changed.", true);
  if (folder) entry.state = answer.state;
  tellPhotos([entry]);
  if (isFinished(next)) await stepUnfinished();
  else say(`${name} is in progress again.`);
}

function markInBrowser(key, said) {
  saveNow(said);
  return {};
}

commands.previousPhoto = () => stepPhoto(-1);
commands.nextPhoto = () => stepPhoto(1);
commands.markDone = () => markOpen("done");
commands.markEmpty = () => markOpen("empty");
