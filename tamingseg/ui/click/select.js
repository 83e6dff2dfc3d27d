// Selecting: a click opens the object that is seen there. With Ctrl it does so whatever the tool.

import {canvas, say} from "../shared/dom.js";
import {holds} from "../shared/masks.js";
import {paintPointed} from "../shared/paint.js";
import {state, view} from "../shared/state.js";
import {act, work} from "../shared/work.js";
import {foreseen} from "./foreseen.js";
import {shownMask} from "./levels.js";
import {addTool} from "./tool.js";

let pointed = null; // id of the object under the mouse

/** Objects that are seen at a point, the frontmost first. */
function objectsAt({x, y}) {
  if (!view.holds({x, y})) return [];
  const pixel = Math.floor(x) * state.photo.size[0] + Math.floor(y);
  return work.objects.filter(object => !object.hidden && shownMask(object) && holds(shownMask(object), pixel)).reverse();
}

/** Open the frontmost object at a point; if that is open, the next one behind it. */
export function select(point) {
  const found = objectsAt(point), at = found.findIndex(({id}) => id === foreseen().active);
  const free = [...found.slice(at + 1), ...found.slice(0, at + 1)].find(object => !object.locked);
  if (!found.length) say("There is no object here.");
  else if (!free) say(`${found[0].name} is locked; unlock it in the list to change it.`, true);
  else if (free.id !== foreseen().active) act({do: "edit", object_id: free.id});
}

addTool("select", {
  words: "Select: click an object to open it, again for the one behind it.",
  press(point, event) {
    if (event.button === 0) select(point);
    return null;
  },
  hover(point) {
    canvas.style.cursor = view.panning ? "grab" : "pointer";
    const before = pointed;
    pointed = point ? objectsAt(point)[0]?.id ?? null : null;
    if (pointed !== before) view.draw();
  },
  paint(context, scale) {
    const object = work.objects.find(({id}) => id === pointed);
    if (object && shownMask(object)) paintPointed(context, shownMask(object).path, scale);
  },
  leave() {
    pointed = null;
  },
  enterKey: () => select(state.crosshair),
  remove() {
    const {active} = foreseen();
    if (active === null || active < 0) say("There is no object to delete: select one first.");
    else act({do: "delete", object_id: active});
    return true;
  },
});
