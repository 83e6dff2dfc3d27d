// The list of objects in the panel. Rows are kept and updated, so that a name being typed stays. A row is
// empty until it is nearly seen: there may be thousands.
// Names come from users: they are only ever written as text.

import {button, icon} from "../shared/dom.js";
import {MAX_NAME, PALETTE} from "../shared/settings.js";
import {photoPixels} from "../shared/state.js";

const AT_ONCE = 30; // rows that are filled whether they are seen or not
const NEAR = "600px"; // from what is seen of the list

export class ObjectList {
  /** `list` is the <ol> to fill, `act(operation)` carries out what the user asks for. */
  constructor(list, act) {
    Object.assign(this, {list, act, objects: [], rows: new Map(), ofItem: new WeakMap()});
    this.observer = new IntersectionObserver(
      seen => seen.forEach(({isIntersecting, target}) => isIntersecting && this.fill(this.ofItem.get(target))),
      {rootMargin: NEAR, scrollMargin: NEAR},
    );
  }

  /** Show these objects; `area(object)` gives the number of pixels of its mask. */
  show(objects, active, area) {
    this.area = area;
    if (objects !== this.objects) this.arrange(objects);
    this.objects = objects;
    for (const object of objects) {
      const row = this.rows.get(object.id), isActive = object.id === active, wasActive = row.isActive;
      if (row.object === object && !isActive && !wasActive) continue;
      Object.assign(row, {object, isActive});
      if (isActive) this.fill(row);
      this.update(row);
      if (isActive && !wasActive) row.item.scrollIntoView({block: "nearest"});
    }
  }

  /** Have a row for each object, in their order. */
  arrange(objects) {
    const ids = new Set(objects.map(object => object.id));
    for (const [id, {item}] of this.rows) {
      if (ids.has(id)) continue;
      this.observer.unobserve(item);
      item.remove();
      this.rows.delete(id);
    }
    let next = this.list.firstElementChild;
    objects.forEach((object, place) => {
      if (!this.rows.has(object.id)) this.addRow(object.id, place < AT_ONCE);
      const {item} = this.rows.get(object.id);
      if (item === next) next = next.nextElementSibling;
      else this.list.insertBefore(item, next);
    });
  }

  addRow(id, isFilled) {
    const row = {id, item: document.createElement("li"), object: null, isActive: false, parts: null};
    this.rows.set(id, row);
    this.ofItem.set(row.item, row);
    if (isFilled) this.fill(row);
    else this.observer.observe(row.item);
  }

  fill(row) {
    if (row.parts) return;
    this.observer.unobserve(row.item);
    row.parts = this.makeParts(row);
    if (row.object) this.update(row);
  }

  makeParts({id, item}) {
    const name = document.createElement("input");
    const open = button("", "open-object", () => this.act({do: "edit", object_id: id}));
    const swatch = button("Colour", "swatch", () => choose(!item.classList.contains("choosing")));
    const choose = choosing => {
      item.classList.toggle("choosing", choosing);
      swatch.setAttribute("aria-expanded", String(choosing));
    };
    const grip = button("", "grip", () => {});
    this.listenToGrip(grip, item, id);
    const eye = button("Hide", "icon eye", event => this.act(event.altKey ? {do: "solo", object_id: id}
      : {do: "hide", object_id: id, hidden: !item.classList.contains("hidden")}));
    const trash = button("Delete", "icon trash", () => this.act({do: "delete", object_id: id}));
    const unlock = button("Unlock", "icon unlock", () => this.act({do: "lock", object_id: id, locked: false}));
    const note = document.createElement("span"), colours = document.createElement("div");
    name.className = "object-name";
    name.maxLength = MAX_NAME;
    name.spellcheck = false;
    name.setAttribute("list", "seg-class-names");
    name.setAttribute("aria-label", "Name of the object");
    name.addEventListener("change", () => {
      if (name.value.trim()) this.act({do: "rename", object_id: id, name: name.value});
      else name.value = name.dataset.saved;
    });
    name.addEventListener("keydown", event => {
      if (event.key === "Escape") name.value = name.dataset.saved;
      if (event.key === "Escape" || event.key === "Enter") name.blur();
      event.stopPropagation();
    });
    item.addEventListener("keydown", event => {
      if (event.key !== "Delete" || event.target === name || trash.hidden) return;
      event.stopPropagation();
      this.act({do: "delete", object_id: id});
    });
    swatch.setAttribute("aria-expanded", "false");
    colours.className = "colours";
    PALETTE.forEach(([colour, label], index) => {
      const choice = button(label, "colour", () => {
        choose(false);
        this.act({do: "recolour", object_id: id, colour: index});
      });
      choice.style.setProperty("--colour", colour);
      colours.append(choice);
    });
    note.className = "note";
    trash.append(icon("trash"));
    unlock.append(icon("lock"));
    grip.append(icon("grip"));
    item.append(grip, swatch, open, name, note, eye, trash, unlock, colours);
    return {grip, open, name, note, eye, trash, unlock, swatch, colours};
  }

