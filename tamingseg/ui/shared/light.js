// The light of the open photo: how bright it is shown, and by choice what the model of clicks sees.

import {find, say} from "./dom.js";
import {savePartSoon, vault} from "./keep.js";
import {commands, state, view} from "./state.js";
import {tonesOf} from "./tones.js";
import {decimal, wholePercent} from "./words.js";
import {link} from "./work.js";

const AS_IT_IS = {brightness: 1, gamma: 1, forModel: false};

const box = find(".light"), opener = find("[data-do=light]");
const [brightness, gamma, forModel] = box.querySelectorAll("input"); // the sliders show powers of two
let light = AS_IT_IS; // that the user settled on

const isChanged = one => one.brightness !== 1 || one.gamma !== 1;

/** What the model of clicks is to see instead of the photo as it is; null for that. */
link.light = () => light.forModel && isChanged(light) ? {brightness: light.brightness, gamma: light.gamma} : null;

/** The light in which a photo was left; nothing if it was never changed. */
export const lightOf = key => vault.part("light", key);

/** Begin with another photo in the light in which it was left, as of `lightOf`. */
export function beginLight(left) {
  light = {...AS_IT_IS, ...left};
  show(light);
}

function show(one) {
  view.setTones(isChanged(one) ? tonesOf(one) : null);
  for (const [slider, value, words] of [[brightness, one.brightness, wholePercent], [gamma, one.gamma, decimal]]) {
    slider.value = Math.log2(value);
    slider.setAttribute("aria-valuetext", words(value));
    slider.parentElement.querySelector("output").textContent = words(value);
  }
  forModel.checked = one.forModel;
  opener.classList.toggle("changed", isChanged(one));
}

/** The user settled on a light: keep it, and let the model see it if that is wanted. */
async function settle(chosen) {
  const before = JSON.stringify(link.light()), {visit} = link;
  light = chosen;
  show(light);
  savePartSoon("light", () => light);
  if (JSON.stringify(link.light()) === before) return;
  await link.idle();
  if (visit !== link.visit) return;
  link.pump(0); // tells it without an operation
  await link.idle(); // not to be talked over
  say(link.light() ? "Clicks are answered in this light from now on. Masks stay." : "Clicks see the photo as it is. Masks stay.");
}

const chosen = () => ({brightness: 2 ** brightness.value, gamma: 2 ** gamma.value, forModel: forModel.checked});
box.addEventListener("input", () => show(chosen()));
box.addEventListener("change", () => settle(chosen()));

Object.assign(commands, {
  light() {
    box.hidden = !box.hidden;
    opener.setAttribute("aria-expanded", String(!box.hidden));
  },
  resetLight: () => state.photo && settle({...AS_IT_IS, forModel: light.forModel}),
});
