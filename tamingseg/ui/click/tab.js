// The click tab: what the user does becomes operations, what the server answers is drawn.
// (The pointer is answered in points.js, the picture drawn over in paint.js.)
// The picture on the screen runs ahead of the server by the points that are not answered yet.

const vault = new Vault();
const masks = new Map(); // key of a mask -> what readMask made of it
let work = {objects: [], active: null, can_undo: false, can_redo: false};
let including = true; // what a plain click means
let opacity = Number(recall("opacity") ?? 0.3);
let pointed = null; // index of the point under the mouse
let gestures = Date.now(); // not from 0: the server may remember gestures of before a reload
let latency = {encode: null, decode: null, total: null, answers: 0};

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
    else if (operation.do === "add_mask") {
      active = serial--;
      objects.push({id: active, name: "…", colour: 0, clicks: [], key: "", hidden: false});
    } else if (operation.do === "keep") active = null;
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
  return heldOf(object)?.mask ?? masks.get(object.key) ?? null;
}

/** Bring everything beside the picture up to date. */
function refresh() {
  const {objects} = work, current = objects.find(object => object.id === work.active);
  list.show(objects, work.active, object => maskOf(object)?.area ?? (object.clicks.length ? null : 0));
  find(".empty").hidden = objects.length > 0;
  find(".count").textContent = objects.length || "";
  find("[data-do=next]").disabled = !current;
  find("[data-do=saveMask]").disabled = find("[data-do=saveAll]").disabled = !objects.length;
  find("[data-do=include]").setAttribute("aria-pressed", String(including));
  find("[data-do=exclude]").setAttribute("aria-pressed", String(!including));
  find(".preview").hidden = !listed || touch;
  find(".preview input").checked = previewing;
  find(".opacity").value = opacity;
  find(".opacity-value").textContent = `${Math.round(opacity * 100)} %`;
  tab.show();
}

/** The parts of the frame that are about this tab while it is open. */
function showClick() {
  find("[data-do=undo]").disabled = !work.can_undo;
  find("[data-do=redo]").disabled = !work.can_redo;
  hint.hidden = !photo || work.objects.length > 0 || link.pending.length > 0;
  hint.textContent = touch ? "Tap anything to outline it" : "Click anything to outline it";
  showLevels();
  showLatency();
  view.draw();
}

function showLatency() {
  const {encode, decode, total} = latency;
  root.dataset.latency = JSON.stringify(latency);
  if (tab !== tabs.click) return;
  find(".latency").title = "Encoding the photo, once · the model's answer to the last click · from that click to the painted mask";
  find(".latency").textContent = `encode ${inMs(encode)} · decode ${inMs(decode)} · total ${inMs(total)}`;
}

function inMs(value) {
  return value === null ? "–" : `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`;
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
    if (object.mask === undefined) Object.assign(object, {mask: before.get(object.id).mask, base: before.get(object.id).base});
  }
  work = answer;
  if (!link.queue.length && operations.length) held = null;
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
  else if (last === "add_mask") say(`${current.name} is open here. Click what is missing, right-click what is too much.`);
  else if (current && !current.clicks.length && !current.base) say(`${current.name} has no points: click to place one.`);
  else if (current && !area) say(`${current.name} is empty: nothing is left of it. Undo, or click what belongs to it.`);
  else if (last === "set_threshold" && answers.has(current?.answer)) say(`${current.name}: ${levelWords(current)}.`);
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

commands.include = () => setSign(true);
commands.exclude = () => setSign(false);
commands.next = () => foreseen().active === null ? say("There is no object to finish: click one first.") : act({do: "keep"});
commands.saveMask = () => save(false);
commands.saveAll = () => save(true);

function setSign(positive) {
  including = positive;
  say(positive ? "A click includes." : "A click excludes.");
  refresh();
}

function deletePoint() {
  if (isOpen()) return link.idle().then(deletePoint);
  const clicks = currentClicks(), near = crosshair ? pointAt(crosshair) : pointed ?? -1;
  if (!clicks.length) return say("There is no point to delete.");
  pointed = null;
  act({do: "delete_click", index: near >= 0 ? near : clicks.length - 1, at: performance.now()});
}

function hideActive() {
  const {objects, active} = foreseen(), object = objects.find(one => one.id === active);
  if (active < 0) link.idle().then(hideActive); // not named by the server yet
  else if (object) act({do: "hide", object_id: object.id, hidden: !object.hidden});
}

tabs.click = {
  label: "The photo. Arrow keys move a crosshair, Enter includes what is under it, Shift and Enter excludes it, question mark shows all keys.",
  press, grab, hover, paint, show: showClick, point() {}, meet: meetLevels,
  undo: () => work.can_undo || link.pending.length ? act({do: "undo"}) : say("There is nothing to undo."),
  redo: () => work.can_redo || link.pending.length ? act({do: "redo"}) : say("There is nothing to redo."),
  enter(event) {
    if (event.ctrlKey || event.metaKey) return commands.next();
    if (!crosshair) return moveCrosshair(0, 0);
    addPoint(crosshair, event.shiftKey ? !including : including, startTime(event));
  },
  escape() {
    if (crosshair) crosshair = null;
    else if (currentClicks().length) act({do: "clear_clicks"});
    view.draw();
  },
  keys: {
    x: () => setSign(!including), n: () => commands.next(), h: hideActive, delete: deletePoint, backspace: deletePoint,
    ",": () => commands.part(), ".": () => commands.whole(),
  },
};

find(".opacity").addEventListener("input", event => {
  opacity = Number(event.target.value);
  remember("opacity", opacity);
  refresh();
});
