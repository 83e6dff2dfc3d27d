// The classes in the panel: each has a button and, the first nine, a key.

import {button, canvas, find, say, touch} from "../shared/dom.js";
import {addClasses, chooseForNext, classes, classified, current, freeNames, removeClass, renameClass} from "../shared/classes.js";
import {MAX_NAME, PALETTE} from "../shared/settings.js";
import {commands} from "../shared/state.js";
import {countOf} from "../shared/words.js";
import {act, link, newGesture, work} from "../shared/work.js";
import {foreseen} from "./foreseen.js";

const box = find(".classes"), field = box.querySelector("input");

/** Choose a class: for the object being edited, and for those that are begun from now on. */
function choose(one) {
  const {objects, active} = foreseen(), object = objects.find(({id}) => id === active);
  if (object && object.name !== one.name) act({do: "classify", ...one, gesture: newGesture("class")});
  say(object ? `This object and the next ones: ${one.name}.` : `The next objects: ${one.name}.`);
  chooseForNext(one);
}

/** Choose the class with that number, from 1. */
export function chooseClass(number) {
  const one = classes[number - 1];
  if (one) choose(one);
  else say(classes.length ? `There is no class ${number}.` : "There are no classes yet: add one above the list of objects.");
}

/** The object being edited, else the next ones, are of this class. */
function isPressed({name}) {
  const object = work.objects.find(({id}) => id === work.active);
  return name === (object ?? current)?.name;
}

/** Take the class off the object being edited, which gets a name that no other has, and off the next ones. */
function takeOff() {
  const object = work.objects.find(({id}) => id === work.active);
  if (object) act({do: "rename", object_id: object.id, name: freeNames(1)[0]});
  say(`${object ? "This object and the next ones" : "The next objects"} have no class.`);
  chooseForNext(null);
}

/** Have an operation carried out that may begin an object; one that does is of the chosen class. */
export function actOnObject(operation) {
  const begins = operation.do === "add_mask" || foreseen().active === null;
  act(...begins ? classified(operation) : [operation]);
}

field.maxLength = MAX_NAME;
if (touch) field.placeholder = "Add or choose a class";
field.addEventListener("keydown", event => {
  event.stopPropagation();
  if (event.key === "Escape") field.blur();
  if (event.key !== "Enter") return;
  if (renaming) {
    rename(renaming, field.value);
    canvas.focus();
    return;
  }
  const before = classes, [one] = addClasses([{name: field.value}]);
  field.value = "";
  if (one) choose(one);
  if (classes === before) canvas.focus(); // a class was chosen; who adds one may add more
});

let renaming = null; // the class whose new name is being typed

/** Have the new name of a class typed in the field. */
function askName(one) {
  renaming = one;
  field.value = one.name;
  field.select();
  field.focus();
  say(`Type the new name of “${one.name}” and press Enter. Its objects in all photos get it. Esc keeps the old one.`);
}

async function rename(one, text) {
  const answer = await renameClass(one, text);
  await link.idle(); // not to be talked over
  if (answer?.error) say(answer.error, true);
  else if (answer) say(`“${one.name}” is called “${answer.name}” now, also in ${countOf(answer.photos, "other photo")}.`);
}

field.addEventListener("blur", () => {
  if (renaming) field.value = "";
  renaming = null;
});

/** Complete what is typed to the first class that begins so; the rest is selected, so that typing on replaces it. */
field.addEventListener("input", event => {
  const typed = field.value, isTyped = !renaming && event.inputType === "insertText" && field.selectionStart === typed.length;
  const one = isTyped && typed && classes.find(({name}) => name.toLowerCase().startsWith(typed.toLowerCase()));
  if (!one) return;
  field.value = one.name;
  field.setSelectionRange(typed.length, one.name.length);
});

commands.nameClass = () => field.focus();

let shown = []; // the classes that are listed

export function showClasses() {
  if (shown !== classes) showList();
  [...box.querySelectorAll(".class")].forEach((pick, i) => pick.setAttribute("aria-pressed", String(isPressed(classes[i]))));
}

function showList() {
  shown = classes;
  box.querySelector("ol").replaceChildren(...classes.map((one, i) => {
    const item = document.createElement("li"), number = i + 1;
    const pick = button(`${one.name}${number < 10 ? ` (${number})` : ""}`, "class", () => isPressed(one) ? takeOff() : choose(one));
    const away = button(`Remove the class ${one.name}; objects keep their names`, "icon", () => removeClass(one));
    const name = document.createElement("span"), key = document.createElement("kbd");
    name.textContent = one.name;
    key.textContent = number < 10 ? number : "";
    pick.append(name, key);
    pick.title += `. ${touch ? "Hold it" : "Right-click it"} to rename it in all photos`;
    pick.addEventListener("contextmenu", event => {
      event.preventDefault();
      askName(one);
    });
    pick.style.setProperty("--colour", PALETTE[one.colour][0]);
    away.textContent = "×";
    item.append(pick, away);
    return item;
  }));
  find("#seg-class-names").replaceChildren(...classes.map(({name}) => new Option(name)));
}
