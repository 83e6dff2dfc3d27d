// What can be done to the object being edited by one key or button: its shape, and the object as a whole.

import {find, say} from "../shared/dom.js";
import {commands, state} from "../shared/state.js";
import {act, link, work} from "../shared/work.js";
import {foreseen} from "./foreseen.js";

const FAR = 5; // pixels that the outline moves with Shift

let lastLocked = {photo: null, id: null};

/** Do something with the object being edited, as soon as the server has named it. */
async function onActive(change) {
  if (foreseen().active < 0) await link.idle();
  const {objects, active} = foreseen(), object = objects.find(one => one.id === active);
  if (object) change(object);
  else say("Choose an object in the list first.", true);
}

/** Lock the object being edited; without one, unlock the one that was locked last, and open it. */
function lockOrUnlock() {
  const last = work.objects.find(({id, locked}) => locked && id === lastLocked.id && state.photo.key === lastLocked.photo);
  if (foreseen().active === null && last) act({do: "lock", object_id: last.id, locked: false}, {do: "edit", object_id: last.id});
  else onActive(({id}) => {
    lastLocked = {photo: state.photo.key, id};
    act({do: "lock", object_id: id, locked: true});
  });
}

const reshape = (how, radius = 1) => onActive(() => act({do: "reshape", how, radius}));
const pixels = event => event?.shiftKey ? FAR : 1;

Object.assign(commands, {
  fillHoles: () => reshape("fill"),
  dropIslands: () => reshape("islands"),
  smooth: event => reshape("smooth", 2 * pixels(event)),
  grow: event => reshape("grow", pixels(event)),
  shrink: event => reshape("shrink", pixels(event)),
  leaveOthers: () => reshape("others"),
  duplicate: () => onActive(({id}) => act({do: "duplicate", object_id: id})),
  lock: lockOrUnlock,
  solo: () => onActive(({id}) => act({do: "solo", object_id: id})),
  hide: () => onActive(({id, hidden}) => act({do: "hide", object_id: id, hidden: !hidden})),
});

const {fillHoles, dropIslands, smooth, grow, shrink, leaveOthers, duplicate, lock, solo, hide} = commands;

export const shapeKeys = {
  f: fillHoles, i: dropIslands, s: smooth, g: grow, k: shrink, t: leaveOthers, d: duplicate, l: lock,
  o: () => commands.outline(), h: event => event.shiftKey ? solo() : hide(),
};

/** Show what can be done to `current`, the object being edited, if there is one. */
export function showShape(current) {
  for (const one of find(".shape").querySelectorAll("button")) one.disabled = !current;
}
