// Classes: names with a colour and a key, kept for all photos, in this browser or with the folder. An object of a class has its name.

import {button, find, say} from "../shared/dom.js";
import {onNames} from "../shared/exchange.js";
import {hasFolder, keepClasses, onFolder} from "../shared/folder.js";
import {MAX_NAME, PALETTE} from "../shared/settings.js";
import {refresh, state} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {act} from "../shared/work.js";
import {foreseen, newGesture} from "./foreseen.js";

const MOST = 100;

const box = find(".classes"), field = box.querySelector("input");
let classes = hasFolder ? [] : readClasses(); // [{name, colour}]
let current = null; // the class of objects that are begun from now on

function readClasses() {
  const kept = JSON.parse(recall("classes") ?? "[]");
  return Array.isArray(kept) ? kept.filter(({name, colour}) => typeof name === "string" && PALETTE[colour]) : [];
}

function keep() {
  if (hasFolder) keepClasses(classes);
  else remember("classes", JSON.stringify(classes));
  refresh();
}

onFolder("classes", found => {
  classes = found;
  current = classes.find(({name}) => name === current?.name) ?? null;
  if (state.tab) refresh();
});

/** Add a class of that name, unless there is one; by default its colour is the first that no other has. */
function addClass(text, colour = null) {
  const name = text.trim().replace(/\s+/g, " ").slice(0, MAX_NAME), known = classes.find(one => one.name === name);
  if (!name || known || classes.length >= MOST) return known ?? null;
  const counts = PALETTE.map((_, i) => classes.filter(one => one.colour === i).length);
  const made = {name, colour: colour ?? counts.indexOf(Math.min(...counts))};
  classes = [...classes, made];
  return made;
}

/** Choose a class: for the object being edited, and for those that are begun from now on. */
function choose(one) {
  current = one;
  const {objects, active} = foreseen(), object = objects.find(({id}) => id === active);
  if (object && object.name !== one.name) act({do: "classify", ...one, gesture: newGesture("class")});
  say(object ? `This object and the next ones: ${one.name}.` : `The next objects: ${one.name}.`);
  refresh();
}

/** Choose the class with that number, from 1; with the number of the chosen one, none. */
export function chooseClass(number) {
  const one = classes[number - 1];
  if (!one) say(classes.length ? `There is no class ${number}.` : "There are no classes yet: add one above the list of objects.");
  else if (one === current) {
    current = null;
    say("The next objects have no class.");
    refresh();
  } else choose(one);
}

/** Have an operation carried out that may begin an object; one that does is of the chosen class. */
export function actOnObject(operation) {
  const begins = operation.do === "add_mask" || foreseen().active === null;
  if (begins && current) act(operation, {do: "classify", ...current, gesture: operation.gesture});
  else act(operation);
}

field.maxLength = MAX_NAME;
field.addEventListener("keydown", event => {
  event.stopPropagation();
  if (event.key === "Escape") field.blur();
  if (event.key !== "Enter") return;
  const one = addClass(field.value);
  field.value = "";
  keep();
  if (one) choose(one);
});
onNames(found => {
  for (const {name, colour} of found) addClass(name, colour);
  keep();
});

let shown = []; // the classes that are listed

export function showClasses() {
  if (shown !== classes) showList();
  [...box.querySelectorAll(".class")].forEach((pick, i) => pick.setAttribute("aria-pressed", String(classes[i] === current)));
}

function showList() {
  shown = classes;
  box.querySelector("ol").replaceChildren(...classes.map((one, i) => {
    const item = document.createElement("li"), number = i + 1;
    const pick = button(`${one.name}${number < 10 ? ` (${number})` : ""}`, "class", () => chooseClass(number));
    const away = button(`Remove the class ${one.name}; objects keep their names`, "icon", () => {
      classes = classes.filter(other => other !== one);
      if (current === one) current = null;
      keep();
    });
    const name = document.createElement("span"), key = document.createElement("kbd");
    name.textContent = one.name;
    key.textContent = number < 10 ? number : "";
    pick.append(name, key);
    pick.style.setProperty("--colour", PALETTE[one.colour][0]);
    away.textContent = "×";
    item.append(pick, away);
    return item;
  }));
  find("#seg-class-names").replaceChildren(...classes.map(({name}) => new Option(name)));
}
