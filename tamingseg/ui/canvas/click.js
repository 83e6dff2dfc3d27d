// The click tab: what the user does becomes operations, what the server answers is drawn.
// The picture on the screen runs ahead of the server by the points that are not answered yet.

const root = element.querySelector(".seg");
const find = selector => root.querySelector(selector);
const canvas = find("canvas.view"), message = find(".message"), hint = find(".hint");
const touch = window.matchMedia("(pointer: coarse)").matches;

const vault = new Vault();
const masks = new Map(); // key of a mask -> what readMask made of it
let work = {objects: [], active: null, threshold: 0.5, can_undo: false, can_redo: false};
let photo = null; // {key, name, file, size}: what is open; file is null for a sample
let including = true; // what a plain click means
let opacity = Number(recall("opacity") ?? 0.3);
let crosshair = null; // a point, while the keyboard leads
let pointed = null; // index of the point under the mouse
let gestures = Date.now(); // not from 0: the server may remember gestures of before a reload
let latency = {encode: null, decode: null, total: null, answers: 0};

const view = new View(canvas, {press, grab, hover}, paint);
const list = new ObjectList(find(".objects"), act);
const link = new Link(request => server.answer(request), {
  hear, known: () => Object.fromEntries(work.objects.map(object => [object.id, object.key])),
  gone: reopen,
  trouble: text => say(text ?? "Connected again.", text !== null),
});

// --- what is on the screen -----------------------------------------------------------------------

/** The work as it will be once the server has answered: points appear at once. */
function foreseen() {
  const objects = work.objects.map(object => ({...object, clicks: [...object.clicks]}));
  let active = work.active, serial = -1;
  const current = () => objects.find(object => object.id === active);
  for (const operation of link.pending) {
    const {row, col, positive, index} = operation, clicks = current()?.clicks;
    if (operation.do === "add_click") {
      if (!clicks) {
        active = serial--;
        objects.push({id: active, name: "…", colour: 0, clicks: [], key: "", hidden: false});
      }
      current().clicks.push([row, col, positive]);
    } else if (operation.do === "move_click" && clicks?.[index]) clicks[index] = [row, col, clicks[index][2]];
    else if (operation.do === "delete_click" && clicks) clicks.splice(index, 1);
    else if (operation.do === "clear_clicks" && clicks) clicks.length = 0;
    else if (operation.do === "keep") active = null;
    else if (operation.do === "edit") active = operation.object_id;
    else if (operation.do === "hide") {
      const object = objects.find(one => one.id === operation.object_id);
      if (object) object.hidden = operation.hidden;
    }
  }
  return {objects, active};
}

function currentClicks() {
  const {objects, active} = foreseen();
  return objects.find(object => object.id === active)?.clicks ?? [];
}

/** Whether an undo is under way, so that nobody knows yet which points there will be. */
function isOpen() {
  return link.pending.some(operation => operation.do === "undo" || operation.do === "redo");
}

function maskOf(object) {
  return masks.get(object.key) ?? null;
}

/** Bring everything beside the picture up to date. */
function refresh() {
  const {objects, threshold} = work, current = objects.find(object => object.id === work.active);
  list.show(objects, work.active, object => maskOf(object)?.area ?? (object.clicks.length ? null : 0));
  find(".empty").hidden = objects.length > 0;
  find(".count").textContent = objects.length || "";
  find("[data-do=undo]").disabled = !work.can_undo;
  find("[data-do=redo]").disabled = !work.can_redo;
  find("[data-do=next]").disabled = !current;
  find("[data-do=saveMask]").disabled = find("[data-do=saveAll]").disabled = !objects.length;
  find("[data-do=include]").setAttribute("aria-pressed", String(including));
  find("[data-do=exclude]").setAttribute("aria-pressed", String(!including));
  if (!link.queue.length) find(".threshold").value = threshold; // else the hand is ahead
  find(".threshold-value").textContent = Number(find(".threshold").value).toFixed(2);
  find(".opacity").value = opacity;
  find(".opacity-value").textContent = `${Math.round(opacity * 100)} %`;
  hint.hidden = !photo || objects.length > 0 || link.pending.length > 0;
  hint.textContent = touch ? "Tap anything to outline it" : "Click anything to outline it";
  view.draw();
}

/** A line for the user; screen readers read it out. */
function say(text, isError = false) {
  message.textContent = text;
  message.classList.toggle("error", isError);
}

function showLatency() {
  const ms = value => (value === null ? "–" : `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`);
  const {encode, decode, total} = latency;
  find(".latency").textContent = `encode ${ms(encode)} · decode ${ms(decode)} · total ${ms(total)}`;
  root.dataset.latency = JSON.stringify(latency);
}

// --- the server ----------------------------------------------------------------------------------

function act(operation) {
  link.push(operation);
  refresh();
  canvas.setAttribute("aria-busy", "true");
  link.idle().then(() => canvas.setAttribute("aria-busy", "false"));
}

/** An answer came: keep its masks, draw it, and save the work in the browser. */
function hear(answer, operations) {
  if (answer.error) say(answer.error, true);
  if (!answer.objects) return refresh();
  const before = new Map(work.objects.map(object => [object.id, object]));
  for (const object of answer.objects) {
    if (object.mask === undefined) object.mask = before.get(object.id).mask;
  }
  work = answer;
  readMasks();
  const clicked = operations.filter(operation => operation.at !== undefined);
  latency.encode = answer.encode_ms;
  if (clicked.length) latency.decode = answer.decode_ms;
  if (!answer.error) describe(operations);
  refresh();
  view.draw(() => {
    if (clicked.length) {
      latency.total = performance.now() - clicked[0].at;
      latency.answers += 1;
    }
    showLatency();
  });
  forgetMasks();
  if (operations.length) saveSoon();
}

function readMasks() {
  for (const {mask, key} of work.objects) {
    if (mask && !masks.has(key)) masks.set(key, readMask(mask, ...photo.size));
  }
}

/** Tell in words what came of it. */
function describe(operations) {
  const current = work.objects.find(object => object.id === work.active);
  const last = operations.at(-1)?.do;
  const area = current && maskOf(current)?.area;
  if (!last) say(work.objects.length ? "Welcome back: your work is here." : `Ready. ${touch ? "Tap" : "Click"} anything in the photo.`);
  else if (last === "undo") say("Undone.");
  else if (last === "redo") say("Done again.");
  else if (last === "keep") say("Finished. The next click begins another object.");
  else if (last === "delete") say("Deleted. Undo brings it back.");
  else if (current && !current.clicks.length) say(`${current.name} has no points: click to place one.`);
  else if (current && !area) say(`${current.name} is empty: nothing is left of it. Undo, or click what belongs to it.`);
  else if (current) {
    say(`${current.name}: ${area.toLocaleString("en")} pixels. ` + (work.objects.length === 1 && current.clicks.length === 1
      ? touch ? "Too much? Choose − and tap there." : "Too much? Right-click there. Too little? Click there." : ""));
  }
}

/** Masks of steps that can be redone are cheap to read again; hold only so many. */
function forgetMasks() {
  const used = new Set(work.objects.map(object => object.key));
  for (const key of masks.keys()) {
    if (masks.size <= 32 + used.size) return;
    if (!used.has(key)) masks.delete(key);
  }
}
