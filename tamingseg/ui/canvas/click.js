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
let greeting = null;
let including = true; // what a plain click means
let opacity = Number(recall("opacity") ?? 0.3);
let crosshair = null; // a point, while the keyboard leads
let pointed = null; // index of the point under the mouse
let gestures = 0;
let latency = {encode: null, decode: null, total: null, answers: 0};

const view = new View(canvas, {press, grab, hover}, paint);
const list = new ObjectList(find(".objects"), act);
const link = new Link(request => server.answer(request), {
  hear, known: () => Object.fromEntries(work.objects.map(object => [object.id, object.key])),
  gone: () => reopen().catch(() => say("The server does not answer. Reload the page; your work is safe.", true)),
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
  }
  return {objects, active};
}

function currentClicks() {
  const {objects, active} = foreseen();
  return objects.find(object => object.id === active)?.clicks ?? [];
}

function maskOf(object) {
  return masks.get(object.key) ?? null;
}

function paint(context, scale) {
  const active = work.objects.find(object => object.id === work.active);
  const pixel = 1 / scale;
  for (const object of work.objects) {
    const mask = maskOf(object);
    if (object.hidden || !mask) continue;
    const colour = PALETTE[object.colour][0];
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.fill(mask.path, "evenodd");
    context.globalAlpha = 1;
    context.lineJoin = "round";
    context.lineWidth = (object === active ? 4 : 3) * pixel;
    context.strokeStyle = "rgba(0, 0, 0, 0.55)";
    context.stroke(mask.path);
    context.lineWidth = (object === active ? 2.2 : 1.4) * pixel;
    context.strokeStyle = colour;
    context.stroke(mask.path);
  }
  const answered = active?.clicks.length ?? 0;
  currentClicks().forEach(([row, col, positive], index) => {
    paintPoint(context, pixel, col, row, positive, index === pointed, index < answered);
  });
  if (crosshair) paintCrosshair(context, pixel, crosshair);
}

function paintPoint(context, pixel, x, y, positive, large, answered) {
  const radius = (large ? 10 : 8) * pixel, arm = radius * 0.5;
  context.globalAlpha = answered ? 1 : 0.75;
  context.beginPath();
  context.arc(x, y, radius + 2 * pixel, 0, 2 * Math.PI);
  context.fillStyle = "rgba(0, 0, 0, 0.45)";
  context.fill();
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = positive ? "#0a66b5" : "#c8430a";
  context.fill();
  context.lineWidth = 2 * pixel;
  context.strokeStyle = "#fff";
  context.stroke();
  context.beginPath();
  context.moveTo(x - arm, y);
  context.lineTo(x + arm, y);
  if (positive) {
    context.moveTo(x, y - arm);
    context.lineTo(x, y + arm);
  }
  context.lineCap = "round";
  context.stroke();
  context.globalAlpha = 1;
}

function paintCrosshair(context, pixel, {x, y}) {
  const gap = 5 * pixel, reach = 22 * pixel;
  for (const [width, colour] of [[4, "rgba(0, 0, 0, 0.6)"], [1.6, "#fff"]]) {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * gap, y + dy * gap);
      context.lineTo(x + dx * reach, y + dy * reach);
    }
    context.lineWidth = width * pixel;
    context.strokeStyle = colour;
    context.stroke();
  }
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

// --- points --------------------------------------------------------------------------------------

/** Index of the point within reach of the pointer, the latest first; -1 if there is none. */
function pointAt(point, event) {
  const reach = (event?.pointerType === "touch" ? 22 : 12) / view.scale;
  return currentClicks().findLastIndex(([row, col]) => Math.hypot(col - point.x, row - point.y) <= reach);
}

function addPoint(point, positive, at, gesture) {
  if (!view.holds(point)) return say("That is outside the photo.");
  act({do: "add_click", row: point.y, col: point.x, positive, gesture, at});
}

function startTime(event) {
  return event.timeStamp || performance.now();
}

let lastAdded = -Infinity; // when, so that a double click does not delete what it made

/** A button went down, or a finger tapped: on a point, take hold of it; elsewhere, make one. */
function press(point, event) {
  if (!photo || (event.button !== 0 && event.button !== 2)) return null;
  crosshair = null;
  const held = grab(point, event);
  if (held) return held;
  if (pointAt(point, event) >= 0 || !view.holds(point)) return null;
  const excluding = event.button === 2 || event.altKey, gesture = `add${++gestures}`;
  lastAdded = performance.now();
  addPoint(point, excluding ? false : including, startTime(event), gesture);
  return dragPoint(currentClicks().length - 1, event, gesture, () => {});
}

