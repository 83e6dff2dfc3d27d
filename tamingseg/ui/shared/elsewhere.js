// One photo in several tabs of the browser: one of them works on it, the others show it and offer to go on.
// The tabs talk over a channel, {what, key, from, to}, where `to` is who is meant, by default all:
// "open": a tab shows the photo now; "here": another one works on it already; "take": a tab goes on with
// it; "saved": all that was done on it elsewhere is stored; "added": there are more photos.

import {find, root} from "./dom.js";
import {saveChanges, vault, written} from "./keep.js";
import {refresh, state} from "./state.js";

const PATIENCE = 1000; // milliseconds that another tab has to store its work

const me = String(Math.random());
const channel = openChannel();
let hearSaved = () => {};
let showAdded = () => {};

function openChannel() {
  try {
    return new BroadcastChannel("tamingseg");
  } catch {
    return null; // the browser forbids it, and stores nothing that two tabs could share
  }
}

const tell = (what, key, to = null) => channel?.postMessage({what, key, from: me, to});

channel?.addEventListener("message", ({data: {what, key, from, to}}) => {
  if (what === "added") vault.read().then(showAdded);
  else if (key !== state.photo?.key || (to && to !== me)) return;
  else if (what === "open" && !state.elsewhere) tell("here", key, from);
  else if (what === "here") setElsewhere(true);
  else if (what === "take" && !state.elsewhere) leaveTo(key, from);
  else if (what === "saved") hearSaved();
});

/** Store what was done here, and only show the photo from now on. */
async function leaveTo(key, tab) {
  saveChanges();
  setElsewhere(true);
  await written();
  tell("saved", key, tab);
}

/** Somebody else, as the server calls them, works on this photo of the folder; null if nobody does. */
export function showHolder(who) {
  const whom = who === "?" ? "Somebody else changed this photo meanwhile." : `Somebody else (${who}) works on this photo.`;
  find(".elsewhere span").textContent = whom;
  setElsewhere(who !== null);
}

function setElsewhere(is) {
  state.elsewhere = is;
  find(".elsewhere").hidden = !is;
  for (const panel of root.querySelectorAll(".panel")) panel.inert = is;
  if (state.tab) refresh();
}

/** Have `listener()` called when another tab added photos. */
export function onAddedElsewhere(listener) {
  showAdded = listener;
}

/** There are more photos. */
export const tellAdded = () => tell("added");

/** This tab shows a photo now; whoever works on it already says so. */
export function tellOpen(key) {
  setElsewhere(false);
  tell("open", key);
}

/** This tab changes photos it does not show; resolves when others have had the time to store their work. */
export async function tellTaken(keys) {
  for (const key of keys) tell("take", key);
  await new Promise(resolve => setTimeout(resolve, PATIENCE / 2));
}

/** This tab goes on with the photo it shows; resolves when the other has stored its work. */
export async function takeOver(key) {
  const saved = new Promise(resolve => { hearSaved = resolve; });
  tell("take", key);
  await Promise.race([saved, new Promise(resolve => setTimeout(resolve, PATIENCE))]);
}
