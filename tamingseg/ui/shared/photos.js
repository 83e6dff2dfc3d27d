// Photos: opening, changing, coming back to them, and forgetting them.

import {canvas, find, say, touch} from "./dom.js";
import {onAddedElsewhere, showHolder, takeOver, tellAdded, tellOpen} from "./elsewhere.js";
import {isPhoto} from "./files.js";
import {folderPhotos, hasFolder, loadFolder, lookSoon, noteLeft, onFolder, onLook, openOnServer} from "./folder.js";
import {keepPhotos, onAdded, rememberSession, saveChanges, saveNow, showNotice, vault} from "./keep.js";
import {beginLight, lightOf} from "./light.js";
import {isFinished, noteUnopened, stateOf} from "./progress.js";
import {call, sendFile, urlOf} from "./server.js";
import {MAX_PHOTO_MB, SAMPLES} from "./settings.js";
import {allTabs, commands, mayLeave, refresh, state, view} from "./state.js";
import {recall, remember} from "./vault.js";
import {countOf} from "./words.js";
import {beginWork, documentNow, link, onAnswer, work} from "./work.js";

let chosen = 0; // how many photos the user chose
export let aim = null; // the key of the photo that is on its way
let content = []; // the objects of the open photo, as they were told last
const listeners = [];

/** Have `listener(changed)` called when photos came or went, another one is open, or some `changed`, of which it gets the entries. */
export function onPhotos(listener) {
  listeners.push(listener);
}

link.gone = reopen;
onAddedElsewhere(() => tellPhotos());
onAdded(() => {
  tellPhotos();
  tellAdded();
});
onAnswer((answer, operations) => {
  if (!answer.objects) return;
  const before = content;
  content = work.objects;
  if (!operations.length) return;
  if (differ(before, content)) reopenDone();
  if (hasFolder) lookSoon();
  tellPhotos(listPhotos().filter(entry => entry.key === state.photo?.key));
});
onFolder("change", tellPhotos);
onFolder("lost", showHolder);
onFolder("notices", lines => showNotice(lines.join(" ")));
onLook(() => state.photo?.folder && !state.elsewhere && link.token !== null ? state.photo.name : null);

/** The user chose a photo. Returns what tells whether no other was chosen since. */
export function choosePhoto() {
  const number = ++chosen;
  return () => number === chosen;
}

/**
 * Open what the vault or the strip names; the work of an earlier visit comes back with it.
 * Returns whether it is open, or another photo was chosen meanwhile.
 */
export async function openSample(name) {
  const key = `sample ${name}`, wanted = choosePhoto();
  return arrive(await call("open_sample", name), {key, name, file: null}, wanted, await vault.get(key));
}