/** Take hold of the point under the pointer: moved it follows, let go in place it is deleted. */
function grab(point, event) {
  const index = pointAt(point, event);
  if (index < 0 || performance.now() - lastAdded < 350) return null;
  return dragPoint(index, event, `move${++gestures}`, () => {
    pointed = null;
    act({do: "delete_click", index, at: performance.now()});
  });
}

function dragPoint(index, from, gesture, letGo) {
  let dragged = false;
  return {
    move(point, event) {
      dragged ||= Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > 4;
      if (!dragged) return;
      const inside = (value, end) => Math.max(0, Math.min(value, end - 0.01));
      const to = {row: inside(point.y, view.height), col: inside(point.x, view.width)};
      act({do: "move_click", index, ...to, gesture, at: startTime(event)});
    },
    up(_, event) {
      if (!dragged && event.type === "pointerup") letGo();
    },
  };
}

function hover(point) {
  const index = point ? pointAt(point) : -1;
  const now = index < 0 ? null : index;
  canvas.style.cursor = view.panning ? "grab" : now === null ? "crosshair" : "pointer";
  if (now === pointed) return;
  pointed = now;
  view.draw();
}

// --- photos --------------------------------------------------------------------------------------

function base(path) {
  return new URL(`tamingseg/${path}`, document.baseURI).href;
}

/** Open what the vault or the strip names; the work of an earlier visit comes back with it. */
async function openSample(name) {
  const entry = vault.get(`sample ${name}`);
  await arrive(await server.open_sample(name), {key: `sample ${name}`, name, file: null}, entry?.document);
}

async function openFile(file, key = `photo ${crypto.getRandomValues(new Uint32Array(3)).join("-")}`) {
  if (file.size > 40 * 2 ** 20) return say(`${file.name || "This file"} is larger than 40 MB; choose a smaller one.`, true);
  say(`Opening ${file.name || "the photo"} …`);
  let answer;
  try {
    const response = await fetch(base(`photo?name=${encodeURIComponent((file.name || "pasted photo").slice(0, 200))}`), {method: "POST", body: file});
    answer = await response.json();
  } catch (error) {
    answer = undefined;
  }
  await arrive(answer, {key, name: file.name || "pasted photo", file}, vault.get(key)?.document);
}

let arrivals = 0;

/** The server opened a photo: load the picture and let the link begin. If not, all stays as it is. */
async function arrive(answer, opened, document = null, operations = []) {
  const number = ++arrivals;
  if (!answer || answer.error) return say(answer?.error ?? "The server does not answer; nothing was changed.", true);
  const picture = new Image();
  picture.src = base(`picture/${answer.picture}`);
  try {
    await picture.decode();
  } catch (error) {
    return say("The picture did not arrive; nothing was changed.", true);
  }
  if (number !== arrivals) return;
  await saveNow();
  greeting = answer;
  const same = photo?.key === opened.key, kept = vault.get(opened.key)?.document;
  photo = {...opened, size: answer.size};
  if (!same) {
    masks.clear();
    work = {threshold: 0.5, can_undo: false, can_redo: false, ...kept ?? {objects: [], active: null}};
    readMasks();
    latency = {encode: null, decode: null, total: null, answers: latency.answers};
  }
  crosshair = pointed = null;
  const [height, width] = answer.size;
  if (same) view.draw();
  else view.show(picture, height, width);
  canvas.setAttribute("data-ready", opened.key);
  say("Reading the photo; a click made now is answered at once when that is done.");
  remember("session", JSON.stringify({token: answer.token, key: photo.key}), window.sessionStorage);
  remember("last", photo.key);
  showStrip();
  link.begin(answer, document, operations);
  refresh();
  saveNow();
}

/** The server forgot us: open the same photo again, with the work as it was, and go on. */
async function reopen() {
  const waiting = link.queue, document = documentNow();
  if (photo.file) {
    const response = await fetch(base(`photo?name=${encodeURIComponent(photo.name)}`), {method: "POST", body: photo.file});
    await arrive(await response.json(), photo, document, waiting);
  } else await arrive(await server.open_sample(photo.name), photo, document, waiting);
}

/** Begin where this page was before a reload, else with the photo last worked on, else afresh. */
async function start() {
  showLatency();
  refresh();
  const names = await (await fetch(base("samples"))).json();
  await vault.ready;
  showStrip.samples = names;
  showStrip();
  const session = JSON.parse(recall("session", window.sessionStorage) ?? "null");
  const known = key => key && (vault.get(key) ?? (key.startsWith("sample ") ? {key, name: key.slice(7)} : null));
  const entry = known(session?.key);
  if (entry) {
    const answer = await server.resume(session.token);
    if (answer && !answer.error) return arrive(answer, {key: entry.key, name: entry.name, file: entry.photo ?? null});
  }
  const last = known(session?.key) ?? known(recall("last"));
  if (last?.photo) await openFile(last.photo, last.key);
  else await openSample(last?.name ?? names[0]);
  if (!photo) await openSample(names[0]);
}

