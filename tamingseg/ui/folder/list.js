// The list of photos beside the open one: names, small pictures, how far each is, search and filter. A
// row is made once, and only what changed in it is written anew, so 500 photos cost no more than five.

import {classes, onClasses} from "../shared/classes.js";
import {button, canvas, find, root} from "../shared/dom.js";
import {hasFolder, thumbOf} from "../shared/folder.js";
import {goOnlyTo, openNumber} from "../shared/next.js";
import {listPhotos, onPhotos, openEntry} from "../shared/photos.js";
import {countOfObjects, isFinished, namesIn, ownOf, stateOf, whyUnopened} from "../shared/progress.js";
import {FOLDER} from "../shared/settings.js";
import {commands, state} from "../shared/state.js";
import {makeForget, showStrip} from "../shared/strip.js";
import {urlOf} from "../shared/server.js";
import {recall, remember} from "../shared/vault.js";
import {countOf, grouped} from "../shared/words.js";

const WORDS = {new: "New", started: "In progress", done: "Done", empty: "Empty", broken: "Cannot be opened"};

const list = find(".list"), rows = list.querySelector("ol"), search = list.querySelector("[type=search]"), number = list.querySelector("[type=number]");
const selects = [...list.querySelectorAll("select")], [byState, byClass] = selects;
const offers = new WeakMap(); // option of a select -> {word, fits}
const made = new Map(); // key -> {item, pick, called, how, lock, text}
let shownKey = null; // the photo whose row is marked

find(".list h2").textContent = FOLDER ? FOLDER.name : "Photos";
byState.append(
  offer("all", "All photos", () => true),
  offer("open", "New or in progress", ({said}) => said === "new" || said === "started"),
  ...Object.entries(WORDS).map(([name, word]) => offer(name, word, ({said}) => said === name)),
);
if (hasFolder) {
  find("header [data-do=open] span").textContent = "Import";
  find("header [data-do=open]").title = "Read annotation files (or drop them here)";
  find(".kept-here").textContent = `Your work is saved as you go, in ${FOLDER.file}.`;
}

/** A choice of a filter; `fits` tells by what `factsOf` says of a photo whether it is listed. */
function offer(value, word, fits) {
  const option = new Option(word, value);
  offers.set(option, {word, fits});
  return option;
}

const factsOf = entry => ({said: stateOf(entry), names: new Set(namesIn(entry))});
const isFound = ({name}) => name.toLowerCase().includes(search.value.trim().toLowerCase());
const passes = (select, facts) => offers.get(select.selectedOptions[0]).fits(facts);

/** Whether a photo is listed: search and both filters let it through. */
function matches(entry) {
  const facts = factsOf(entry);
  return isFound(entry) && selects.every(select => passes(select, facts));
}
goOnlyTo(matches);

// --- open and closed -----------------------------------------------------------------------------

const isOpen = () => root.classList.contains("with-list");

commands.list = () => {
  setOpen(!isOpen());
  remember("list", isOpen() ? "open" : "closed");
};

commands.find = () => {
  if (!isOpen()) commands.list();
  search.focus();
};

commands.jump = () => {
  if (!isOpen()) commands.list();
  number.focus();
  number.select();
};

function setOpen(open) {
  root.classList.toggle("with-list", open);
  list.hidden = !open;
  find(".show-list").setAttribute("aria-pressed", String(open));
  showStrip();
  if (open) showAll();
}

// --- rows ----------------------------------------------------------------------------------------

onPhotos(changed => {
  if (!isOpen()) return;
  if (!changed) showAll();
  else {
    changed.forEach(showRow);
    showFilter();
  }
});

/** Bring the list up to date: rows for photos that came, none for those that went. */
function showAll() {
  const entries = listPhotos(), keys = new Set(entries.map(({key}) => key));
  for (const [key, {item}] of made) {
    if (!keys.has(key)) {
      item.remove();
      made.delete(key);
    }
  }
  entries.forEach((entry, place) => {
    if (!made.has(entry.key)) made.set(entry.key, makeRow(entry));
    const {item} = made.get(entry.key);
    if (rows.children[place] !== item) rows.insertBefore(item, rows.children[place] ?? null);
    showRow(entry);
  });
  showFilter();
  showCurrent();
}

function makeRow(entry) {
  const item = document.createElement("li"), pick = button(entry.name, "listed-photo", () => {
    const now = listPhotos().find(({key}) => key === entry.key);
    if (now && now.key !== state.photo?.key) openEntry(now);
  });
  const parts = Object.fromEntries(["called", "how", "lock"].map(name => [name, Object.assign(document.createElement("span"), {className: name})]));
  const name = document.createElement("bdi");
  name.textContent = entry.name;
  parts.called.append(name);
  pick.append(picture(sourceOf(entry)), parts.called, parts.how, parts.lock);
  pick.dataset.key = entry.key;
  pick.tabIndex = -1;
  item.append(pick);
  return {item, pick, ...parts, text: "", source: sourceOf(entry)};
}

/** The address of the small picture of a photo; null if there is none. */
function sourceOf(entry) {
  if (entry.folder) return thumbOf(entry);
  return entry.thumb ?? (entry.photo ? null : urlOf(`samples/${encodeURIComponent(entry.name)}`));
}

function picture(source) {
  const blank = Object.assign(document.createElement("span"), {className: "blank"});
  if (!source) return blank;
  const small = Object.assign(document.createElement("img"), {alt: "", draggable: false, loading: "lazy", decoding: "async", src: source});
  small.addEventListener("error", () => small.replaceWith(blank)); // of a damaged photo
  return small;
}