const newKey = () => `photo ${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;

/** Open the first of these files as a photo, and keep the others in the strip until they are opened. */
export async function openFiles(files) {
  if (hasFolder) {
    say("This page works on the photos of its folder. Copy more photos there, and start it again.", true);
    return;
  }
  if (!mayLeave()) return;
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
  else if (others.length) say(`${countOf(photos.length, "photo")} are here. ${touch ? "“Next”" : "Page Down"} goes to the next one.`);
}

async function openFile(file, key = newKey()) {
  const name = (file.name || "pasted photo").slice(0, 200), wanted = choosePhoto();
  say(`Opening ${name} …`);
  const answer = takeAhead(key) ?? await upload(file, name);
  noteOpened(key, answer);
  if (answer?.error && wanted()) {
    say(`${name} could not be opened: ${answer.error}`, true);
    return false;
  }
  return arrive(answer, {key, name, file}, wanted, await vault.get(key));
}

/** Open a photo of the folder; `take` it whoever works on it. `session` is what an earlier visit left. */
async function openInFolder({key, name}, {take = false, session = null} = {}) {
  const wanted = choosePhoto(), token = session?.token ?? takeAhead(key)?.token;
  say(`Opening ${name} …`);
  const answer = await openOnServer(name, {take, token});
  noteOpened(key, answer);
  const more = answer?.resumed && session ? undone(answer, session) : {};
  const before = state.photo, former = link.token;
  const opened = await arrive(answer, {key, name, file: null, folder: true}, wanted, {document: answer?.document, ...more});
  if (opened && before?.folder && before.key !== key && former) ahead.set(before.key, {token: former});
  return opened;
}

/** Remember whether a photo could be opened, by what the server answered. */
function noteOpened(key, answer) {
  if (answer && noteUnopened(key, answer.error)) tellPhotos(listPhotos().filter(entry => entry.key === key));
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
  let picture = await pictureOf(answer);
  if (!picture) { // perhaps the server had to make room and dropped the photo at once
    answer = await openAgain(opened);
    picture = await pictureOf(answer);
  }
  if (!picture) return refuse("The picture did not arrive; nothing was changed.");
  const light = await lightOf(opened.key);
  if (!wanted()) return true;
  saveChanges(); // what it saves is settled when it returns: nothing comes between it and the new photo
  const same = state.photo?.key === opened.key;
  if (state.photo && !same) noteLeft(state.photo.key, work.objects.map(({name}) => name));
  state.photo = {...opened, size: answer.size, fullSize: answer.full_size};
  state.crosshair = null;
  if (!same) {
    if (!opened.folder) tellOpen(opened.key);
    beginWork(document);
    content = work.objects;
  }
  if (opened.folder) showHolder(answer.elsewhere);
  const [height, width] = answer.size;
  if (same) view.draw();
  else {
    view.show(picture, height, width);
    beginLight(light);
  }
  canvas.setAttribute("data-ready", opened.key);
  say("Reading the photo; a click made now is answered at once when that is done.");
  remember("last", opened.key);
  link.begin(answer, opened.folder && !same ? null : document, pending, first); // the server has it
  rememberSession();
  tellPhotos();
  for (const tab of allTabs()) tab.arrived(same);
  refresh();
  if (!vault.entries.has(opened.key)) saveNow();
  return true;
}

/** The picture of a photo that the server opened; null if it does not arrive. That of the next one is here already. */
async function pictureOf({picture: key} = {}) {
  if (nextPicture.key === key) return nextPicture.arrives;
  const picture = new Image();
  picture.src = urlOf(`picture/${key}`);
  return picture.decode().then(() => picture, () => null);
}

/** The server forgot us: open the same photo again, with the work as it was, and go on. */
export async function reopen() {
  const {visit} = link, opened = state.photo, isOpen = () => state.photo && visit === link.visit;
  while (isOpen()) {
    const answer = await openAgain(opened);
    const isTaken = Boolean(answer?.elsewhere); // somebody went on with it: what is here is older
    if (isTaken) state.photo = null;
    const mine = {document: documentNow(), pending: link.queue};
    if (await arrive(answer, opened, isTaken ? () => visit === link.visit : isOpen, isTaken ? {document: answer.document} : mine)) return;
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
}

function openAgain({file, name, folder}) {
  if (folder) return openOnServer(name, {again: true});
  return file ? upload(file, name) : call("open_sample", name);
}

/** Begin where this page was before a reload, else with the photo last worked on, else afresh. */
export async function openFirstPhoto() {
  await vault.ready;
  if (hasFolder) await loadFolder();
  tellPhotos();
  const session = JSON.parse(recall("session", "sessionStorage") ?? "null");
  if (hasFolder) return openFirstOfFolder(session);
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

/** Begin with the photo that was open before a reload, else with the first one that is not done. */
async function openFirstOfFolder(session) {
  const before = [session?.key, recall("last")].map(key => folderPhotos.find(entry => entry.key === key)).find(Boolean);
  const unfinished = folderPhotos.find(entry => !isFinished(stateOf(entry)) && !entry.lock);
  const first = before ?? unfinished ?? folderPhotos[0];
  const isSame = first.key === session?.key;
  if (await openInFolder(first, isSame ? {session} : {})) return openAhead(folderPhotos[folderPhotos.indexOf(first) + 1]);
  for (const entry of folderPhotos.filter(one => one !== first)) if (await openInFolder(entry)) return true;
  return false;
}

/** What the server has not done of a session that an earlier visit left; it says how far it is. */
function undone(greeting, {sequence, sent, queue}) {
  if (greeting.sequence > sequence) return {};
  if (greeting.sequence === sequence) return {pending: queue};
  // Perhaps it is at that request just now: under the same number go the same operations.
  return {pending: [...sent, ...queue], first: sent.length};
}

// --- which there are -----------------------------------------------------------------------------

/** All photos, as the strip and the list show them: those of the folder; or the user's own, the latest first, then the samples. */
export function listPhotos() {
  if (hasFolder) return folderPhotos;
  const own = vault.all().filter(entry => entry.photo).sort((a, b) => b.added - a.added);
  return [...own, ...SAMPLES.map(name => ({...vault.entries.get(`sample ${name}`), key: `sample ${name}`, name}))];
}

/** Tell that photos came or went, or that some `changed`. */
export function tellPhotos(changed) {
  const entries = listPhotos(), place = entries.findIndex(entry => entry.key === state.photo?.key);
  find(".caption").textContent = place < 0 ? "" : `${entries[place].name} · ${place + 1} of ${entries.length}`;
  for (const listener of listeners) listener(changed);
}

export async function openEntry(entry) {
  if (!mayLeave()) return false;
  aim = entry.key;
  const opened = await (entry.folder ? openInFolder(entry) : entry.photo ? openFile(entry.photo, entry.key) : openSample(entry.name));
  if (aim === entry.key) aim = null;
  return opened;
}

/** Go on with the photo on which somebody else works, with what was done there. */
commands.goOnHere = async () => {
  const {key, name, file, folder} = state.photo;
  if (!folder) await takeOver(key);
  state.photo = null; // what this tab has of it is older: it begins anew
  for (const tab of allTabs()) tab.forget(key);
  await (folder ? openInFolder({key, name}, {take: true}) : openEntry({key, name, photo: file}));
};

// --- the next one, before it is wanted -----------------------------------------------------------

const AHEAD = 8; // photos that the server may have, by the tokens we know
const ahead = new Map(); // key -> what the server said when it opened it
let nextPicture = {key: null, arrives: null}; // of the photo that was opened ahead last

/** Have the server read and encode a photo that will be wanted soon. */
export async function openAhead(entry) {
  if (!entry || ahead.has(entry.key) || !(entry.folder || entry.photo)) return;
  await link.idle(); // the open photo comes first
  const greeting = await (entry.folder ? openOnServer(entry.name, {ahead: true}) : upload(entry.photo, entry.name));
  if (!greeting || greeting.error) return;
  ahead.set(entry.key, greeting);
  if (ahead.size > AHEAD) ahead.delete(ahead.keys().next().value);
  await call("encode_ahead", {token: greeting.token});
  nextPicture = {key: greeting.picture, arrives: pictureOf(greeting)};
}

function takeAhead(key) {
  const greeting = ahead.get(key);
  ahead.delete(key);
  return greeting;
}

// --- how far they are ----------------------------------------------------------------------------

/** Whether objects differ in what an annotator decides, not in how they are shown. */
const differ = (before, now) => before.length !== now.length
  || now.some((object, i) => object !== before[i] && (object.name !== before[i].name || object.mask !== before[i].mask));

/** The open photo was changed: if it was done, it is in progress again. (The server does the same with a folder.) */
function reopenDone() {
  const {key, name, folder} = state.photo, entry = listPhotos().find(one => one.key === key);
  if (!entry || stateOf(entry) !== "done") return;
  if (folder) entry.state = "started";
  else saveNow("started");
  link.idle().then(() => say(`${name} was done; now it is in progress again. ${touch ? "Tap Done" : "Press A"} when it is done.`)); // not to be talked over
}

