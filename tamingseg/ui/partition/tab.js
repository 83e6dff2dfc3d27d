// The partition tab: the photo in K regions, for any K at once. (The regions are in partition.js, what is
// done to them by hand in edit.js.)

import {canvas, choice, find, hint, mark, say} from "../shared/dom.js";
import {download} from "../shared/files.js";
import {vault} from "../shared/keep.js";
import {pack, unpack} from "../shared/labels.js";
import {Run, ask} from "../shared/requests.js";
import {Scores} from "../shared/scores.js";
import {METHODS} from "../shared/settings.js";
import {CountSlider} from "../shared/slider.js";
import {commands, moveCrosshair, refresh, state, view} from "../shared/state.js";
import {grouped, photoStem, wholePercent} from "../shared/words.js";
import {link} from "../shared/work.js";
import {
  addTree, bringBack, countRegions, partition, depth, forgetPartition, look, meetPartition, pointAtRegion, regionsNow, setDepth, setLook,
  setRegions, showDurations, showTree, titleOf, turn, under,
} from "./partition.js";
import {
  describeRegion, doubleClick, dropPicked, editRegion, editing, openRegion, paint, press, setEditing, showUnder,
} from "./edit.js";

const panel = find("#panel-partition");
const scores = new Scores(".of-regions", "saveRegionScores", ["Regions", "Covering", "Rand index", "Variation of information"],
  () => ask("compare_regions", {method: partition.method}));
let compared = ""; // the photo and the method that were compared with the truth last
let tried = null; // the photo for which the hierarchy was asked without being told to

const slider = new CountSlider(find("#seg-regions-slider"), find("#seg-regions"), {
  now: () => ({count: partition.shown.length, total: regionsNow().count}),
  set: setRegions, leave: refresh, toPhoto: () => canvas.focus(),
});

// --- from the server -----------------------------------------------------------------------------

const finding = new Run("partition", fetchTree);

function findTree(method) {
  if (finding.begin({method})) say(`${titleOf(method)}: finding the regions of ${state.photo.name} …`);
  refresh();
}
commands.findRegions = async () => {
  const key = state.photo?.key, kept = partition ?? await vault.part("partition", key);
  if (state.photo?.key === key) findTree(kept?.method ?? METHODS[0].name);
};
commands.stopFinding = () => {
  finding.stop();
  say(partition ? "Stopped; the regions from before are still here." : "Stopped.");
};

/** Fetch the hierarchy that a run found, and show it. */
async function fetchTree({method, ms}) {
  const {key} = state.photo, answer = await ask("hierarchy", {method}, {forgotten: () => finding.repeat()});
  if (!answer) return;
  const cells = await unpack(answer.cells), kept = partition ? null : await vault.part("partition", key);
  if (state.photo?.key !== key) return;
  addTree(method, cells, answer.merges, answer.regions, ms);
  if (!bringBack(kept)) showTree(method);
}

/** Another photo is shown, or the same one again; regions that were found before are here. */
async function arrived(same) {
  finding.stop();
  if (same) return;
  const {key} = state.photo;
  dropPicked();
  tried = null;
  if (!meetPartition()) return;
  const kept = await vault.part("partition", key); // another tab may have gone on with it
  if (state.photo?.key === key) bringBack(kept);
}

/** Save the regions that are shown. */
async function saveRegions(form, kind, ending) {
  const {name} = state.photo, labels = await pack(partition.labels.map);
  const answer = await ask("export_regions", {labels, form}, {forgotten: () => saveRegions(form, kind, ending)});
  if (answer) download(answer.file, kind, `${photoStem(name)}-${ending}`);
}
commands.saveRegionsJson = () => saveRegions("json", "application/json", "regions.json");
commands.saveRegionsPng = () => saveRegions("png", "image/png", "regions.png");

// --- the panel -----------------------------------------------------------------------------------

panel.querySelector(".methods").append(...METHODS.map(({name, title, words}) => {
  const made = choice(title, words, () => setMethod(name));
  made.dataset.method = name;
  return made;
}));

