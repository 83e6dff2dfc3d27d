// The mask of a click as the page itself finds it: shown at once, until the server's own is here, which looks closer.

import {current} from "../shared/classes.js";
import {holds} from "../shared/masks.js";
import {foretell, previewing} from "../shared/preview.js";
import {PALETTE} from "../shared/settings.js";
import {view} from "../shared/state.js";
import {link, maskOf, work} from "../shared/work.js";
import {foreseen, onlyClicks} from "./foreseen.js";

const MOST = 12; // clicks on an object; with more the page would need long for the first answer after a reload

let shown = null; // {path, gesture} of the click that it answers
let painted = null; // {gesture, time} of what was painted last, and when

const isWaiting = gesture => link.pending.some(operation => operation.gesture === gesture);

/** What the page finds for clicks [row, col, positive] on the object being edited: a promise of {path}, or of null. */
async function find(clicks) {
  if (clicks.length > MOST) return null;
  const made = clicks.map(([row, col, positive]) => ({row, col, positive}));
  return foretell(made, clicks.length > 1 ? maskNow()?.runs ?? null : null);
}

/** The mask of the object being edited, as the server last told it. */
function maskNow() {
  const {active} = foreseen(), object = work.objects.find(({id}) => id === active);
  return object && maskOf(object);
}

/** Find ahead what a further click at a point {x, y} gives, so that it is painted at once. */
export function expectClick({x, y}, including) {
  const clicks = onlyClicks(), mask = maskNow();
  if (!previewing || !clicks || !mask) return;
  const isInside = holds(mask, Math.floor(x) * view.height + Math.floor(y)); // where a click mostly excludes
  find([...clicks, [y, x, including && !isInside]]);
}

/** Show what the clicks on the object being edited give, of which a gesture made or moved one. */
export async function showForetold(gesture) {
  const clicks = onlyClicks(), found = clicks && await find(clicks);
  if (!found || !isWaiting(gesture)) return;
  shown = {...found, gesture};
  view.draw(() => (painted = {gesture, time: performance.now()}));
}

/** When the mask that a gesture asked for was painted before the server answered; undefined if it was not. */
export const foretoldAt = gesture => gesture && painted?.gesture === gesture ? painted.time : undefined;

/** The mask to show for the object that a click begins or changes, with its colour; null once the server has answered. */
export function foretoldMask() {
  if (shown && !isWaiting(shown.gesture)) shown = null;
  if (!shown) return null;
  const {active} = foreseen(), replaced = work.objects.find(({id}) => id === active);
  return {path: shown.path, colour: replaced?.colour ?? current?.colour ?? freestColour(), replaced};
}

/** The colour that the server will choose for a new object. */
function freestColour() {
  const counts = PALETTE.map((_, i) => work.objects.filter(({colour}) => colour === i).length);
  return counts.indexOf(Math.min(...counts));
}
