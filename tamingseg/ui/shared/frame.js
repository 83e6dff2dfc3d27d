// The frame: what the tabs share. All work on the same photo in the same view, one at a time.

const root = element.querySelector(".seg");
const find = selector => root.querySelector(selector);
const canvas = find("canvas.view"), message = find(".message"), hint = find(".hint");
const touch = window.matchMedia("(pointer: coarse)").matches;

let photo = null; // {key, name, file, size}: what is open; file is null for a sample
let crosshair = null; // a point, while the keyboard leads

/** What buttons do, by their data-do; scripts add theirs. */
const commands = {};

/**
 * What the tabs do, by name; each tab's script enters an object here:
 * press(point, event), grab and hover answer the pointer as `View` asks them to,
 * paint(context, scale) draws over the photo, show() brings all beside it up to date, meet(same) is
 * told that another photo is shown, or the same one opened again by a server that had forgotten it,
 * point() says something of what the crosshair is on, enter(event), escape(), undo() and redo()
 * are keys, and so is all in `keys`, by the key in small letters; `label` describes the picture to
 * those who do not see it.
 */
const tabs = {};
let tab = null;

const view = new View(canvas, {
  press: (point, event) => tab.press(point, event),
  grab: (point, event) => tab.grab(point, event),
  hover: point => tab.hover(point),
}, (context, scale) => tab.paint(context, scale));

function openTab(name) {
  tab = tabs[name];
  root.dataset.tab = name;
  canvas.setAttribute("aria-label", tab.label);
  for (const choice of root.querySelectorAll("[role=tab]")) {
    const chosen = choice.dataset.tab === name;
    choice.setAttribute("aria-selected", String(chosen));
    choice.tabIndex = chosen ? 0 : -1;
    find(`#panel-${choice.dataset.tab}`).hidden = !chosen;
  }
  crosshair = previewed = target = under = null;
  remember("tab", name, window.sessionStorage);
  tab.show();
}

/** A line for the user; screen readers read it out. */
function say(text, isError = false) {
  message.textContent = text;
  message.classList.toggle("error", isError);
}

const tabList = find("[role=tablist]");
tabList.addEventListener("click", event => {
  const name = event.target.closest("[role=tab]")?.dataset.tab;
  if (name) openTab(name);
});
tabList.addEventListener("keydown", event => {
  const choices = [...tabList.children], step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const next = choices[(choices.indexOf(event.target) + step + choices.length) % choices.length];
  openTab(next.dataset.tab);
  next.focus();
});
