// Annotation files: the work on the open photo, or on all photos, as a file of any format; and such files as
// work. The server reads and writes them, see tamingseg.annotations; what is lost is said before saving.

import {find, mark, say} from "./dom.js";
import {tellTaken} from "./elsewhere.js";
import {asText, download} from "./files.js";
import {vault} from "./keep.js";
import {call} from "./server.js";
import {FORMATS, MAX_FILES_MB} from "./settings.js";
import {commands, mayWork, state} from "./state.js";
import {recall, remember} from "./vault.js";
import {countOf, photoStem} from "./words.js";
import {act, documentNow, link} from "./work.js";

const dialog = find(".exchange"), list = dialog.querySelector("select"), visible = dialog.querySelector(".visible input");
const TYPES = {".png": "image/png", ".json": "application/json", ".zip": "application/zip"};

let scope = "this"; // which photos: "this" or "all"
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
  const photos = await describePhotos(scope === "all");
  const answer = await call("export_work", {format: format.name, visible: visible.checked, photos});
  if (number !== asked) return;
  if (!answer || answer.error) show(format, [answer?.error ?? "The server does not answer, or the work is too much for one file."], true);
  else {
    made = answer.objects ? answer : null;
    show(format, [
      answer.objects ? `${countOf(answer.objects, "object")} in ${countOf(photos.length, "photo")}.` : "There is no object to save.",
      ...answer.notes,
    ]);
  }
}

function show({words}, lines, isError = false) {
  mark(dialog, "scope", scope);
  dialog.querySelector(".format-words").textContent = words;
  const hidden = documentNow().objects.filter(object => object.hidden).length;
  dialog.querySelector(".visible span").textContent = `Only what is shown${hidden ? ` (${hidden} hidden here)` : ""}`;
  dialog.querySelector(".lines").replaceChildren(...lines.map(makeLine));
  dialog.querySelector(".lines").classList.toggle("error", isError);
  dialog.querySelector("[data-do=saveExport]").disabled = !made;
}

function makeLine(text) {
  return Object.assign(document.createElement("li"), {textContent: text});
}

/** The photos as the server wants them: the open one, or all whose size is known. */
async function describePhotos(all) {
  const {photo} = state, open = {name: photo.name, size: photo.size, full_size: photo.fullSize, document: documentNow()};
  if (!all) return [open];
  await vault.read();
  const others = vault.all().filter(({key, full_size}) => key !== photo.key && full_size);
  return [open, ...others.map(entry => ({name: entry.name, size: entry.size, full_size: entry.full_size, document: entry.size ? entry.document : null}))];
}

let tellNames = () => {};

/** Have `listener(objects)` called with the objects that were read. */
export function onNames(listener) {
  tellNames = listener;
}

// --- reading -------------------------------------------------------------------------------------

/** Read annotation files and add what they hold to the photos that are here. Undo takes it from the open one. */
export async function importFiles(files) {
  if (!state.photo || !mayWork()) return;
  const names = files.map(file => file.path ?? file.name).join(", ");
  if (files.reduce((sum, file) => sum + file.size, 0) > MAX_FILES_MB * 2 ** 20) {
    say(`${names}: annotation files of more than ${MAX_FILES_MB} MB together; take fewer, or “tamingseg convert”.`, true);
    return;
  }
  say(`Reading ${names} …`);
  const contents = await Promise.all(files.map(async file => [file.path ?? file.name, await asText(file)]));
  await vault.read();
  await link.idle();
  const {photo} = state, others = vault.all().filter(({key, full_size}) => key !== photo.key && full_size);
  const told = [
    {name: photo.name, full_size: photo.fullSize, objects: documentNow().objects.length},
    ...others.map(({name, full_size, document}) => ({name, full_size, objects: document.objects.length})),
  ];
  const answer = await call("import_work", {files: Object.fromEntries(contents), photos: told});
  if (photo.key !== state.photo?.key) return;
  if (!answer || answer.error) {
    say(`${names}: ${answer?.error ?? "the server does not answer; nothing was read."}`, true);
    return;
  }
  const [mine, ...theirs] = answer.photos;
  if (mine.objects.length) act({do: "add_objects", objects: mine.objects});
  await addTo(others, theirs);
  await link.idle();
  tellNames(answer.photos.flatMap(({objects}) => objects));
  report(answer, names);
}

/** Add objects to the photos that are not open here. Another tab that shows one of them is told. */
async function addTo(entries, found) {
  const changed = entries.map((entry, i) => [entry, found[i]]).filter(([, {objects}]) => objects.length);
  if (!changed.length) return;
  await tellTaken(changed.map(([entry]) => entry.key));
  for (const [{key}, {size, objects}] of changed) {
    const entry = await vault.get(key);
    let id = Math.max(0, ...entry.document.objects.map(object => object.id));
    const more = objects.map(({name, mask, hidden, colour}) => ({
      id: ++id, name, colour, hidden, threshold: 0.5, clicks: [], cuts: [], mask, base: mask, key: `import ${id}`, answer: null,
    }));
    const document = {...entry.document, objects: [...entry.document.objects, ...more]};
    await vault.put({...entry, size, document, time: Date.now()});
  }
}

function report({photos, objects, notes}, names) {
  const count = photos.filter(photo => photo.objects.length).length;
  const text = objects ? `${countOf(objects, "object")} in ${countOf(count, "photo")} were read from ${names}.` : `Nothing of ${names} belongs to a photo that is here.`;
  say(text, !objects);
  if (!notes.length) return;
  const told = find(".told");
  told.querySelector("h2").textContent = text;
  told.querySelector("ul").replaceChildren(...notes.map(makeLine));
  told.showModal();
}
