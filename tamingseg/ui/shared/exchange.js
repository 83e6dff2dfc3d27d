// Annotation files: the work on the open photo, or on all photos, as a file of any format; and such files as
// work. The server reads and writes them, see tamingseg.annotations; what is lost is said before saving.

import {addClasses, classes} from "./classes.js";
import {find, mark, say} from "./dom.js";
import {tellTaken} from "./elsewhere.js";
import {download} from "./files.js";
import {hasFolder, lookSoon, page} from "./folder.js";
import {vault} from "./keep.js";
import {tellPhotos} from "./photos.js";
import {isFinished, stateOf} from "./progress.js";
import {sendFiles} from "./server.js";
import {FORMATS, MAX_WORK_MB} from "./settings.js";
import {commands, mayWork, state} from "./state.js";
import {recall, remember} from "./vault.js";
import {countOf, photoStem} from "./words.js";
import {act, documentNow, link} from "./work.js";

const dialog = find(".exchange"), list = dialog.querySelector("select"), visible = dialog.querySelector(".visible input");
const mapFile = dialog.querySelector(".map-file");
const TYPES = {".png": "image/png", ".json": "application/json", ".zip": "application/zip"};

/** Which photos are saved, and what is said of the others: {fits(how far one is), left}. */
const SCOPES = {
  this: {},
  all: {fits: said => said !== "new", left: "Photos that are new are left out."},
  finished: {fits: isFinished, left: "Photos that are new or in progress are left out."},
};

let scope = "this"; // of SCOPES
let asked = 0; // how many files were asked for
let made = null; // the file that can be saved: {file, ending}

list.append(...FORMATS.map(({name, title}) => new Option(title, name)));
list.value = recall("format") ?? FORMATS[0].name;
if (!list.value) list.selectedIndex = 0;

// --- saving --------------------------------------------------------------------------------------

commands.export = () => openDialog("this");
commands.exportAll = () => openDialog("all");
commands.exportThis = () => prepare("this");
commands.exportEvery = () => prepare("all");
commands.exportFinished = () => prepare("finished");
commands.saveExport = () => {
  const {name} = state.photo, stem = scope === "this" ? photoStem(name) : "photos";
  download(made.file, TYPES[made.ending] ?? "application/octet-stream", `${stem}-${list.value}${made.ending}`);
  dialog.close();
};
list.addEventListener("change", () => {
  remember("format", list.value);
  prepare(scope);
});
visible.addEventListener("change", () => prepare(scope));

function openDialog(which) {
  if (!state.photo) return;
  dialog.showModal();
  prepare(which);
}

/** Have the file made, and say what it does not keep. */
async function prepare(which) {
  const number = ++asked, format = FORMATS.find(({name}) => name === list.value);
  scope = which;
  made = null;
  show(format, ["Making the file …"]);
  await link.idle();
  const request = {format: format.name, visible: visible.checked}, name = scope === "this" ? state.photo.name : null;
  const answer = await (hasFolder ? sendFiles("export", {...request, name, finished: scope === "finished"}, []) : exportHere(request, format));
  if (number !== asked) return;
  if (!answer || answer.error) show(format, [answer?.error ?? "The server does not answer; try again."], true);
  else {
    made = answer.objects || hasFolder && answer.photos ? answer : null;
    show(format, [
      made ? `${countOf(answer.objects, "object")} in ${countOf(answer.photos, "photo")}.` : "There is no object to save.",
      ...[SCOPES[scope].left].filter(Boolean),
      ...answer.notes,
    ]);
  }
}

/** Ask for a file of what this browser has, with the photos if the format shows them. */
async function exportHere(request, {needs}) {
  const photos = await describePhotos(SCOPES[scope].fits);
  const files = needs ? photos.filter(({file}) => file).map(({name, file}) => [name, file]) : [];
  if (files.reduce((sum, [, file]) => sum + file.size, 0) > MAX_WORK_MB * 2 ** 20) {
    return {error: `The photos have more than ${MAX_WORK_MB} MB together; save this photo alone.`};
  }
  return sendFiles("export", {...request, classes, photos: photos.map(({file, ...photo}) => photo)}, files);
}

function show({words}, lines, isError = false) {
  mark(dialog, "scope", scope);
  dialog.querySelector(".format-words").textContent = words;
  const hidden = documentNow().objects.filter(object => object.hidden).length;
  dialog.querySelector(".visible span").textContent = `Leave out hidden objects${hidden ? ` (${hidden} hidden here)` : ""}`;
  dialog.querySelector(".lines").replaceChildren(...lines.map(makeLine));
  dialog.querySelector(".lines").classList.toggle("error", isError);
  dialog.querySelector("[data-do=saveExport]").disabled = !made;
}

function makeLine(text) {
  return Object.assign(document.createElement("li"), {textContent: text});
}

/** The photos as the server wants them, each with its `file`: the open one, or all that are as far as `fits` says. */
async function describePhotos(fits) {
  const {photo} = state;
  const open = {name: photo.name, size: photo.size, full_size: photo.fullSize, document: documentNow(), file: photo.file};
  if (!fits) return [open];
  await vault.read();
  const mine = {...vault.entries.get(photo.key), key: photo.key};
  const others = vault.all().filter(entry => entry.key !== photo.key && entry.full_size && fits(stateOf(entry)));
  return [...fits(stateOf(mine)) ? [open] : [], ...others.map(entry => ({
    name: entry.name, size: entry.size, full_size: entry.full_size, document: entry.size ? entry.document : null, file: entry.photo,
  }))];
}

