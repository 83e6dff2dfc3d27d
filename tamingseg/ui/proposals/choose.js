// Choosing proposals: hovering shows one, clicking chooses it; what is chosen is opened in the first
// tab, merged or removed.

import {addMask, addMasks, current} from "../shared/classes.js";
import {find, say, touch} from "../shared/dom.js";
import {savePartSoon} from "../shared/keep.js";
import {paintCrosshair, paintOutline, paintPointed} from "../shared/paint.js";
import {ask} from "../shared/requests.js";
import {commands, openTab, photoPixels, refresh, state} from "../shared/state.js";
import {countOf, decimal, grouped, percent} from "../shared/words.js";
import {link, takenPixels} from "../shared/work.js";
import {
  amount, choose, chosenInOrder, hearList, isChosen, keptList, labels, listed, outlineOf, seenMasks, target,
} from "./list.js";

let edits = Promise.resolve();

/** Have `edit()` done after all that changes the list and was asked for before. */
export function queueEdit(edit) {
  edits = edits.then(edit);
  return edits;
}

/** Have the server change the list; says whether it did. */
export function editList(what, ids) {
  const own = labels;
  return queueEdit(async () => {
    if (!listed || labels !== own) return false; // the ids were those of another list
    const answer = await ask("edit_proposals", {do: what, ids, known: listed.masks.length});
    if (!answer) return false;
    hearList(answer);
    refresh();
    savePartSoon("proposals", keptList);
    return true;
  });
}

/** Choose a mask, or with null none; with `more`, add it to the others or take it out of them. */
export function pick(id, more) {
  const before = chosenInOrder();
  if (!more) choose(id === null ? [] : [id]);
  else if (id !== null) choose(before.includes(id) ? before.filter(other => other !== id) : [...before, id]);
  const ids = chosenInOrder();
  if (ids.length === 1) say(`${describeMask(ids[0])}. Chosen.`);
  else if (ids.length) say(`${ids.length} masks are chosen.`);
  else say("Nothing is chosen.");
  refresh();
}

commands.openMasks = () => {
  const ids = chosenInOrder();
  if (!ids.length && target !== null) ids.push(target);
  if (!ids.length) {
    say("Choose a mask first.");
    return;
  }
  ids.sort((a, b) => listed.masks[b].area - listed.masks[a].area); // small ones in front
  openTab("click");
  for (const id of ids) addMask(listed.masks[id].counts);
};
/** The masks that are chosen, or else those that are shown, the best first. */
export function chosenOrShown() {
  const chosen = chosenInOrder();
  return chosen.length ? chosen : listed?.order.slice(0, amount) ?? [];
}

/** Make objects in one step: of each chosen mask, small ones in front; or of what is seen of those that are shown, so that no two overlap. */
commands.takeMasks = async () => {
  const own = labels, chosen = chosenInOrder(), ids = chosenOrShown();
  if (!ids.length) {
    say("There is no list yet: propose first.");
    return;
  }
  openTab("click");
  await link.idle(); // objects whose masks are not here yet could be made twice
  if (labels !== own) return;
  const whole = () => chosen.sort((a, b) => listed.masks[b].area - listed.masks[a].area).map(id => listed.masks[id].counts);
  const made = addMasks(chosen.length ? whole() : seenMasks(takenPixels()));
  await link.idle(); // not to be talked over
  const rest = ids.length - made, kind = current ? ` of “${current.name}”` : "";
  if (!made) say("Objects are there already.");
  else say(`${countOf(made, "object")}${kind} from proposals. Undo takes them away in one step.${rest ? ` ${grouped(rest)} left out: objects or smaller masks cover most of them.` : ""}`);
};
commands.mergeMasks = async () => {
  const ids = chosenInOrder();
  if (ids.length < 2) say(`Choose at least two masks to merge them${touch ? "" : ": Shift+click"}.`);
  else if (await editList("merge", ids)) pick(listed.masks.length - 1, false);
};
commands.removeMasks = async () => {
  const ids = chosenInOrder();
  if (!ids.length) say("Choose the masks to remove first.");
  else if (await editList("remove", ids)) say(`${ids.length === 1 ? "One mask is" : `${ids.length} masks are`} removed. Undo brings them back.`);
};

export function describeMask(id) {
  const {area, score} = listed.masks[id], share = area / (state.photo.size[0] * state.photo.size[1]);
  return `Mask ${labels.rank.get(id) + 1}: score ${decimal(score)}, ${photoPixels(area)} px (${percent(share)})`;
}

export function showChoice() {
  const ids = chosenInOrder(), single = target ?? (ids.length === 1 ? ids[0] : null);
  find(".which").textContent = single !== null ? describeMask(single)
    : ids.length ? `${ids.length} masks chosen`
      : touch ? "Tap masks to choose them." : "Click to choose, Shift+click for several.";
  find("[data-do=openMasks]").disabled = find("[data-do=removeMasks]").disabled = !ids.length;
  find("[data-do=mergeMasks]").disabled = ids.length < 2;
  find("[data-do=takeMasks]").disabled = !listed.order.length;
  find("[data-do=takeMasks] span").textContent = `Take the ${ids.length ? countOf(ids.length, "chosen mask") : `first ${amount}`} as ${current ? `“${current.name}”` : "objects"}`;
  find("#panel-proposals .export-what").textContent = ids.length ? `Save the ${ids.length === 1 ? "chosen mask" : `${ids.length} chosen masks`}`
    : amount === 1 ? "Save the first mask" : `Save the first ${amount} masks`;
  find("[data-do=saveJson]").disabled = find("[data-do=saveLabels]").disabled = !listed.order.length;
}

export function paint(context, scale) {
  if (!listed) return;
  labels.draw(context);
  for (const id of chosenInOrder()) paintOutline(context, outlineOf(id), scale, 3);
  if (target !== null) paintPointed(context, outlineOf(target), scale, isChosen(target) ? 3 : 1.6);
  if (state.crosshair) paintCrosshair(context, scale, state.crosshair);
}
