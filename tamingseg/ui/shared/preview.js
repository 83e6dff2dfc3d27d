// A soft preview in the first tab of what another tab found under the pointer.

import {recall, remember} from "./vault.js";

let source = null; // {at(point), outline(id), counts(id)}
let shown = null; // id of what is shown
export let previewing = recall("preview") !== "off";

/**
 * From now on show what `given.at(point)` names, by its `given.outline(id)`; `given.counts(id)` are its run
 * lengths. null shows nothing.
 */
export function offerPreview(given) {
  source = given;
  shown = null;
}

export const hasPreview = () => source !== null;

export function setPreviewing(isOn) {
  previewing = isOn;
  remember("preview", isOn ? "on" : "off");
  shown = null;
}

/** Point at something, or with null at nothing; says whether that is news. */
export function preview(point) {
  const before = shown;
  shown = point && previewing && source ? source.at(point) : null;
  return shown !== before;
}

/** Run lengths of what is shown; null if nothing is. */
export const previewed = () => shown === null ? null : source.counts(shown);

export function paintPreview(context, scale) {
  if (shown === null) return;
  const path = source.outline(shown);
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
