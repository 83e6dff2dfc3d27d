// The proposals tab: an ordered list of masks of which the first N are shown, for any N at once.
// (The list is in list.js, pointer and choice in choose.js, runs and files in run.js.)

import {canvas, find, hint, root, say, showTimes} from "../shared/dom.js";
import {savePartSoon} from "../shared/keep.js";
import {CountSlider} from "../shared/slider.js";
import {commands, isOpen, moveCrosshair, refresh, state, view} from "../shared/state.js";
import {decimal, grouped, inMs, inSeconds, percent, wholePercent} from "../shared/words.js";
import {describeMask, editList, paint, pick, showChoice} from "./choose.js";
import {Curve} from "./curve.js";
import {
  aim, amount, bend, choose, chosenInOrder, keptAmount, labels, listed, regions, setStrength, showFirst, strength,
  target,
} from "./list.js";
import {arrived, forgetVisit, lastRun, proposing, showRun} from "./run.js";

let repaint = null; // milliseconds from the last move of the slider to the painted picture

const curve = new Curve(find(".curve"), (n, event) => setAmount(n, event.timeStamp));
const slider = new CountSlider(find(".slider"), find(".number"), {
  now: () => ({count: amount, total: listed.order.length}),
  set: setAmount, leave: refresh, toPhoto: () => canvas.focus(),
});

/** Show the first `count` masks; `since` is when that was asked for. */
function setAmount(count, since) {
  if (!listed) return;
  showFirst(count);
  refresh();
  savePartSoon("amount", keptAmount);
  view.draw(() => {
    repaint = performance.now() - since;
    root.dataset.repaint = String(repaint);
    showDurations();
  });
}

commands.bestNumber = () => {
  if (!listed?.order.length) {
    say("There is no list yet: propose first.");
    return;
  }
  setAmount(bend(), performance.now());
  say(`The best number is ${amount}: after it, more masks add little.`);
};

/** Bring everything beside the picture up to date. */
function show() {
  const total = listed?.order.length ?? 0;
  find(".total").textContent = total || "";
  find(".before").hidden = Boolean(listed || proposing.now);
  find(".listed").hidden = !listed;
  find("[data-do=undo]").disabled = !listed?.can_undo;
  find("[data-do=redo]").disabled = !listed?.can_redo;
  hint.hidden = !state.photo || Boolean(listed || proposing.now);
  hint.textContent = "Propose masks of the whole photo";
  showRun();
  showDurations();
  if (listed) {
    showAmount(total);
    showWorth();
    showChoice();
  }
  view.draw();
}

function showAmount(total) {
  find(".of").textContent = `of ${grouped(total)}`;
  slider.show(amount, total, `${amount} of ${total} masks`);
  find(".strength input").value = strength;
  find(".strength output").textContent = wholePercent(strength);
  find("[data-do=bestNumber]").disabled = total < 2;
}

function showWorth() {
  const {miou, coverage, score} = listed;
  const lines = miou
    ? [{name: "mIoU", values: miou, text: percent}, {name: "covered", values: coverage, text: percent}]
    : [{name: "covered", values: coverage, text: percent}, {name: "mean score", values: score, text: decimal}];
  curve.show(lines, amount, bend());
  find(".worth").replaceChildren(...lines.map(({name, values, text}) => {
    const item = document.createElement("span"), value = document.createElement("b");
    value.textContent = values.length ? text(values[amount - 1]) : "–";
    item.append(name, value);
    return item;
  }));
  find(".truth-says").textContent = regions ? `Compared with ${regions} true ${regions === 1 ? "region" : "regions"}.` : "No truth is known.";
}

function showDurations() {
  if (!isOpen("proposals")) return;
  showTimes(`run ${inSeconds(lastRun)} · repaint ${inMs(repaint)}`, "The last run · from the last move of the slider to the painted picture");
}

find(".strength input").addEventListener("input", event => {
  setStrength(Number(event.target.value));
  refresh();
});

export const tab = {
  label: "The photo with the masks that are proposed. Arrow keys move a crosshair, S chooses the mask under it, Enter opens it in the tab Click, question mark shows all keys.",
  show, paint, arrived,
  leave: () => aim(null),
  forget: forgetVisit,
  press(point, event) {
    if (!listed || (event.button !== 0 && event.pointerType === "mouse")) return null;
    state.crosshair = null;
    pick(labels.at(point), event.shiftKey || event.ctrlKey || event.metaKey || event.pointerType === "touch");
    return null;
  },
  hover(point) {
    canvas.style.cursor = view.panning ? "grab" : listed ? "pointer" : "default";
    if (state.crosshair || !aim(point)) return;
    if (listed) showChoice();
    view.draw();
  },
  doubleClick() {
    if (!listed || target === null) return;
    choose([target]);
    commands.openMasks();
  },
  point() {
    if (!listed) return;
    if (aim(state.crosshair) || target === null) say(target === null ? "No mask is here." : `${describeMask(target)}.`);
    showChoice();
  },
  enterKey: () => state.crosshair || chosenInOrder().length ? commands.openMasks() : moveCrosshair(0, 0),
  escape() {
    if (state.crosshair) {
      state.crosshair = null;
      aim(null);
    } else if (chosenInOrder().length) pick(null, false);
    refresh();
  },
  undo: () => listed?.can_undo ? editList("undo").then(done => done && say("Undone.")) : say("There is no merge or removal to undo."),
  redo: () => listed?.can_redo ? editList("redo").then(done => done && say("Done again.")) : say("There is nothing to redo."),
  keys: {
    s: () => target === null ? say("Point at a mask first, with the mouse or the arrow keys.") : pick(target, true),
    k: () => commands.bestNumber(), t: () => commands.takeMasks(), m: () => commands.mergeMasks(),
    delete: () => commands.removeMasks(), backspace: () => commands.removeMasks(),
    "[": () => setAmount(amount - 1, performance.now()), "]": () => setAmount(amount + 1, performance.now()),
  },
};
