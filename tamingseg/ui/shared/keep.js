// Keeping the work on the open photo in the vault, as it is done.

import {find, root, say} from "./dom.js";
import {timeless} from "./server.js";
import {state, view} from "./state.js";
import {VAULT_PHOTOS, Vault, remember} from "./vault.js";
import {documentNow, link, onAnswer} from "./work.js";

const PAUSE = 250; // milliseconds of rest before something is saved

export const vault = new Vault();

let saving = 0; // the timer of the next save
let resting = 0; // the same for parts
let writing = 0; // writes under way
let showAdded = () => {};
const changed = new Map(); // kind of a part -> what gives it

/** Have `listener()` called when a photo of the user's own was added to the vault. */
export function onAdded(listener) {
  showAdded = listener;
}

onAnswer((answer, operations) => {
  if (!answer.objects || !operations.length) return;
  saving ||= setTimeout(saveNow, PAUSE);
  showUnsaved();
});

/** Say in an attribute whether something is still to be saved, for whoever wants to wait for it. */
function showUnsaved() {
  root.toggleAttribute("data-unsaved", Boolean(saving || changed.size || writing));
}

/** Something is being written; `kept` will say whether it lasts. */
async function follow(kept) {
  writing += 1;
  showUnsaved();
  if (!await kept) find(".notice").hidden = false; // it stays from now on
  writing -= 1;
  showUnsaved();
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
    const part = state.photo && give();
    if (part) follow(vault.putPart(kind, state.photo.key, part));
  }
  changed.clear();
  showUnsaved();
}

export function saveNow() {
  clearTimeout(saving);
  saving = 0;
  const {photo} = state;
  if (!photo) return;
  const earlier = vault.entries.get(photo.key);
  const entry = {
    key: photo.key, name: photo.name, photo: photo.file, time: Date.now(), added: earlier?.added ?? Date.now(),
    thumb: photo.file ? earlier?.thumb ?? thumbnail() : undefined, document: documentNow(),
    pending: timeless(link.pending), recipe: earlier?.recipe ?? photo.recipe,
  };
  follow(!earlier && photo.file ? add(entry) : vault.put(entry));
}

/** Keep a photo of the user's own for the first time. Says whether it will last. */
async function add(entry) {
  const kept = await vault.put(entry), lost = await vault.makeRoom(entry);
  showAdded();
  if (lost.length) link.idle().then(() => tellLost(lost)); // not to be talked over
  return kept;
}

function tellLost(entries) {
  const names = entries.map(entry => entry.name).join(", ");
  say(`There is room for ${VAULT_PHOTOS} photos here: ${names} and the work on it had to go.`, true);
}

/** A small square of the picture on the screen, as a data URL. */
function thumbnail() {
  const small = document.createElement("canvas"), {picture} = view;
  const side = Math.min(picture.width, picture.height);
  small.width = small.height = 96;
  const context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, 96, 96);
  return small.toDataURL("image/jpeg", 0.85);
}
