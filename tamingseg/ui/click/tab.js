// The click tab: what the user does becomes operations, what the server answers is drawn. (The pointer
// is answered in points.js, the picture drawn over in paint.js.)

import {find, hint, root, say, showTimes, touch} from "../shared/dom.js";
import {download} from "../shared/files.js";
import {hasPreview, previewing, setPreviewing} from "../shared/preview.js";
import {ask} from "../shared/requests.js";
import {Scores} from "../shared/scores.js";
import {commands, isOpen, moveCrosshair, photoPixels, refresh, state, view} from "../shared/state.js";
import {fileStem, inMs, photoStem, wholePercent} from "../shared/words.js";
import {act, link, onAnswer, work} from "../shared/work.js";
import {showBrush, stepSize} from "./brush.js";
import {chooseClass, showClasses} from "./classes.js";
import {currentClicks, foreseen} from "./foreseen.js";
import {foretoldAt} from "./foretold.js";
import {dropHeld, forgetLevels, levelWords, showLevels, shownMask} from "./levels.js";
import {ObjectList} from "./objects.js";
import {opacity, paint, setOpacity} from "./paint.js";
import {including, setSign} from "./points.js";
import {select} from "./select.js";
import {shapeKeys, showShape} from "./shape.js";
import {finishHand, forgetPhoto, hand, setTool, showTool, tool} from "./tool.js";

const list = new ObjectList(find(".objects"), act);
const scores = new Scores(".of-objects", "saveScores", ["Object", "Region", "IoU", "Boundary IoU"], () => link.idle().then(() => ask("compare", {})));
const UNCHANGED = {fill: "It has no holes.", islands: "There are no pieces to remove.", smooth: "Its outline is smooth already.", others: "It overlaps no other object."};
let seen = null; // the object being edited, as of the last answer
let latency = {encode: null, decode: null, total: null, final: null, answers: 0}; // total: to the first mask, final: to the server's

// --- the panel -----------------------------------------------------------------------------------

function show() {
  const {objects} = work, current = objects.find(object => object.id === work.active);
  list.show(objects, work.active, object => shownMask(object)?.area ?? (object.clicks.length ? null : 0));
  find(".empty").hidden = objects.length > 0;
  find(".count").textContent = objects.length || "";
  find("[data-do=next]").disabled = !current && !hand().isDrawing();
  find("[data-do=saveMask]").disabled = find(".save [data-do=export]").disabled = !objects.length;
  find("[data-do=include]").setAttribute("aria-pressed", String(including && tool === "point"));
  find("[data-do=exclude]").setAttribute("aria-pressed", String(!including && tool === "point"));
  showTool();
  showBrush();
  showShape(current);
  showClasses();
  find(".preview").hidden = !hasPreview() || touch;
  find(".preview input").checked = previewing;
  find(".opacity").value = opacity;
  find(".opacity-value").textContent = wholePercent(opacity);
  const [undoes, redoes] = hand().steps();
  find("[data-do=undo]").disabled = !work.can_undo && !undoes;
  find("[data-do=redo]").disabled = !work.can_redo && !redoes;
  hint.hidden = !state.photo || tool !== "point" || objects.length > 0 || link.pending.length > 0;
  hint.textContent = touch ? "Tap anything to outline it" : "Click anything to outline it";
  showLevels();
  showLatency();
  view.draw();
}

function showLatency() {
  const {encode, decode, total} = latency;
  root.dataset.latency = JSON.stringify(latency);
  if (!isOpen("click")) return;
  showTimes(`encode ${inMs(encode)} · decode ${inMs(decode)} · total ${inMs(total)}`,
    "Encoding the photo, once · the model's answer to the last click · from that click to the painted mask");
}

/** A button went down on the photo, or a finger tapped. */
function press(point, event) {
  if (!state.photo || (event.button !== 0 && event.button !== 2)) return null;
  state.crosshair = null;
  if (event.button === 2 || !(event.ctrlKey || event.metaKey)) return hand().press(point, event);
  select(point);
  return null;
}

// --- the server ----------------------------------------------------------------------------------

onAnswer((answer, operations) => {
  if (answer.objects) {
    if (!link.queue.length && operations.length) dropHeld();
    const clicked = operations.filter(operation => operation.at !== undefined);
    latency.encode = answer.encode_ms;
    if (clicked.length) latency.decode = answer.decode_ms;
    if (!answer.error) describe(operations);
    seen = work.objects.find(object => object.id === work.active);
    scores.bringUpToDate();
    view.draw(() => {
      if (clicked.length) {
        latency.final = performance.now() - clicked[0].at;
        latency.total = foretoldAt(clicked[0].gesture) - clicked[0].at || latency.final;
        latency.answers += 1;
      }
      showLatency();
    });
  }
  refresh();
});

