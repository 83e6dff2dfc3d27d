// The folder of photos on the server, if the page shows one: how far each photo is, who works on it, and
// the classes. The server keeps all of it; the page asks every few seconds what changed.

import {call, urlOf} from "./server.js";
import {FOLDER} from "./settings.js";

const PAUSE = 4000; // milliseconds between looks at what others do
const SOON = 300; // and after something was done here

/** The name of this page, by which the server knows what it works on. */
export const page = [...crypto.getRandomValues(new Uint32Array(4))].map(part => part.toString(36)).join("");

export const hasFolder = FOLDER !== null;

/** The photos of the folder, in order: {key, name, folder, state, objects, labels, step, lock}; objects is how many there are, labels are theirs, step counts their changes, lock is who else works on one. */
export let folderPhotos = [];

let known = {run: null, step: null, classes: ""}; // what the server told last
let timer = 0;
let setting = 0; // how many changes of the classes are under way
let working = () => null;
const listeners = {change: () => {}, classes: () => {}, lost: () => {}, notices: () => {}};

/** Have `listener` called: "change" with entries that are different now, "classes" with them, "lost" with who took the open photo, "notices" with lines for the user. */
export function onFolder(what, listener) {
  listeners[what] = listener;
}

/** Have `give()` say which photo this page works on, null for none. */
export function onLook(give) {
  working = give;
}

/** Resolves when the list of photos is here. */
export async function loadFolder() {
  while (!await look()) await new Promise(resolve => setTimeout(resolve, 1000));
}

/** Look soon: something was done here. */
export function lookSoon() {
  clearTimeout(timer);
  timer = setTimeout(look, SOON);
}

/** Ask what changed; says whether there was an answer. */
async function look() {
  clearTimeout(timer);
  const name = working(), answer = await call("look_at_folder", {page, since: known.step, name});
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
  if (!answer || answer.error) return false;
  if (!hear(answer)) return look();
  if (answer.elsewhere && name === working()) listeners.lost(answer.elsewhere);
  return true;
}

/** Take over what changed; returns false if it must be asked for once more, all of it, for another run of the server counts anew. */
function hear(answer) {
  const isSame = answer.run === known.run || known.step === null;
  if (isSame) take(answer);
  else known = {...known, step: null, run: answer.run};
  return isSame;
}

function take({run, step, photos, locks, classes, notices}) {
  if (!folderPhotos.length) folderPhotos = photos.map(({name}) => ({key: `folder ${FOLDER.id} ${name}`, name, folder: true, lock: null}));
  const told = new Map(photos.map(photo => [photo.name, photo])), changed = [];
  for (const entry of folderPhotos) {
    const now = {...told.get(entry.name), lock: locks[entry.name] ?? null};
    if (Object.keys(now).every(what => String(now[what]) === String(entry[what]))) continue;
    Object.assign(entry, now);
    changed.push(entry);
  }
  const text = JSON.stringify(classes);
  if (text !== known.classes && !setting) listeners.classes(classes);
  known = {run, step, classes: setting ? known.classes : text};
  if (changed.length) listeners.change(changed);
  listeners.notices(notices);
}

/** Have these classes in the project: [{name, colour}]. */
export async function keepClasses(classes) {
  setting += 1;
  await call("set_classes", classes.map(({name, colour}) => ({name, colour})));
  setting -= 1;
}

/** Rename a class in all photos but the open one and those in use; what the server answers, with how many `photos` were changed. */
export const renameOnServer = (old, text) => call("rename_class", {page, name: working(), old, new: text});

/** What the page knows of a photo that it leaves, until the server tells it: the names of its objects. */
export function noteLeft(key, labels) {
  const entry = folderPhotos.find(one => one.key === key);
  if (entry) Object.assign(entry, {labels, objects: labels.length});
}

/** Open a photo of the folder, as far as the server is concerned. */
export const openOnServer = (name, more) => call("open_in_folder", {page, name, ...more});

/** Say how far a photo is, and hear what others did; what the server answers. */
export async function markOnServer(name, state) {
  const answer = await call("mark_photo", {page, name, state, since: known.step});
  if (answer && !answer.error && !hear(answer)) await look();
  return answer;
}

/** The address of the small picture of a photo, with its objects: another one after every step. */
export const thumbOf = ({name, step}) => urlOf(`folder/thumb?name=${encodeURIComponent(name)}&as=${known.run}-${step}`);

/** The page is closed. */
export function leaveFolder() {
  if (hasFolder) navigator.sendBeacon(urlOf("folder/leave"), page);
}
