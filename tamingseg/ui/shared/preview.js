// What is under the pointer in the tab Click before a click, softly: a mask that another tab found, else
// the one that a click would give.

import {recall, remember} from "./vault.js";

const sources = {proposals: null, decoder: null}; // the first one that knows something is shown
let pointed = null, shown = null; // where the pointer is, and what is shown: {path, counts}
export let previewing = recall("preview") !== "off";

/**
 * From now on show what `source.at(point)` gives: null, or {path, counts}, with run lengths `counts` where a
 * click takes this very mask. The decoder also has `ask(clicks, shown)`, see `foretell`,
 * and `leave()`, told that nothing is pointed at. null instead of a source shows nothing.
 */
export function offerPreview(name, source) {
  sources[name] = source;
  shown = null;
}

export const hasPreview = () => Object.values(sources).some(Boolean);

export function setPreviewing(isOn) {
  previewing = isOn;
  remember("preview", isOn ? "on" : "off");
  shown = null;
}

/** Point at something, or with null at nothing; says whether that is news. */
export function preview(point) {
  const before = shown, {proposals, decoder} = sources;
  pointed = previewing ? point : null;
  shown = pointed && (proposals?.at(pointed) ?? decoder?.at(pointed) ?? null);
  if (!pointed) decoder?.leave();
  return shown !== before;
}

/** A source knows more of what is pointed at; says whether that is news. */
export const renewPreview = () => preview(pointed);

/** Run lengths of what is shown, if a click takes it; else null. */
export const previewed = () => shown?.counts ?? null;

/**
 * What clicks {row, col, positive} on one object give, as far as the page knows without the server: a promise of
 * {path}, or of null. `before` are the runs of the mask that the last one changes, null for the first.
 */
export const foretell = async (clicks, before) => await sources.decoder?.ask(clicks, before) ?? null;

export function paintPreview(context, scale) {
  if (!shown) return;
  const {path} = shown;
  context.save();
  context.globalAlpha = 0.16;
  context.fillStyle = "#ffffff";
  context.fill(path, "evenodd");
  context.globalAlpha = 0.9;
  context.setLineDash([6 / scale, 4 / scale]);
  context.lineWidth = 1.4 / scale;
  context.strokeStyle = "#ffffff";
  context.stroke(path);
  context.restore();
}