function show() {
  const {now} = finding, count = partition?.shown.length ?? 0;
  if (!partition && !now && state.photo && link.token !== null && tried !== state.photo.key) {
    tried = state.photo.key;
    commands.findRegions();
    return;
  }
  panel.querySelector(".tally").textContent = count || "";
  panel.querySelector(".unparted").hidden = Boolean(partition || now);
  panel.querySelector(".parted").hidden = !partition;
  find("[data-do=undo]").disabled = !partition?.past.length;
  find("[data-do=redo]").disabled = !partition?.future.length;
  hint.hidden = true;
  mark(panel, "method", partition?.method ?? METHODS[0].name);
  for (const one of panel.querySelectorAll("[data-method]")) one.disabled = Boolean(now);
  finding.show(panel.querySelector(".waiting"), ({total}) => !total ? "Waiting for its turn …"
    : "Looking at the photo and joining its superpixels …");
  showDurations();
  if (partition) showPartition();
  view.draw();
}

function showPartition() {
  const {key} = state.photo, {method} = partition;
  if (compared !== `${key} ${method}`) {
    compared = `${key} ${method}`;
    scores.bringUpToDate();
  }
  const count = partition.shown.length, most = regionsNow().count;
  panel.querySelector(".of").textContent = `of up to ${grouped(most)}`;
  slider.show(count, most, `${count} of up to ${most} regions`);
  panel.querySelector(".strength input").value = depth;
  panel.querySelector(".strength output").textContent = wholePercent(depth);
  mark(panel, "look", look);
  mark(panel, "edit", editing);
  panel.querySelector(".export-what").textContent = `Save ${count === 1 ? "the region" : `the ${countRegions(count)}`}`;
  showUnder();
}

/** Show the regions of a method, without what was divided and merged by hand. */
function setMethod(method) {
  if (partition?.trees.has(method)) showTree(method);
  else findTree(method);
}

panel.addEventListener("click", event => {
  const {look: chosen, edit} = event.target.closest("button")?.dataset ?? {};
  if (chosen) setLook(chosen);
  if (edit) setEditing(edit);
});
panel.querySelector(".strength input").addEventListener("input", event => setDepth(Number(event.target.value)));

const stepRegions = step => partition && setRegions(partition.shown.length + step, performance.now());

/** Undo or redo; `words` say what was done, `none` that there is nothing to do. */
function goBack(from, to, words, none) {
  if (!from?.length) {
    say(none);
    return;
  }
  turn(from, to);
  say(`${words}: ${countRegions(partition.shown.length)}.`);
}

export const tab = {
  label: "The photo in regions. Arrow keys move a crosshair, Enter splits the region under it, Shift and Enter merges it with its nearest neighbour, E opens it in the tab Click, brackets change the number of regions, question mark shows all keys.",
  show, paint, press, doubleClick, arrived,
  enter: () => partition && scores.bringUpToDate(),
  leave: () => pointAtRegion(null),
  forget: forgetPartition,
  hover(point) {
    canvas.style.cursor = view.panning ? "grab" : partition ? "pointer" : "default";
    if (state.crosshair || !pointAtRegion(point)) return;
    if (partition) showUnder();
    view.draw();
  },
  point() {
    if (!partition) return;
    if (pointAtRegion(state.crosshair)) say(`${describeRegion(under)}.`);
    showUnder();
  },
  enterKey: event => state.crosshair && partition ? editRegion(state.crosshair, event.shiftKey) : moveCrosshair(0, 0),
  escape() {
    if (state.crosshair) {
      state.crosshair = null;
      pointAtRegion(null);
    } else dropPicked();
    refresh();
  },
  undo: () => goBack(partition?.past, partition?.future, "Undone", "There is nothing to undo."),
  redo: () => goBack(partition?.future, partition?.past, "Done again", "There is nothing to redo."),
  keys: {
    "[": () => stepRegions(-1), "]": () => stepRegions(1),
    x: () => setEditing(editing === "split" ? "merge" : "split"),
    f: () => setLook(look === "fills" ? "boundaries" : "fills"),
    e: () => under ? openRegion(under) : say("Point at a region first, with the mouse or the arrow keys."),
  },
};
