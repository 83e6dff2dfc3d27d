// The strip: the photos at a glance, in the head of the page, and how one of them is forgotten. Where
// the list of photos is open, it takes the place of the strip.

import {button, find, root, say} from "./dom.js";
import {hasFolder} from "./folder.js";
import {vault} from "./keep.js";
import {choosePhoto, listPhotos, onPhotos, openEntry, openSample} from "./photos.js";
import {SAMPLES} from "./settings.js";
import {allTabs, state} from "./state.js";
import {urlOf} from "./server.js";

const strip = find(".photos");

export function showStrip() {
  strip.hidden = hasFolder || root.classList.contains("with-list");
  if (strip.hidden) return;
  const {activeElement} = document, wasInside = strip.contains(activeElement), {scrollLeft} = strip;
  strip.replaceChildren(...listPhotos().map(makeChoice));
  strip.scrollLeft = scrollLeft;
  const shown = strip.querySelector("[aria-pressed=true]") ?? strip.querySelector(".photo");
  shown.tabIndex = 0;
  shown.scrollIntoView({block: "nearest", inline: "nearest"});
  // Who works by keyboard goes on where they were. The mouse leaves the keys to the photo.
  if (!wasInside || !root.classList.contains("by-key")) return;
  const same = [...strip.querySelectorAll(".photo")].find(choice => choice.dataset.key === activeElement.dataset.key);
  (same ?? shown).focus();
}
onPhotos(showStrip);

// One stop of the Tab key; the arrow keys go along the strip, and the wheel moves it.
strip.addEventListener("keydown", event => {
  const choices = [...strip.querySelectorAll(".photo")], step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  const next = step && choices[choices.indexOf(event.target) + step];
  if (!step || !choices.includes(event.target)) return;
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
});
strip.addEventListener("wheel", event => {
  if (event.deltaX || strip.scrollWidth <= strip.clientWidth) return;
  event.preventDefault();
  strip.scrollLeft += event.deltaY * (event.deltaMode === 1 ? 16 : 1);
}, {passive: false});

function makeChoice(entry) {
  const isShown = entry.key === state.photo?.key;
  const choice = button(entry.name, "photo", () => {
    if (entry.key === state.photo?.key) choosePhoto(); // it stays, whatever is on its way
    else openEntry(entry);
  });
  if (entry.photo && !entry.thumb) choice.textContent = entry.name;
  else {
    const small = document.createElement("img");
    small.alt = "";
    small.draggable = false;
    small.src = entry.thumb ?? urlOf(`samples/${encodeURIComponent(entry.name)}`);
    choice.append(small);
  }
  choice.dataset.key = entry.key;
  choice.tabIndex = -1;
  choice.setAttribute("aria-pressed", String(isShown));
  if (!entry.photo || !isShown) return choice;
  const own = document.createElement("span");
  own.className = "own";
  own.append(choice, makeForget(entry));
  return own;
}

/** The button that forgets a photo, once it was pressed twice. */
export function makeForget(entry) {
  const label = `Forget ${entry.name} and the work on it`;
  const away = button(label, "forget", () => {
    if (away.classList.contains("sure")) return forget(entry);
    arm(true);
    return say(`Press once more to forget ${entry.name} and the work on it.`);
  });
  const arm = sure => {
    away.classList.toggle("sure", sure);
    away.textContent = sure ? "Forget?" : "×";
    away.setAttribute("aria-label", sure ? `${label}? Press once more` : label);
  };
  arm(false);
  away.addEventListener("blur", () => arm(false));
  return away;
}

/** Take the open photo, one of the user's own, and the work on it out of this browser. */
async function forget(entry) {
  state.photo = null; // nothing more is saved of it
  for (const tab of allTabs()) tab.forget(entry.key);
  await vault.remove(entry.key);
  await openSample(SAMPLES[0]);
}