/** Tell in words what came of it. */
function describe(operations) {
  const current = work.objects.find(object => object.id === work.active);
  const last = operations.at(-1)?.do, done = {
    undo: "Undone.", redo: "Done again.", keep: "Finished. The next click begins another object.",
    delete: "Deleted. Undo brings it back.", lock: `Locked; ${touch ? "" : "L, or "}the padlock in the list unlocks it.`,
    solo: `${touch ? "“Show alone”" : "Shift+H"} once more shows all.`, reorder: "Moved. Objects further down the list lie in front.",
  };
  const emptied = !current && ["delete_click", "clear_clicks", "paint"].includes(last);
  if (!last) say(work.objects.length ? "Welcome back: your work is here." : `Ready. ${touch ? "Tap" : "Click"} anything in the photo.`);
  else if (last === "lock" && !operations.at(-1).locked) say("Unlocked.");
  else if (done[last]) say(done[last]);
  else if (last === "reshape" && operations.length === 1 && current?.id === seen?.id && current?.key === seen?.key) {
    say(`Nothing was changed. ${UNCHANGED[operations[0].how] ?? ""}`);
  }
  else if (emptied) say("Nothing is left of the object: it is gone. Undo brings it back.");
  else if (current) say(describeObject(current, last));
}

function describeObject(current, last) {
  const {name} = current, area = shownMask(current)?.area, level = levelWords(current);
  if (last === "add_mask") return `${name} is open here. Click what is missing, right-click what is too much.`;
  if (!area) return `${name} is empty: nothing is left of it. Undo, or click what belongs to it.`;
  if (last === "set_threshold" && level) return `${name}: ${level}.`;
  const isFirst = work.objects.length === 1 && current.clicks.length === 1;
  const advice = touch ? "Too much? Hold a finger there." : "Too much? Right-click there. Too little? Click there.";
  return `${name}: ${photoPixels(area)} pixels. ${isFirst ? advice : ""}`;
}

/** Save the mask of the object being edited, else of the last. */
commands.saveMask = async () => {
  await link.idle();
  const object = work.objects.find(one => one.id === work.active) ?? work.objects.at(-1);
  if (!object) {
    say("There is no object to save yet: click one first.", true);
    return;
  }
  const {name} = state.photo, answer = await ask("save", {object_id: object.id});
  if (answer) download(answer.png, "image/png", `${photoStem(name)}-${maskStem(object)}.png`);
};

/** The name of an object's file, with its number where several objects would have the same. */
function maskStem(object) {
  const stemOf = one => fileStem(one.name) || "mask", stem = stemOf(object);
  return work.objects.filter(one => stemOf(one) === stem).length > 1 ? `${stem}-${work.objects.indexOf(object) + 1}` : stem;
}

/** Undo or redo a step. Whether there is one is known once the server has answered about the photo. */
async function step(what) {
  const {visit} = link;
  if (link.known === null && !link.pending.length) await link.idle();
  if (visit !== link.visit) return;
  if (work[`can_${what}`] || link.pending.length) act({do: what});
  else say(`There is nothing to ${what}.`);
}

commands.next = () => {
  if (!finishHand()) return;
  if (foreseen().active === null) say("There is no object to finish: click one first.");
  else act({do: "keep"});
};

find(".opacity").addEventListener("input", event => {
  setOpacity(Number(event.target.value));
  refresh();
});
find(".preview input").addEventListener("change", event => {
  setPreviewing(event.target.checked);
  view.draw();
});
export const tab = {
  label: "The photo. Arrow keys move a crosshair, Enter includes what is under it, Shift and Enter excludes it, question mark shows all keys.",
  show, press, paint,
  enter: () => scores.bringUpToDate(),
  grab: (point, event) => hand().grab(point, event),
  hover: point => hand().hover(point),
  leave: () => hand().leave(),
  finish: finishHand,
  arrived(same) {
    hand().leave();
    if (same) return;
    latency = {encode: null, decode: null, total: null, final: null, answers: latency.answers};
    forgetLevels();
    forgetPhoto();
  },
  undo: () => hand().undo() || step("undo"),
  redo: () => hand().redo() || step("redo"),
  enterKey(event) {
    if (event.ctrlKey || event.metaKey) commands.next();
    else if (state.crosshair || hand().isDrawing()) hand().enterKey(event);
    else moveCrosshair(0, 0);
  },
  escape() {
    if (hand().isDrawing()) hand().discard();
    else if (state.crosshair) state.crosshair = null;
    else if (tool !== "point") setTool("point");
    else if (currentClicks().length) act({do: "clear_clicks"});
    view.draw();
  },
  keys: {
    x: () => hand().swap(), b: () => setTool("brush"), e: () => setTool("eraser"), q: () => setSign(including),
    p: () => setTool("polygon"), r: () => setTool("box"), v: () => setTool("select"),
    "[": () => stepSize(-1), "]": () => stepSize(1), n: () => commands.next(), delete: () => hand().remove(), backspace: () => hand().remove(),
    ...shapeKeys,
    ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map(number => [number, () => chooseClass(number)])),
    c: () => commands.nameClass(),
    ",": () => commands.part(), ".": () => commands.whole(),
  },
};
