// Photos: opening, changing, coming back to them, and forgetting them.

import {button, canvas, find, root, say} from "./dom.js";
import {onAddedElsewhere, takeOver, tellAdded, tellOpen} from "./elsewhere.js";
import {isPhoto} from "./files.js";
import {keepPhotos, onAdded, rememberSession, saveChanges, saveNow, vault} from "./keep.js";
import {call, sendFile, urlOf} from "./server.js";
import {MAX_PHOTO_MB, SAMPLES} from "./settings.js";
import {allTabs, commands, refresh, state, view} from "./state.js";
import {recall, remember} from "./vault.js";
import {countOf} from "./words.js";
import {beginWork, documentNow, link} from "./work.js";

let chosen = 0; // how many photos the user chose

link.gone = reopen;
onAddedElsewhere(showStrip);
onAdded(() => {
  showStrip();
  tellAdded();
});

/** The user chose a photo. Returns what tells whether no other was chosen since. */
export function choosePhoto() {
  const number = ++chosen;
  return () => number === chosen;
}

/**
 * Open what the vault or the strip names; the work of an earlier visit comes back with it.
 * Returns whether it is open, or another photo was chosen meanwhile.
 */
async function openSample(name) {
  const key = `sample ${name}`, wanted = choosePhoto();
  return arrive(await call("open_sample", name), {key, name, file: null}, wanted, await vault.get(key));
}

