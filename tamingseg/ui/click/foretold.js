// The mask of a first click as the page itself finds it: shown at once, until the server's own is here.

import {current} from "../shared/classes.js";
import {foretell} from "../shared/preview.js";
import {PALETTE} from "../shared/settings.js";
import {view} from "../shared/state.js";
import {link, work} from "../shared/work.js";
import {foreseen} from "./foreseen.js";

let shown = null; // {path, gesture} of the click that it answers
let painted = null; // {gesture, time} of what was painted last, and when

const isWaiting = gesture => link.pending.some(operation => operation.gesture === gesture);

/** Show what the only click on an object gives, which was made or moved by a gesture. */
export async function showForetold(point, gesture) {
  const found = await foretell(point);
  if (!found || !isWaiting(gesture)) return;
  shown = {...found, gesture};
  view.draw(() => (painted = {gesture, time: performance.now()}));
}

/** When the mask that a gesture asked for was painted before the server answered; undefined if it was not. */
export const foretoldAt = gesture => gesture && painted?.gesture === gesture ? painted.time : undefined;

/** The mask to show for the object that a first click begins or moves, with its colour; null once the server has answered. */
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
