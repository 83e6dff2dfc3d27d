// The list of objects in the panel. Rows are kept and updated, so that a name being typed stays.
// Names come from users: they are only ever written as text.

import {button, icon} from "../shared/dom.js";
import {MAX_NAME, PALETTE} from "../shared/settings.js";
import {photoPixels} from "../shared/state.js";

export class ObjectList {
  /** `list` is the <ol> to fill, `act(operation)` carries out what the user asks for. */
  constructor(list, act) {
    Object.assign(this, {list, act, rows: new Map()});
  }

  /** Show these objects; `area(object)` gives the number of pixels of its mask. */
  show(objects, active, area) {
    const ids = new Set(objects.map(object => object.id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) {
        row.item.remove();
        this.rows.delete(id);
      }
    }
    objects.forEach((object, place) => {
      const fresh = !this.rows.has(object.id);
      if (fresh) this.rows.set(object.id, this.makeRow(object.id));
      const row = this.rows.get(object.id);
      this.update(row, object, object.id === active, area(object));
      if (this.list.children[place] !== row.item) this.list.insertBefore(row.item, this.list.children[place] ?? null);
      if (object.id === active && row.wasActive !== true) row.item.scrollIntoView({block: "nearest"});
      row.wasActive = object.id === active;
    });
  }

  makeRow(id) {
    const item = document.createElement("li"), name = document.createElement("input");
    const open = button("", "open-object", () => this.act({do: "edit", object_id: id}));
    const swatch = button("Colour", "swatch", () => choose(!item.classList.contains("choosing")));
    const choose = choosing => {
      item.classList.toggle("choosing", choosing);
      swatch.setAttribute("aria-expanded", String(choosing));
    };
    const eye = button("Hide", "icon eye", () => this.act({do: "hide", object_id: id, hidden: !item.classList.contains("hidden")}));
    const trash = button("Delete", "icon trash", () => this.act({do: "delete", object_id: id}));
    const note = document.createElement("span"), colours = document.createElement("div");
    name.className = "object-name";
    name.maxLength = MAX_NAME;
    name.spellcheck = false;
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
      if (event.key !== "Delete" || event.target === name) return;
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
    item.append(swatch, open, name, note, eye, trash, colours);
    return {item, open, name, note, eye, trash, swatch, colours};
  }

  update(row, object, active, area) {
    const {item, open, name, note, eye, trash, swatch, colours} = row;
    const shown = JSON.stringify([object.name, object.colour, object.hidden, object.clicks.length, active, area]);
    if (row.shown === shown) return;
    row.shown = shown;
    item.classList.toggle("active", active);
    item.classList.toggle("hidden", object.hidden);
    item.style.setProperty("--colour", PALETTE[object.colour][0]);
    if (active) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
    open.textContent = object.name;
    open.title = `${object.name}: open it again to change it`;
    open.setAttribute("aria-label", `Edit ${object.name}`);
    trash.title = `Delete ${object.name}`;
    trash.setAttribute("aria-label", trash.title);
    name.title = object.name;
    if (document.activeElement !== name) name.value = object.name;
    name.dataset.saved = object.name;
    note.textContent = area === null ? "" : area === 0 ? "empty" : `${photoPixels(area)} px`;
    const label = object.hidden ? "Show" : "Hide";
    if (eye.title !== label || !eye.firstChild) eye.replaceChildren(icon(object.hidden ? "hidden" : "shown"));
    eye.title = label;
    eye.setAttribute("aria-label", `${label} ${object.name}`);
    swatch.title = `Colour of ${object.name}: ${PALETTE[object.colour][1]}`;
    swatch.setAttribute("aria-label", swatch.title);
    [...colours.children].forEach((choice, index) => choice.setAttribute("aria-pressed", String(index === object.colour)));
  }
}
