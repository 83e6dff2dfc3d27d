// What the work is worth where the truth is known: a table that is filled when it is opened, and saved as CSV.

import {find} from "./dom.js";
import {download} from "./files.js";
import {commands, state} from "./state.js";
import {photoStem} from "./words.js";

const NONE = "No truth of this photo is known. Load a label map of it in the tab Proposals.";

export class Scores {
  /** `box` is a <details> as in the panels; `head` names the columns; `fetch()` gives {rows}, null without truth; `name()` that of what is compared. */
  constructor(box, command, head, fetch, name = () => state.photo.name) {
    Object.assign(this, {box: find(box), head, fetch, name, rows: null, shown: [], asked: 0});
    this.button = this.box.querySelector(`[data-do=${command}]`);
    this.box.addEventListener("toggle", () => this.bringUpToDate());
    commands[command] = () => this.save();
  }

  /** Fill the table, if it is open. */
  async bringUpToDate() {
    if (!this.box.open || !state.photo) return;
    const asked = ++this.asked, answer = await this.fetch();
    if (!answer || asked !== this.asked) return;
    this.rows = answer.rows;
    const table = this.box.querySelector("table"), hasRows = Boolean(this.rows?.length);
    this.fill(table, [this.head, ...(this.rows ?? []).map(row => row.map(inWords))]);
    table.hidden = this.button.hidden = !hasRows;
    this.box.querySelector("p").textContent = this.rows === null ? NONE : hasRows ? "" : "There is nothing to compare yet.";
  }

  /** Make the rows of the table anew whose words are others: there may be thousands. */
  fill(table, lines) {
    const before = this.shown;
    this.shown = lines.map(line => line.join("\t"));
    lines.forEach((line, i) => {
      if (this.shown[i] === before[i]) return;
      const row = rowOf(i ? "td" : "th", line);
      if (table.rows[i]) table.rows[i].replaceWith(row);
      else table.append(row);
    });
    while (table.rows.length > lines.length) table.deleteRow(-1);
  }

  save() {
    const lines = [this.head, ...this.rows].map(row => row.map(quoted).join(","));
    const bytes = new TextEncoder().encode(`${lines.join("\r\n")}\r\n`);
    download(bytes, "text/csv", `${photoStem(this.name())}-${state.tab.name}-scores.csv`);
  }
}

const inWords = value => Number.isInteger(value) || typeof value === "string" ? String(value) : value.toFixed(3);
const quoted = value => typeof value === "string" ? `"${value.replaceAll('"', '""')}"` : String(value);

function rowOf(kind, values) {
  const row = document.createElement("tr");
  for (const value of values) {
    const cell = document.createElement(kind);
    cell.textContent = value;
    if (kind === "th") cell.scope = "col";
    row.append(cell);
  }
  return row;
}
