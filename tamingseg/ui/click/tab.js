// The click tab: what the user does becomes operations, what the server answers is drawn. (The pointer
// is answered in points.js, the picture drawn over in paint.js.)

import {find, hint, root, say, showTimes, touch} from "../shared/dom.js";
import {download} from "../shared/files.js";
import {hasPreview, previewing, setPreviewing} from "../shared/preview.js";
import {ask} from "../shared/requests.js";
import {commands, isOpen, moveCrosshair, photoPixels, refresh, state, view} from "../shared/state.js";
import {fileStem, inMs, photoStem, wholePercent} from "../shared/words.js";
import {act, link, onAnswer, work} from "../shared/work.js";
import {isPainting, setTool, showBrush, stepSize, tool} from "./brush.js";
import {chooseClass, showClasses} from "./classes.js";
import {currentClicks, foreseen} from "./foreseen.js";
import {dropHeld, forgetLevels, levelWords, showLevels, shownMask} from "./levels.js";
import {ObjectList} from "./objects.js";
import {opacity, paint, setOpacity} from "./paint.js";
import {addAtCrosshair, deletePoint, grab, hover, including, pointAway, press, setSign} from "./points.js";

const list = new ObjectList(find(".objects"), act);
let latency = {encode: null, decode: null, total: null, answers: 0};

// --- the panel -----------------------------------------------------------------------------------

function show() {
  const {objects} = work, current = objects.find(object => object.id === work.active);
  list.show(objects, work.active, object => shownMask(object)?.area ?? (object.clicks.length ? null : 0));
  find(".empty").hidden = objects.length > 0;
  find(".count").textContent = objects.length || "";
  find("[data-do=next]").disabled = !current;
  find("[data-do=saveMask]").disabled = find(".save [data-do=export]").disabled = !objects.length;
  find("[data-do=include]").setAttribute("aria-pressed", String(including && !isPainting()));
  find("[data-do=exclude]").setAttribute("aria-pressed", String(!including && !isPainting()));
  showBrush();
  showClasses();
  find(".preview").hidden = !hasPreview() || touch;
  find(".preview input").checked = previewing;
  find(".opacity").value = opacity;
  find(".opacity-value").textContent = wholePercent(opacity);
  find("[data-do=undo]").disabled = !work.can_undo;
  find("[data-do=redo]").disabled = !work.can_redo;
  hint.hidden = !state.photo || objects.length > 0 || link.pending.length > 0;
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

// --- the server ----------------------------------------------------------------------------------

onAnswer((answer, operations) => {
  if (answer.objects) {
    if (!link.queue.length && operations.length) dropHeld();
    const clicked = operations.filter(operation => operation.at !== undefined);
    latency.encode = answer.encode_ms;
    if (clicked.length) latency.decode = answer.decode_ms;
    if (!answer.error) describe(operations);
    view.draw(() => {
      if (clicked.length) {
        latency.total = performance.now() - clicked[0].at;
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
    delete: "Deleted. Undo brings it back.", reorder: "Moved. Objects further down the list lie in front.",
  };
  const emptied = !current && ["delete_click", "clear_clicks", "paint"].includes(last);
  if (!last) say(work.objects.length ? "Welcome back: your work is here." : `Ready. ${touch ? "Tap" : "Click"} anything in the photo.`);
  else if (done[last]) say(done[last]);
  else if (emptied) say("Nothing is left of the object: it is gone. Undo brings it back.");
  else if (current) say(describeObject(current, last));
}

function describeObject(current, last) {
  const {name} = current, area = shownMask(current)?.area, level = levelWords(current);
  if (last === "add_mask") return `${name} is open here. Click what is missing, right-click what is too much.`;
  if (!area) return `${name} is empty: nothing is left of it. Undo, or click what belongs to it.`;
  if (last === "set_threshold" && level) return `${name}: ${level}.`;
  const isFirst = work.objects.length === 1 && current.clicks.length === 1;
  const advice = touch ? "Too much? Choose − and tap there." : "Too much? Right-click there. Too little? Click there.";
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

commands.next = () => foreseen().active === null ? say("There is no object to finish: click one first.") : act({do: "keep"});

function hideActive() {
  const {objects, active} = foreseen(), object = objects.find(one => one.id === active);
  if (active < 0) link.idle().then(hideActive); // not named by the server yet
  else if (object) act({do: "hide", object_id: object.id, hidden: !object.hidden});
}

find(".opacity").addEventListener("input", event => {
  setOpacity(Number(event.target.value));
  refresh();
});
find(".preview input").addEventListener("change", event => {
  setPreviewing(event.target.checked);
  view.draw();
});
if (touch) find(".empty .minus + span").textContent = "Choose − and tap what you don’t.";

export const tab = {
  label: "The photo. Arrow keys move a crosshair, Enter includes what is under it, Shift and Enter excludes it, question mark shows all keys.",
  show, press, grab, hover, paint,
  leave: pointAway,
  arrived(same) {
    pointAway();
    if (same) return;
    latency = {encode: null, decode: null, total: null, answers: latency.answers};
    forgetLevels();
  },
  undo: () => work.can_undo || link.pending.length ? act({do: "undo"}) : say("There is nothing to undo."),
  redo: () => work.can_redo || link.pending.length ? act({do: "redo"}) : say("There is nothing to redo."),
  enterKey(event) {
    if (event.ctrlKey || event.metaKey) commands.next();
    else if (!state.crosshair) moveCrosshair(0, 0);
    else addAtCrosshair(event);
  },
  escape() {
    if (state.crosshair) state.crosshair = null;
    else if (isPainting()) setTool("point");
    else if (currentClicks().length) act({do: "clear_clicks"});
    view.draw();
  },
  keys: {
    x: () => isPainting() ? setTool(tool === "brush" ? "eraser" : "brush") : setSign(!including),
    b: () => setTool("brush"), e: () => setTool("eraser"), q: () => setSign(including),
    "[": () => stepSize(-1), "]": () => stepSize(1), n: () => commands.next(), h: hideActive, delete: deletePoint, backspace: deletePoint,
    ...Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8, 9].map(number => [number, () => chooseClass(number)])),
    ",": () => commands.part(), ".": () => commands.whole(),
  },
};