// --- reading -------------------------------------------------------------------------------------

/** Read annotation files and add what they hold to the photos that are here. Undo takes it from the open one. With `map` the file is a label map of that one. */
export async function importFiles(files, map = false) {
  if (!state.photo || !mayWork()) return;
  const named = files.map(file => [file.path ?? file.name, file]);
  const names = named.length > 3 ? `${named.length} files` : named.map(([name]) => name).join(", ");
  if (files.reduce((sum, file) => sum + file.size, 0) > MAX_WORK_MB * 2 ** 20) {
    say(`${names}: annotation files of more than ${MAX_WORK_MB} MB together; take fewer, or “tamingseg convert”.`, true);
    return;
  }
  say(`Reading ${names} …`);
  await vault.read();
  await link.idle();
  const {photo} = state, mine = {name: photo.name, full_size: photo.fullSize, objects: documentNow().objects.length};
  const others = hasFolder || map ? [] : vault.all().filter(({key, full_size}) => key !== photo.key && full_size);
  const answer = await sendFiles("import", hasFolder ? {...mine, page, map} : {
    map, photos: [mine, ...others.map(({name, full_size, document}) => ({name, full_size, objects: document.objects.length}))],
  }, named);
  if (!answer || answer.error) {
    say(`${names}: ${answer?.error ?? "the server does not answer; nothing was read."}`, true);
    return;
  }
  const isList = !answer.objects && !answer.notes.length;
  const added = answer.objects || isList ? addClasses(answer.classes) : [];
  const colours = new Map(added.map(({name, colour}) => [name, colour]));
  const coloured = answer.photos.map(({size, objects}) => ({size, objects: objects.map(one => ({...one, colour: colours.get(one.name) ?? one.colour}))}));
  const counts = await addTo([photo, ...others], coloured);
  await link.idle();
  if (hasFolder) lookSoon();
  report(answer, counts, names);
}

commands.readMap = () => mapFile.click();
mapFile.addEventListener("change", () => {
  dialog.close();
  importFiles([...mapFile.files], true);
  mapFile.value = "";
});

/**
 * Add what was `found` to photos, but for objects that they have already. Another tab that shows one of them is told.
 * Returns how many objects were `known`, how many `photos` have new ones, and the names of those `left` that cannot be reached any more.
 */
async function addTo(photos, found) {
  const counts = {known: 0, photos: 0, left: []}, some = photos.map((photo, i) => [photo, found[i]]).filter(([, {objects}]) => objects.length);
  const isOpen = ({key}) => key === state.photo?.key;
  await tellTaken(some.filter(([photo]) => !isOpen(photo)).map(([{key}]) => key));
  for (const [photo, {size, objects}] of some) {
    const entry = await vault.get(photo.key);
    if (!isOpen(photo) && !entry) {
      counts.left.push(photo.name);
      continue;
    }
    const document = isOpen(photo) ? documentNow() : entry.document;
    const had = new Set(document.objects.map(labelAndMask)), more = objects.filter(one => !had.has(labelAndMask(one)));
    counts.known += objects.length - more.length;
    if (!more.length) continue;
    counts.photos += 1;
    if (isOpen(photo)) act({do: "add_objects", objects: more});
    else {
      const said = entry.state === "done" ? "started" : entry.state; // nobody has looked at them yet
      await vault.put({...entry, size, document: withObjects(document, more), state: said, time: Date.now()});
    }
  }
  tellPhotos();
  return counts;
}

/** What tells an object from others; those that nobody named are written with the label "object". */
const labelAndMask = ({name, mask}) => `${/^Object \d+$/.test(name) ? "object" : name} ${mask}`;

function withObjects(document, more) {
  let id = Math.max(0, ...document.objects.map(object => object.id));
  return {...document, objects: [...document.objects, ...more.map(({name, mask, hidden, colour}) => ({
    id: ++id, name, colour, hidden, threshold: 0.5, clicks: [], cuts: [], mask, base: mask, key: `import ${id}`, answer: null,
  }))]};
}

function report(answer, counts, names) {
  const {objects, notes} = answer, known = counts.known + (answer.known ?? 0), isList = !objects && !notes.length && answer.classes.length;
  const text = isList ? `${countOf(answer.classes.length, "class")} ${answer.classes.length === 1 ? "was" : "were"} read from ${names}.`
    : !objects ? `Nothing of ${names} belongs to a photo that is here.`
      : known === objects ? `Nothing new in ${names}: ${known === 1 ? "its object is" : `its ${known} objects are`} here already.`
        : `${countOf(objects - known, "object")} in ${countOf(counts.photos + (answer.in_photos ?? 0), "photo")} were read from ${names}.${known ? ` ${known} were here already.` : ""}`;
  const left = counts.left.map(name => `${name} was left meanwhile: read ${names} again with that photo open.`);
  say([text, ...left].join(" "), !objects && !isList || left.length > 0);
  if (!notes.length) return;
  const told = find(".told");
  told.querySelector("h2").textContent = text;
  told.querySelector("ul").replaceChildren(...notes.map(makeLine));
  told.showModal();
}