const newKey = () => `photo ${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;

/** Open the first of these files as a photo, and keep the others in the strip until they are opened. */
export async function openFiles(files) {
  const fits = file => file.size <= MAX_PHOTO_MB * 2 ** 20, names = some => some.map(file => file.name || "a file").join(", ");
  const photos = files.filter(file => isPhoto(file) && fits(file)), [first, ...others] = photos;
  const strange = files.filter(file => !isPhoto(file)), large = files.filter(file => isPhoto(file) && !fits(file));
  const refusal = [
    large.length && `Larger than ${MAX_PHOTO_MB} MB, choose smaller ones: ${names(large)}.`,
    strange.length && `Not opened, for they are no photos: ${names(strange)}.`,
  ].filter(Boolean).join(" ");
  if (first) {
    const opening = openFile(first);
    if (others.length) await keepPhotos(others.map(file => [newKey(), file]));
    await opening;
    await link.idle(); // not to be talked over
  }
  if (refusal) say(refusal, true);
  else if (others.length) say(`${countOf(photos.length, "photo")} are here. Page Down goes to the next one.`);
}

async function openFile(file, key = newKey()) {
  const name = (file.name || "pasted photo").slice(0, 200), wanted = choosePhoto();
  say(`Opening ${name} …`);
  const answer = await upload(file, name);
  if (answer?.error && wanted()) {
    say(`${name} could not be opened: ${answer.error}`, true);
    return false;
  }
  return arrive(answer, {key, name, file}, wanted, await vault.get(key));
}

function upload(file, name) {
  return sendFile(`photo?name=${encodeURIComponent(name)}`, file);
}

/**
 * The server opened a photo: load the picture and let the link begin with the work the server does
 * not know: `document`, and then the operations `pending` that it never answered, `first` of them in
 * the first request. If anything fails, say so, change nothing, return false; but none of that
 * matters once the photo is not `wanted` any more.
 */
export async function arrive(answer, opened, wanted, {document = null, pending = [], first} = {}) {
  const refuse = text => {
    if (wanted()) say(text, true);
    return !wanted();
  };
  if (!answer || answer.error) return refuse(answer?.error ?? "The server does not answer; nothing was changed.");
  const picture = new Image();
  picture.src = urlOf(`picture/${answer.picture}`);
  try {
    await picture.decode();
  } catch {
    return refuse("The picture did not arrive; nothing was changed.");
  }
  if (!wanted()) return true;
  saveChanges(); // what it saves is settled when it returns: nothing comes between it and the new photo
  const same = state.photo?.key === opened.key;
  state.photo = {...opened, size: answer.size, fullSize: answer.full_size};
  state.crosshair = null;
  if (!same) {
    tellOpen(opened.key);
    beginWork(document);
  }
  const [height, width] = answer.size;
  if (same) view.draw();
  else view.show(picture, height, width);
  canvas.setAttribute("data-ready", opened.key);
  say("Reading the photo; a click made now is answered at once when that is done.");
  remember("last", opened.key);
  showStrip();
  link.begin(answer, document, pending, first);
  rememberSession();
  for (const tab of allTabs()) tab.arrived(same);
  refresh();
  if (!vault.entries.has(opened.key)) saveNow();
  return true;
}

/** The server forgot us: open the same photo again, with the work as it was, and go on. */
export async function reopen() {
  const {visit} = link, opened = state.photo, isOpen = () => state.photo && visit === link.visit;
  while (isOpen()) {
    const answer = opened.file ? await upload(opened.file, opened.name) : await call("open_sample", opened.name);
    if (await arrive(answer, opened, isOpen, {document: documentNow(), pending: link.queue})) return;
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
}

/** Begin where this page was before a reload, else with the photo last worked on, else afresh. */
export async function openFirstPhoto() {
  await vault.ready;
  showStrip();
  const session = JSON.parse(recall("session", "sessionStorage") ?? "null");
  const known = key => key && (vault.entries.get(key) ?? (key.startsWith("sample ") ? {key, name: key.slice(7)} : null));
  const entry = known(session?.key);
  if (entry) {
    const wanted = choosePhoto(), answer = await call("resume", session.token);
    if (answer && !answer.error) {
      const opened = {key: entry.key, name: entry.name, file: entry.photo ?? null};
      return arrive(answer, opened, wanted, {document: entry.document, ...undone(answer, session)});
    }
  }
  const last = known(session?.key) ?? known(recall("last"));
  const opened = await (last?.photo ? openFile(last.photo, last.key) : openSample(last?.name ?? SAMPLES[0]));
  return opened || openSample(SAMPLES[0]);
}

/** What the server has not done of a session that an earlier visit left; it says how far it is. */
function undone(greeting, {sequence, sent, queue}) {
  if (greeting.sequence > sequence) return {};
  if (greeting.sequence === sequence) return {pending: queue};
  // Perhaps it is at that request just now: under the same number go the same operations.
  return {pending: [...sent, ...queue], first: sent.length};
}

// --- the strip -----------------------------------------------------------------------------------

const strip = find(".photos");

/** What the strip shows: the user's own photos, the latest first, then the samples. */
function listPhotos() {
  const own = vault.all().filter(entry => entry.photo).sort((a, b) => b.added - a.added);
  return [...own, ...SAMPLES.map(name => ({key: `sample ${name}`, name}))];
}

function showStrip() {
  const {activeElement} = document, wasInside = strip.contains(activeElement), {scrollLeft} = strip, entries = listPhotos();
  const place = entries.findIndex(entry => entry.key === state.photo?.key);
  strip.replaceChildren(...entries.map(makeChoice));
  strip.scrollLeft = scrollLeft;
  const shown = strip.querySelector("[aria-pressed=true]") ?? strip.querySelector(".photo");
  shown.tabIndex = 0;
  shown.scrollIntoView({block: "nearest", inline: "nearest"});
  find(".caption").textContent = place < 0 ? "" : `${entries[place].name} · ${place + 1} of ${entries.length}`;
  // Who works by keyboard goes on where they were. The mouse leaves the keys to the photo.
  if (!wasInside || !root.classList.contains("by-key")) return;
  const same = [...strip.querySelectorAll(".photo")].find(choice => choice.dataset.key === activeElement.dataset.key);
  (same ?? shown).focus();
}

// One stop of the Tab key; the arrow keys go along the strip, and the wheel moves it.
strip.addEventListener("keydown", event => {
  const choices = [...strip.querySelectorAll(".photo")], step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  const next = step && choices[choices.indexOf(event.target) + step];
  if (!step || !choices.includes(event.target)) return;
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
});
strip.addEventListener("wheel", event => {
  if (event.deltaX || strip.scrollWidth <= strip.clientWidth) return;
  event.preventDefault();
  strip.scrollLeft += event.deltaY * (event.deltaMode === 1 ? 16 : 1);
}, {passive: false});

/** Open the photo that is so many places further in the strip. */
export function stepPhoto(by) {
  const entries = listPhotos(), place = entries.findIndex(entry => entry.key === state.photo?.key) + by;
  if (entries[place]) openEntry(entries[place]);
  else say(by > 0 ? "This is the last photo." : "This is the first photo.");
}

const openEntry = entry => entry.photo ? openFile(entry.photo, entry.key) : openSample(entry.name);

/** Go on with the photo on which another tab of the browser works, with what was done there. */
commands.goOnHere = async () => {
  const {key, name, file} = state.photo;
  await takeOver(key);
  state.photo = null; // what this tab has of it is older: it begins anew
  for (const tab of allTabs()) tab.forget(key);
  await openEntry({key, name, photo: file});
};

function makeChoice(entry) {
  const isShown = entry.key === state.photo?.key;
  const choice = button(entry.name, "photo", () => {
    if (entry.key === state.photo?.key) choosePhoto(); // it stays, whatever is on its way
    else openEntry(entry);
  });
  if (entry.photo && !entry.thumb) choice.textContent = entry.name;
  else {
    const small = document.createElement("img");
    small.alt = "";
    small.draggable = false;
    small.src = entry.thumb ?? urlOf(`samples/${encodeURIComponent(entry.name)}`);
    choice.append(small);
  }
  choice.dataset.key = entry.key;
  choice.tabIndex = -1;
  choice.setAttribute("aria-pressed", String(isShown));
  if (!entry.photo || !isShown) return choice;
  const own = document.createElement("span");
  own.className = "own";
  own.append(choice, makeForget(entry));
  return own;
}

/** The button that forgets a photo, once it was pressed twice. */
function makeForget(entry) {
  const label = `Forget ${entry.name} and the work on it`;
  const away = button(label, "forget", () => {
    if (away.classList.contains("sure")) return forget(entry);
    arm(true);
    return say(`Press once more to forget ${entry.name} and the work on it.`);
  });
  const arm = sure => {
    away.classList.toggle("sure", sure);
    away.textContent = sure ? "Forget?" : "×";
    away.setAttribute("aria-label", sure ? `${label}? Press once more` : label);
  };
  arm(false);
  away.addEventListener("blur", () => arm(false));
  return away;
}

/** Take the open photo, one of the user's own, and the work on it out of this browser. */
async function forget(entry) {
  state.photo = null; // nothing more is saved of it
  for (const tab of allTabs()) tab.forget(entry.key);
  await vault.remove(entry.key);
  await openSample(SAMPLES[0]);
}
