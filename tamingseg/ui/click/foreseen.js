// The work as it will be once the server has answered: the picture on the screen runs ahead of the
// server by the points that are not answered yet.

import {link, work} from "../shared/work.js";

const THRESHOLD = 0.5; // MASK_THRESHOLD
const DRAWN = "not answered"; // stands for the mask of an object that did not begin with a click

/** The objects and which one is being edited. */
export function foreseen() {
  const objects = [...work.objects];
  let active = work.active, serial = -1;
  const current = () => objects.find(object => object.id === active);
  const change = (id, changes) => { // the work itself stays as it is
    const place = objects.findIndex(object => object.id === id);
    if (place >= 0) objects[place] = {...objects[place], ...changes};
  };
  const begin = () => {
    active = serial--;
    objects.push({id: active, name: "…", colour: 0, clicks: [], key: "", hidden: false});
  };
  const dropEmpty = () => {
    if (current().clicks.length || current().base) return;
    objects.splice(objects.indexOf(current()), 1);
    active = null;
  };
  for (const operation of link.pending) {
    const {row, col, positive, index} = operation, clicks = current()?.clicks;
    if (operation.do === "add_click") {
      if (!clicks) begin();
      change(active, {clicks: [...current().clicks, [row, col, positive]]});
    } else if (operation.do === "move_click" && clicks?.[index]) change(active, {clicks: clicks.with(index, [row, col, clicks[index][2]])});
    else if (operation.do === "delete_click" && clicks) {
      change(active, {clicks: clicks.filter((_, i) => i !== index)});
      dropEmpty();
    } else if (operation.do === "clear_clicks" && clicks) {
      change(active, {clicks: []});
      dropEmpty();
    }
    else if (["paint", "replace_mask", "reshape"].includes(operation.do)) {
      if (!current() && operation.add) begin();
      change(active, {clicks: [], base: DRAWN});
    } else if (["add_mask", "add_box", "duplicate"].includes(operation.do)) {
      begin();
      change(active, {base: DRAWN});
    }
    else if (operation.do === "keep" || operation.do === "add_objects") active = null;
    else if (operation.do === "edit") active = operation.object_id;
    else if (operation.do === "lock" && operation.locked && operation.object_id === active) active = null;
    else if (operation.do === "hide") change(operation.object_id, {hidden: operation.hidden});
  }
  return {objects, active};
}

function currentObject() {
  const {objects, active} = foreseen();
  return objects.find(object => object.id === active);
}

export const currentClicks = () => currentObject()?.clicks ?? [];

/** The clicks that alone make the object being edited, each at the usual threshold; null if something else does. */
export function onlyClicks() {
  const object = currentObject(), {clicks = [], base, hidden, threshold, cuts} = object ?? {};
  return clicks.length && !base && !hidden && [threshold, ...cuts ?? []].every(one => one === undefined || one === THRESHOLD) ? clicks : null;
}

/** Whether an object is being edited of which something can be excluded. */
export const hasObject = () => Boolean(currentObject()?.clicks.length || currentObject()?.base);

/** Whether an undo is under way, so that nobody knows yet which points there will be. */
export function isUncertain() {
  return link.pending.some(operation => operation.do === "undo" || operation.do === "redo");
}
