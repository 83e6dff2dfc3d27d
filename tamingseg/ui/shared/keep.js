// Keeping the work on the open photo in the vault, as it is done; and photos that are not opened yet.

import {find, root} from "./dom.js";
import {timeless} from "./server.js";
import {PALETTE} from "./settings.js";
import {state, view} from "./state.js";
import {Vault, remember} from "./vault.js";
import {countOf} from "./words.js";
import {documentNow, link, maskOf, onAnswer, work} from "./work.js";

const PAUSE = 250; // milliseconds of rest before something is saved
const SHORT = 0.9; // of what the browser allows; from there on it is said that room is short
const THUMB = 96; // pixels of each side of a small picture

export const vault = new Vault();

let saving = 0; // the timer of the next save
let resting = 0; // the same for parts
const writing = new Set(); // promises of writes under way
let hasAsked = false; // whether the browser was asked to keep what is stored
let showAdded = () => {};
const changed = new Map(); // kind of a part -> what gives it

/** Have `listener()` called when photos of the user's own were added to the vault. */
export function onAdded(listener) {
  showAdded = listener;
}

onAnswer((answer, operations) => {
  if (!answer.objects || !operations.length || state.elsewhere) return;
  saving ||= setTimeout(() => saveNow(), PAUSE);
  showUnsaved();
});

/** Say in an attribute whether something is still to be saved, for whoever wants to wait for it. */
function showUnsaved() {
  root.toggleAttribute("data-unsaved", Boolean(saving || changed.size || writing.size));
}

/** Something is being written; `kept` will say whether it lasts. */
async function follow(kept) {
  writing.add(kept);
  showUnsaved();
  await kept;
  writing.delete(kept);
  showUnsaved();
  showRoom();
}

/** Resolves when all that was to be written is. */
export async function written() {
  await Promise.all(writing);
}

/** Say something in the bar that stays; nothing if there is nothing to say. */
export function showNotice(text) {
  const bar = find(".notice");
  bar.hidden = !text;
  bar.querySelector("span").textContent = text;
}

/** Say in a bar, for as long as it is so, that work is not kept, or that there is little room for more. */
async function showRoom() {
  const lost = vault.unkept.size;
  const {usage = 0, quota = Infinity} = await navigator.storage?.estimate?.().catch(() => {}) ?? {};
  const isShort = usage > SHORT * quota;
  showNotice(!(lost || isShort) ? "" : !vault.isAllowed ? "This browser does not keep your work. Save the masks before you leave."
    : lost ? `This browser has no room left: the work on ${nameUnkept()} is not kept. Save it before you leave, or forget photos you are done with.`
      : `Little room is left in this browser (${Math.max(0, Math.floor((quota - usage) / 2 ** 20))} MB). Save your work, and forget photos you are done with.`);
}

function nameUnkept() {
  const names = [...vault.entries.values()].filter(entry => [...vault.unkept.keys()].some(key => key.endsWith(entry.key))).map(entry => entry.name);
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${countOf(names.length - 2, "more photo")}` : names.join(", ");
}

/** What a reload needs to go on here: the session, and what the server may not have done in it. */
export function rememberSession() {
  const {token, sequence, sent, queue} = link;
  const session = {token, key: state.photo.key, sequence, sent: timeless(sent), queue: timeless(queue)};
  remember("session", JSON.stringify(session), "sessionStorage");
}

/** Save what changed here. What did not may be older than what another tab saved. */
export function saveChanges() {
  if (saving || link.pending.length) saveNow();
  saveParts();
}

/** A part of the work on this photo was changed by the user; save what `give` says once they rest. */
export function savePartSoon(kind, give) {
  changed.set(kind, give);
  clearTimeout(resting);
  resting = setTimeout(saveParts, PAUSE);
  showUnsaved();
}

function saveParts() {
  for (const [kind, give] of changed) {
    const part = state.photo && !state.elsewhere && give();
    if (part) follow(vault.putPart(kind, state.photo.key, part));
  }
  changed.clear();
  showUnsaved();
}

/** Save the work on the open photo now; `said` is how far it is, if the user said so. */
export function saveNow(said) {
  clearTimeout(saving);
  saving = 0;
  const {photo} = state;
  if (!photo || photo.folder || state.elsewhere) return showUnsaved(); // the server keeps those of the folder
  const earlier = vault.entries.get(photo.key);
  const entry = {
    key: photo.key, name: photo.name, photo: photo.file, time: Date.now(), added: earlier?.added ?? Date.now(),
    thumb: photo.file || work.objects.length ? thumbnail(view.picture, paintObjects) : undefined, document: documentNow(),
    pending: timeless(link.pending), recipe: earlier?.recipe ?? photo.recipe,
    size: photo.size, full_size: photo.fullSize, state: said ?? earlier?.state,
  };
  keepEntry(entry);
  if (!earlier && photo.file) showAdded();
}

function keepEntry(entry) {
  if (entry.photo) askToKeep();
  follow(vault.put(entry));
}

/** Ask the browser, once, not to throw away what is stored when its disk is full. */
function askToKeep() {
  if (!hasAsked) navigator.storage?.persist?.().catch(() => {});
  hasAsked = true;
}

/** Keep photos that nobody has opened yet: [key, file], in this order after the one that is opened. */
export async function keepPhotos(photos) {
  const now = Date.now();
  for (const [place, [key, file]] of photos.entries()) {
    const time = now - 1 - place;
    const seen = await lookAt(file);
    keepEntry({key, name: file.name, photo: file, time, added: time, ...seen, document: {objects: [], active: null}, pending: []});
    if (place % 8 === 7) showAdded(); // one after the other, as they are read
  }
  showAdded();
}

/** The size of a photo and a small picture of it, as of an entry; nothing if the browser cannot read it. */
async function lookAt(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  return picture ? {full_size: [picture.height, picture.width], thumb: thumbnail(picture)} : {};
}

/** The middle of a picture as a small square, as a data URL; `paint(context)` paints on it in the picture's pixels. */
function thumbnail(picture, paint = () => {}) {
  const small = document.createElement("canvas");
  const side = Math.min(picture.width, picture.height);
  small.width = small.height = THUMB;
  const context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.scale(THUMB / side, THUMB / side);
  context.translate((side - picture.width) / 2, (side - picture.height) / 2);
  context.drawImage(picture, 0, 0);
  paint(context);
  return small.toDataURL("image/jpeg", 0.85);
}

/** Paint the objects of the open photo in their colours. */
function paintObjects(context) {
  context.scale(view.picture.width / view.width, view.picture.height / view.height);
  context.globalAlpha = 0.5;
  for (const object of work.objects.filter(({hidden}) => !hidden)) {
    const mask = maskOf(object);
    context.fillStyle = PALETTE[object.colour][0];
    if (mask) context.fill(mask.path, "evenodd");
  }
}