/** The strip of photos: the user's own, the latest first, then the samples. */
function showStrip() {
  const own = vault.all().filter(entry => entry.photo);
  const entries = [...own, ...(showStrip.samples ?? []).map(name => ({key: `sample ${name}`, name}))];
  find(".photos").replaceChildren(...entries.map(entry => {
    const choice = button(entry.name, "photo", () => {
      if (entry.key === photo?.key) return;
      if (entry.photo) openFile(entry.photo, entry.key);
      else openSample(entry.name);
    });
    const small = document.createElement("img");
    small.alt = "";
    small.draggable = false;
    small.src = entry.thumb ?? base(`samples/${encodeURIComponent(entry.name)}`);
    choice.append(small);
    choice.setAttribute("aria-pressed", String(entry.key === photo?.key));
    return choice;
  }));
}

/** A small square of the picture on the screen, as a data URL. */
function thumbnail() {
  const small = document.createElement("canvas"), {picture} = view;
  const side = Math.min(picture.width, picture.height);
  small.width = small.height = 96;
  const context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, 96, 96);
  return small.toDataURL("image/jpeg", 0.85);
}

// --- keeping the work ----------------------------------------------------------------------------

function recall(name, storage = window.localStorage) {
  try {
    return storage.getItem(`tamingseg ${name}`);
  } catch (error) {
    return null; // the browser forbids storage
  }
}

function remember(name, value, storage = window.localStorage) {
  try {
    storage.setItem(`tamingseg ${name}`, value);
  } catch (error) {
    // the browser forbids storage, or it is full: the vault says so
  }
}

function documentNow() {
  return {objects: work.objects, active: work.active};
}

let saving = 0;

function saveSoon() {
  saving ||= setTimeout(saveNow, 250);
}

async function saveNow() {
  clearTimeout(saving);
  saving = 0;
  if (!photo) return;
  const earlier = vault.get(photo.key);
  const entry = {
    key: photo.key, name: photo.name, photo: photo.file, time: earlier?.time ?? Date.now(),
    thumb: photo.file ? earlier?.thumb ?? thumbnail() : undefined, document: documentNow(),
  };
  const isNew = !earlier && photo.file;
  const kept = await vault.put(entry);
  if (isNew) showStrip();
  if (!kept && !saveNow.told) {
    saveNow.told = true;
    say("This browser does not store your work; save the masks before you leave.", true);
  }
}

/** Fetch a PNG and hand it to the browser as a download. */
async function save(whole) {
  await link.idle();
  const object = work.objects.find(one => one.id === work.active) ?? work.objects.at(-1);
  if (!object) return say("There is no object to save yet: click one first.", true);
  const answer = await server.save({token: link.token, object_id: whole ? null : object.id});
  if (!answer || answer.error) return say(answer?.error ?? "The server does not answer; try again.", true);
  const bytes = Uint8Array.from(atob(answer.png), character => character.charCodeAt(0));
  const anchor = document.createElement("a");
  const part = text => text.replace(/[^\p{L}\p{N}_.-]+/gu, "-").replace(/^[-.]+|-+$/g, "");
  const stem = part(photo.name.replace(/\.\w{1,5}$/, "")) || "photo";
  anchor.href = URL.createObjectURL(new Blob([bytes], {type: "image/png"}));
  anchor.download = whole ? `${stem}-objects.png` : `${stem}-${part(object.name) || "mask"}.png`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  say(`Saved ${anchor.download}.`);
}

// --- buttons, sliders, keys ----------------------------------------------------------------------

function setSign(positive) {
  including = positive;
  say(positive ? "A click includes." : "A click excludes.");
  refresh();
}

const commands = {
  include: () => setSign(true),
  exclude: () => setSign(false),
  undo: () => work.can_undo || link.pending.length ? act({do: "undo"}) : say("There is nothing to undo."),
  redo: () => work.can_redo || link.pending.length ? act({do: "redo"}) : say("There is nothing to redo."),
  zoomIn: () => view.zoom(1.4),
  zoomOut: () => view.zoom(1 / 1.4),
  fit: () => view.fit(),
  next: () => act({do: "keep"}),
  saveMask: () => save(false),
  saveAll: () => save(true),
  open: () => find(".file").click(),
  help: () => find("dialog").showModal(),
};

root.addEventListener("click", event => {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name) commands[name]();
  if (event.target === find("dialog")) find("dialog").close();
});