  /** A row is dragged by its grip, or moved with the arrow keys: objects further down lie in front. */
  listenToGrip(grip, item, id) {
    const place = () => [...this.list.children].indexOf(item);
    const move = to => {
      if (to >= 0 && to < this.list.children.length && to !== place()) this.act({do: "reorder", object_id: id, place: to});
    };
    grip.addEventListener("keydown", event => {
      const step = {ArrowUp: -1, ArrowDown: 1}[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      move(place() + step);
    });
    grip.addEventListener("pointerdown", event => {
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      item.classList.add("dragged");
    });
    grip.addEventListener("pointermove", event => {
      if (!item.classList.contains("dragged")) return;
      for (const [row, to] of this.targets(item, event.clientY)) row.classList.toggle("target", to !== null);
    });
    const drop = event => {
      if (!item.classList.contains("dragged")) return;
      item.classList.remove("dragged");
      for (const [row, to] of this.targets(item, event.clientY)) {
        row.classList.remove("target");
        if (to !== null && event.type === "pointerup") move(to);
      }
    };
    grip.addEventListener("pointerup", drop);
    grip.addEventListener("pointercancel", drop);
  }

  /** Each other row, and its place if it is the one at this height of the window, else null. */
  targets(item, y) {
    return [...this.list.children].map((row, place) => {
      const {top, bottom} = row.getBoundingClientRect();
      return [row, row !== item && y >= top && y < bottom ? place : null];
    });
  }

  update({item, object, isActive, parts}) {
    item.classList.toggle("active", isActive);
    item.classList.toggle("hidden", object.hidden);
    if (!parts) return;
    const {grip, open, name, note, eye, trash, unlock, swatch, colours} = parts, area = this.area(object);
    const shown = JSON.stringify([object.name, object.colour, object.hidden, object.locked, isActive, area]);
    if (parts.shown === shown) return;
    parts.shown = shown;
    item.style.setProperty("--colour", PALETTE[object.colour][0]);
    if (isActive) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
    open.textContent = object.name;
    open.title = `${object.name}: open it again to change it`;
    open.setAttribute("aria-label", `Edit ${object.name}`);
    grip.title = `Move ${object.name}: drag it, or up and down arrows. Objects further down lie in front`;
    grip.setAttribute("aria-label", `Move ${object.name} to the back or the front with the arrow keys`);
    open.disabled = trash.hidden = Boolean(object.locked);
    unlock.hidden = !object.locked;
    for (const [one, label] of [[trash, "Delete"], [unlock, "Unlock"]]) {
      one.title = `${label} ${object.name}`;
      one.setAttribute("aria-label", one.title);
    }
    name.title = object.name;
    if (document.activeElement !== name) name.value = object.name;
    name.dataset.saved = object.name;
    note.textContent = area === null ? "" : area === 0 ? "empty" : `${photoPixels(area)} px`;
    const label = object.hidden ? "Show" : "Hide";
    if (!eye.title.startsWith(label) || !eye.firstChild) eye.replaceChildren(icon(object.hidden ? "hidden" : "shown"));
    eye.title = `${label}; with Alt, show it alone or all again`;
    eye.setAttribute("aria-label", `${label} ${object.name}`);
    swatch.title = `Colour of ${object.name}: ${PALETTE[object.colour][1]}`;
    swatch.setAttribute("aria-label", swatch.title);
    [...colours.children].forEach((choice, index) => choice.setAttribute("aria-pressed", String(index === object.colour)));
  }
}