/** Write what changed in a row. */
function showRow(entry) {
  const row = made.get(entry.key);
  if (!row) return;
  const said = stateOf(entry), count = countOfObjects(entry), why = whyUnopened(entry);
  const text = `${WORDS[said]}${count ? ` · ${countOf(count, "object")}` : ""}`, lock = entry.lock ? "in use" : "";
  row.item.hidden = !matches(entry);
  showPicture(row, sourceOf(entry), entry.key === state.photo?.key);
  if (row.text === text + lock) return;
  row.text = text + lock;
  row.item.dataset.state = said;
  row.how.textContent = text;
  row.lock.textContent = lock;
  const other = entry.lock ? `, somebody else (${entry.lock}) works on it` : "";
  row.pick.title = why ? `${entry.name}: ${why}` : `${entry.name}${other}`;
  row.pick.setAttribute("aria-label", `${entry.name}, ${text}${other}`);
}

/** Bring the small picture up to date; that of the open photo, which is seen large, once it is left. */
function showPicture(row, source, isShown) {
  if (row.source === source || row.source && isShown) return;
  row.source = source;
  if (row.pick.firstChild.src) row.pick.firstChild.src = source; // the old one stays until the new one is here
  else row.pick.firstChild.replaceWith(picture(source));
}

/** Show how many photos each choice of a filter would list, and how many are done. */
function showFilter() {
  const entries = listPhotos(), found = entries.filter(isFound).map(factsOf);
  for (const select of selects) {
    const others = found.filter(facts => selects.every(other => other === select || passes(other, facts)));
    for (const option of select.options) {
      const {word, fits} = offers.get(option), count = others.filter(fits).length;
      option.textContent = `${word} (${grouped(count)})`;
      if (option.value === "broken") option.hidden = !count && !option.selected;
    }
  }
  const own = ownOf(entries), done = own.filter(entry => isFinished(stateOf(entry))).length;
  Object.assign(list.querySelector("progress"), {max: own.length, value: done, title: `${grouped(done)} of ${countOf(own.length, "photo")} are done or empty`});
  list.querySelector(".so-far span").textContent = `${grouped(done)} done`;
  const place = entries.findIndex(({key}) => key === state.photo?.key);
  number.max = entries.length;
  if (document.activeElement !== number) number.value = place < 0 ? "" : place + 1;
  list.querySelector(".tally span").textContent = `of ${grouped(entries.length)}`;
  list.querySelector(".none").hidden = entries.some(matches);
}

/** Mark the row of the open photo and bring it into view. */
function showCurrent() {
  const key = state.photo?.key ?? null, row = made.get(key), before = made.get(shownKey);
  if (key === shownKey && row) return;
  if (before) {
    before.pick.removeAttribute("aria-current");
    before.pick.tabIndex = -1;
    before.item.querySelector(".forget")?.remove();
  }
  shownKey = key;
  if (!row) return;
  row.pick.setAttribute("aria-current", "true");
  row.pick.tabIndex = 0;
  const entry = listPhotos().find(one => one.key === key);
  if (entry.photo) row.item.append(makeForget(entry));
  row.item.scrollIntoView({block: "nearest"});
}

// --- search, filter, keys ------------------------------------------------------------------------

function showMatches() {
  listPhotos().forEach(showRow);
  showFilter();
}
search.addEventListener("input", showMatches);
for (const select of selects) {
  select.addEventListener("change", () => {
    showMatches();
    if (!root.classList.contains("by-key")) canvas.focus(); // the mouse leaves the keys to the photo
  });
  select.addEventListener("keydown", event => event.stopPropagation());
}
search.addEventListener("keydown", event => {
  event.stopPropagation();
  if (event.key === "Escape") {
    search.value = "";
    showMatches();
    search.blur();
  }
  if (event.key === "Enter") rows.querySelector("li:not([hidden]) .listed-photo")?.click();
});

/** Offer the classes in their filter. */
function showClasses() {
  const {value} = byClass, known = new Set(classes.map(({name}) => name));
  byClass.replaceChildren(
    offer("any", "Any class", () => true),
    ...classes.map(({name}) => offer(`class ${name}`, name, ({names}) => names.has(name))),
    offer("none", "Objects without a class", ({names}) => [...names].some(name => !known.has(name))),
  );
  byClass.hidden = !classes.length;
  byClass.value = classes.length ? value : "any";
  if (!byClass.value) byClass.value = "any";
  if (isOpen()) showMatches();
}
onClasses(showClasses);

let numberBefore = "";
number.addEventListener("focus", () => (numberBefore = number.value));
number.addEventListener("keydown", event => {
  event.stopPropagation();
  if (event.key === "Escape") number.value = numberBefore;
  if (event.key === "Escape" || event.key === "Enter") canvas.focus();
});
number.addEventListener("blur", () => {
  if (number.value && number.value !== numberBefore) openNumber(Number(number.value));
  showFilter();
});

// One stop of the Tab key; the arrow keys go along the list.
rows.addEventListener("keydown", event => {
  const step = {ArrowUp: -1, ArrowDown: 1}[event.key];
  if (!step || !event.target.matches(".listed-photo")) return;
  event.preventDefault();
  event.stopPropagation();
  const choices = [...rows.querySelectorAll("li:not([hidden]) .listed-photo")];
  choices[choices.indexOf(event.target) + step]?.focus();
});

const isNarrow = window.matchMedia("(max-width: 760px)").matches; // it would fill the screen
setOpen(!isNarrow && (hasFolder ? recall("list") !== "closed" : recall("list") === "open"));
