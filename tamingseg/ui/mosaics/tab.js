// The mosaics tab: pictures put together from textures, and beside them what the model sees in them;
// or the same pictures of the photo. They lie over the stage, and the pointer is shown in all of them.

import {button, choice, find, hint, say, showTimes} from "../shared/dom.js";
import {bytesOf, download} from "../shared/files.js";
import {vault} from "../shared/keep.js";
import {arrive, choosePhoto} from "../shared/photos.js";
import {Run, ask} from "../shared/requests.js";
import {call} from "../shared/server.js";
import {Scores} from "../shared/scores.js";
import {LAYOUTS, MAX_PIECES, MOSAIC_MEASURES, SEEDS, TEXTURES} from "../shared/settings.js";
import {commands, mayLeave, openTab, refresh, state} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {inSeconds, percent, photoStem} from "../shared/words.js";
import {link} from "../shared/work.js";

const panel = find("#panel-mosaics"), gallery = find(".gallery");
const seedInput = find("#seg-seed"), piecesInput = find("#seg-pieces");
find(".stage").append(gallery);
piecesInput.max = MAX_PIECES;

const choices = {textures: TEXTURES, layouts: LAYOUTS};
const taken = {}; // what is chosen of each
let drawn = null; // {pictures: [{title, png}], right, recipe, photo, token, of}: what is shown; photo is its key
let drawMs = null; // how long that took

let measured = {recipe: null, rows: []}; // what was measured last

const drawing = new Run("draw", fetchPictures);
const measuring = new Run("measure", ({rows}) => {
  measured = {recipe: measuring.request.recipe, rows};
  const [, right, rand] = rows.at(-2);
  say(`${nameOfSeeds()}: ${percent(right)} of the pixels are right, adjusted Rand ${rand.toFixed(3)}, in the mean.`);
  scores.bringUpToDate();
});
const scores = new Scores(".of-seeds", "saveSeedScores", ["Mosaic", ...MOSAIC_MEASURES], async () => measured, nameOfSeeds);

/** What was measured last, in words. */
function nameOfSeeds() {
  const {recipe} = measured;
  return `${recipeName(recipe)} to ${recipe.seed + SEEDS - 1}`;
}

for (const [kind, names] of Object.entries(choices)) {
  const before = recall(kind);
  taken[kind] = names.includes(before) ? before : names[0];
  panel.querySelector(`.${kind}`).append(...names.map(name => choice(name, name, () => {
    taken[kind] = name;
    remember(kind, name);
    refresh();
  })));
}

/** What the controls say; null if a number is none. */
function recipeNow() {
  if (!seedInput.checkValidity() || !piecesInput.checkValidity() || !seedInput.value || !piecesInput.value) return null;
  return {textures: taken.textures, layout: taken.layouts, seed: Number(seedInput.value), regions: Number(piecesInput.value)};
}

/** Whether the numbers are such; says so if not. */
function areNumbers() {
  const are = recipeNow() !== null;
  if (!are) say(`Seeds are whole numbers from 0, regions from 1 to ${MAX_PIECES}.`, true);
  return are;
}

function draw(recipe, words) {
  if (!areNumbers()) return;
  if (drawing.begin({recipe, regions: Number(piecesInput.value)})) say(words);
  refresh();
}

commands.makeMosaic = () => draw(recipeNow(), "Making the mosaic …");
commands.drawPhoto = () => draw(null, `Looking at ${state.photo?.name} with the model …`);
commands.measureSeeds = () => {
  if (areNumbers() && measuring.begin({recipe: recipeNow()})) say(`Measuring ${SEEDS} mosaics …`);
  refresh();
};
commands.stopDrawing = () => {
  drawing.stop();
  measuring.stop();
  say("Stopped.");
};
commands.seedBefore = () => stepSeed(-1);
commands.seedAfter = () => stepSeed(1);

/** Make the mosaic of the seed before or after. */
function stepSeed(step) {
  const seed = Number(seedInput.value) + step;
  if (drawing.now) return;
  if (seed < 0) {
    say("This is the first seed.");
    return;
  }
  seedInput.value = seed;
  commands.makeMosaic();
}

async function fetchPictures({ms}) {
  const {key, name} = state.photo, answer = await ask("pictures", {}, {forgotten: () => drawing.repeat()});
  if (!answer) return;
  drawn = {...answer, photo: key, token: link.token, of: answer.recipe ? recipeName(answer.recipe) : name};
  drawMs = ms;
  gallery.replaceChildren(...drawn.pictures.map(makeFigure));
  say(drawn.right === null ? `${drawn.of}: ${drawn.pictures.length} pictures.`
    : `${drawn.of}: ${percent(drawn.right)} of the pixels are right.`);
  refresh();
}

function recipeName({textures, layout, regions, seed}) {
  return `mosaic ${textures} ${layout} ${regions} seed ${seed}`;
}