find(".threshold").addEventListener("input", event => {
  act({do: "set_threshold", threshold: Number(event.target.value), gesture: `threshold${gestures}`});
});
find(".threshold").addEventListener("change", () => { gestures += 1; });
find(".opacity").addEventListener("input", event => {
  opacity = Number(event.target.value);
  remember("opacity", opacity);
  refresh();
});

function moveCrosshair(dx, dy) {
  const box = canvas.getBoundingClientRect();
  crosshair ??= view.toPicture(box.left + box.width / 2, box.top + (box.height - 68) / 2);
  const clamp = (value, end) => Math.max(0.5, Math.min(value, end - 0.5));
  crosshair = {x: clamp(crosshair.x + dx / view.scale, view.width), y: clamp(crosshair.y + dy / view.scale, view.height)};
  const [x, y] = view.toWindow(crosshair), edge = 24;
  const out = (value, low, high) => Math.max(low + edge - value, 0) + Math.min(high - edge - value, 0);
  const [panX, panY] = [out(x, box.left, box.right), out(y, box.top, box.bottom)];
  if (!view.fitted && (panX || panY)) view.pan(panX, panY);
  view.draw();
}

function deletePoint() {
  const clicks = currentClicks(), near = crosshair ? pointAt(crosshair) : pointed ?? -1;
  if (!clicks.length) return say("There is no point to delete.");
  pointed = null;
  act({do: "delete_click", index: near >= 0 ? near : clicks.length - 1, at: performance.now()});
}

function enter(event) {
  if (event.ctrlKey || event.metaKey) return commands.next();
  if (!crosshair) return moveCrosshair(0, 0);
  addPoint(crosshair, event.shiftKey ? !including : including, startTime(event));
}

function escape() {
  if (crosshair) crosshair = null;
  else if (currentClicks().length) act({do: "clear_clicks"});
  view.draw();
}

function hideActive() {
  const object = work.objects.find(one => one.id === work.active);
  if (object) act({do: "hide", object_id: object.id, hidden: !object.hidden});
}

const arrows = {ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4]};
const keys = {
  x: () => setSign(!including), n: commands.next, h: hideActive, 0: commands.fit,
  "+": commands.zoomIn, "=": commands.zoomIn, "-": commands.zoomOut, _: commands.zoomOut,
  "?": commands.help, escape, delete: deletePoint, backspace: deletePoint,
};

document.addEventListener("keydown", event => {
  const {target} = event, free = target === document.body || target === canvas;
  if (!root.isConnected || !root.offsetParent || find("dialog").open) return;
  root.classList.add("by-key");
  if (!(free || root.contains(target)) || target.matches("input:not([type=range])")) return;
  const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
  let done = true;
  if (command && key === "z") commands[event.shiftKey ? "redo" : "undo"]();
  else if (command && key === "y") commands.redo();
  else if (key === "enter" && (free || command)) enter(event);
  else if (command || event.altKey) done = false;
  else if (key === " " && free) view.panning = true;
  else if (arrows[event.key] && free) {
    const [dx, dy] = arrows[event.key], factor = event.shiftKey ? 10 : 1;
    moveCrosshair(dx * factor, dy * factor);
  } else if (Object.hasOwn(keys, key)) keys[key](event);
  else done = false;
  if (done) event.preventDefault();
});
document.addEventListener("keyup", event => {
  if (event.key === " ") view.panning = false;
});

const isPhoto = file => file && (file.type.startsWith("image/") || !file.type);
find(".file").addEventListener("change", event => {
  const [file] = event.target.files;
  if (file) openFile(file);
  event.target.value = "";
});
document.addEventListener("paste", event => {
  const file = [...(event.clipboardData?.files ?? [])].find(isPhoto);
  if (!root.isConnected || !root.offsetParent || !file) return;
  event.preventDefault();
  openFile(file);
});
document.addEventListener("pointerdown", () => root.classList.remove("by-key"));

let dragDepth = 0;
const dragging = on => root.classList.toggle("dragging", on);
root.addEventListener("dragenter", event => {
  event.preventDefault();
  dragging(++dragDepth > 0);
});
root.addEventListener("dragover", event => event.preventDefault());
root.addEventListener("dragleave", () => dragging(--dragDepth > 0));
root.addEventListener("drop", event => {
  event.preventDefault();
  dragging((dragDepth = 0) > 0);
  const [file] = event.dataTransfer.files;
  if (file) openFile(file);
});
window.addEventListener("pagehide", () => {
  if (link.token) navigator.sendBeacon(base("leave"), link.token);
  saveNow();
});

if (touch) find(".empty .minus + span").textContent = "Choose − and tap what you don’t.";
start().catch(error => {
  console.error(error);
  say("The page could not start. Reload it to try again; your work is safe.", true);
});