function makeFigure({title, png}) {
  const figure = document.createElement("figure"), picture = document.createElement("img");
  const caption = document.createElement("figcaption"), name = document.createElement("b");
  const open = button(`Open ${drawn.recipe ? "the mosaic" : "the photo"} in the tab Click`, "", openDrawn);
  picture.src = `data:image/png;base64,${png}`;
  picture.alt = `${drawn.of}: ${title}`;
  picture.draggable = false;
  name.textContent = title[0].toUpperCase() + title.slice(1);
  open.setAttribute("aria-label", `${picture.alt}. ${open.title}`);
  open.append(picture);
  caption.append(name);
  if (title === "errors") {
    const note = document.createElement("span");
    note.textContent = `${percent(drawn.right)} right`;
    caption.append(note);
  }
  figure.append(open, caption);
  return figure;
}

/** Work on what the pictures are of as on any photo. */
async function openDrawn() {
  const {recipe, of, pictures, token} = drawn, key = recipe ? `photo ${of}` : drawn.photo;
  if (!recipe && key !== state.photo?.key) {
    say("These pictures are of another photo; open it first.", true);
    return;
  }
  if (key !== state.photo?.key && !mayLeave()) return;
  const wanted = choosePhoto();
  if (key === state.photo?.key) { // and it stays, whatever is on its way
    openTab("click");
    return;
  }
  const answer = await call("open_mosaic", {recipe, token});
  openTab("click");
  const file = new File([bytesOf(pictures[0].png)], `${of}.png`, {type: "image/png"});
  await arrive(answer, {key, name: file.name, file, recipe}, wanted, await vault.get(key));
}

commands.savePictures = async () => {
  const {token, photo, of} = drawn, forgotten = () => photo === state.photo?.key ? drawing.repeat()
    : say("The server has forgotten these pictures; make them again.", true);
  const answer = await ask("save_pictures", {token}, {forgotten});
  if (answer) download(answer.file, "image/png", `${photoStem(of)}-pictures.png`);
};

// --- the panel -----------------------------------------------------------------------------------

function show() {
  const isRunning = Boolean(drawing.now), isMeasuring = Boolean(measuring.now);
  hint.hidden = true;
  find("[data-do=undo]").disabled = find("[data-do=redo]").disabled = true;
  for (const [kind, value] of Object.entries(taken)) {
    for (const one of panel.querySelectorAll(`.${kind} button`)) one.setAttribute("aria-pressed", String(one.textContent === value));
  }
  find("[data-do=makeMosaic]").disabled = isRunning;
  find("[data-do=drawPhoto]").disabled = isRunning || !state.photo;
  find("[data-do=seedBefore]").disabled = find("[data-do=seedAfter]").disabled = isRunning;
  find("[data-do=savePictures]").disabled = !drawn;
  panel.querySelector(".right").textContent = !drawn || drawn.right === null ? "" : `${percent(drawn.right)} of the pixels are right`;
  panel.querySelector(".quiet").textContent = !drawn ? "" : drawn.recipe
    ? "The model was told the number of regions. Click a picture to work on the mosaic in the other tabs."
    : `Pictures of ${drawn.of}. Click one to go to the tab Click.`;
  find("[data-do=measureSeeds]").disabled = isMeasuring || !state.photo;
  find("[data-do=measureSeeds] span").textContent = `Measure ${SEEDS} seeds from ${seedInput.value || 0} on`;
  const waiting = panel.querySelector(".waiting");
  if (isMeasuring) measuring.show(waiting, ({done, total}) => total ? `${done} of ${total} mosaics are measured` : "Waiting for its turn …");
  else drawing.show(waiting, ({total}) => total ? "Asking the model and drawing …" : "Waiting for its turn …");
  showTimes(`drawn in ${inSeconds(drawMs)}`, "Making and drawing all pictures, on the server");
  gallery.setAttribute("aria-busy", String(isRunning));
}

for (const input of [seedInput, piecesInput]) {
  input.addEventListener("input", refresh);
  input.addEventListener("keydown", event => {
    if (event.key === "Enter") commands.makeMosaic();
  });
}
gallery.addEventListener("pointermove", event => {
  const box = event.target.closest("button")?.getBoundingClientRect();
  gallery.classList.toggle("pointing", Boolean(box));
  if (!box) return;
  gallery.style.setProperty("--x", `${(100 * (event.clientX - box.left)) / box.width}%`);
  gallery.style.setProperty("--y", `${(100 * (event.clientY - box.top)) / box.height}%`);
});
gallery.addEventListener("pointerleave", () => gallery.classList.remove("pointing"));

const nothingToUndo = () => say("There is nothing to undo here; the bracket keys change the seed.");

export const tab = {
  label: "Pictures of a mosaic lie here.",
  show,
  arrived() {
    drawing.stop();
    measuring.stop();
  },
  enterKey: () => drawing.now || commands.makeMosaic(),
  undo: nothingToUndo,
  redo: nothingToUndo,
  keys: {"[": () => stepSeed(-1), "]": () => stepSeed(1)},
};
