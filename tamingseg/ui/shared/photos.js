// Photos: opening, changing, coming back to them; and keeping the work on them in the vault.

function base(path) {
  return new URL(`tamingseg/${path}`, document.baseURI).href;
}

/** The user chose a photo. Returns what tells whether no other was chosen since. */
function choosePhoto() {
  const number = ++choosePhoto.count;
  return () => number === choosePhoto.count;
}
choosePhoto.count = 0;

/**
 * Open what the vault or the strip names; the work of an earlier visit comes back with it.
 * Returns whether it is open, or another photo was chosen meanwhile.
 */
async function openSample(name) {
  const key = `sample ${name}`, wanted = choosePhoto();
  return arrive(await server.open_sample(name), {key, name, file: null}, wanted, await vault.get(key));
}

async function openFile(file, key = `photo ${crypto.getRandomValues(new Uint32Array(3)).join("-")}`) {
  if (file.size > 40 * 2 ** 20) return say(`${file.name || "This file"} is larger than 40 MB; choose a smaller one.`, true);
  const name = (file.name || "pasted photo").slice(0, 200), wanted = choosePhoto();
  say(`Opening ${name} …`);
  const answer = await upload(file, name);
  if (answer?.error && wanted()) return say(`${name} could not be opened: ${answer.error}`, true);
  return arrive(answer, {key, name, file}, wanted, await vault.get(key));
}

/** Send a file to the server; what it answers, or undefined. */
async function upload(file, name) {
  try {
    const response = await fetch(base(`photo?name=${encodeURIComponent(name)}`), {method: "POST", body: file});
    return await response.json();
  } catch (error) {
    return undefined;
  }
}

/**
 * The server opened a photo: load the picture and let the link begin with the work the server does
 * not know: `document`, and then the operations `pending` that it never answered, `first` of them in
 * the first request. If anything fails, say so, change nothing, return false; but none of that
 * matters once the photo is not `wanted` any more.
 */
async function arrive(answer, opened, wanted, {document = null, pending = [], first} = {}) {
  const refuse = text => !wanted() || (say(text, true), false);
  if (!answer || answer.error) return refuse(answer?.error ?? "The server does not answer; nothing was changed.");
  const picture = new Image();
  picture.src = base(`picture/${answer.picture}`);
  try {
    await picture.decode();
  } catch (error) {
    return refuse("The picture did not arrive; nothing was changed.");
  }
  if (!wanted()) return true;
  saveChanges(); // what it saves is settled when it returns: nothing comes between it and the new photo
  const same = photo?.key === opened.key;
  photo = {...opened, size: answer.size};
  if (!same) {
    masks.clear();
    work = {can_undo: false, can_redo: false, ...document ?? {objects: [], active: null}};
    readMasks();
    latency = {encode: null, decode: null, total: null, answers: latency.answers};
  }
  crosshair = pointed = null;
  const [height, width] = answer.size;
  if (same) view.draw();
  else view.show(picture, height, width);
  canvas.setAttribute("data-ready", opened.key);
  say("Reading the photo; a click made now is answered at once when that is done.");
  remember("last", photo.key);
  showStrip();
  link.begin(answer, document, pending, first);
  rememberSession();
  for (const one of Object.values(tabs)) one.meet(same);
  refresh();
  if (!vault.entries.has(photo.key)) saveNow();
  return true;
}

/** The server forgot us: open the same photo again, with the work as it was, and go on. */
async function reopen() {
  const {visit} = link, opened = photo, isOpen = () => photo && visit === link.visit;
  while (isOpen()) {
    const answer = opened.file ? await upload(opened.file, opened.name) : await server.open_sample(opened.name);
    if (await arrive(answer, opened, isOpen, {document: documentNow(), pending: link.queue})) return;
    await new Promise(resolve => setTimeout(resolve, 2000));
  }
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
  const known = key => key && (vault.entries.get(key) ?? (key.startsWith("sample ") ? {key, name: key.slice(7)} : null));
  const entry = known(session?.key);
  if (entry) {
    const wanted = choosePhoto(), answer = await server.resume(session.token);
    if (answer && !answer.error) {
      const opened = {key: entry.key, name: entry.name, file: entry.photo ?? null};
      return arrive(answer, opened, wanted, {document: entry.document, ...undone(answer, session)});
    }
  }
  const last = known(session?.key) ?? known(recall("last"));
  const opened = await (last?.photo ? openFile(last.photo, last.key) : openSample(last?.name ?? names[0]));
  if (!opened) await openSample(names[0]);
}

/** What the server has not done of a session that an earlier visit left; it says how far it is. */
function undone(greeting, {sequence, sent, queue}) {
  if (greeting.sequence > sequence) return {};
  if (greeting.sequence === sequence) return {pending: queue};
  // Perhaps it is at that request just now: under the same number go the same operations.
  return {pending: [...sent, ...queue], first: sent.length};
}

/** The strip of photos: the user's own, the latest first, then the samples. */
function showStrip() {
  const own = vault.all().filter(entry => entry.photo).sort((a, b) => b.added - a.added);
  const entries = [...own, ...(showStrip.samples ?? []).map(name => ({key: `sample ${name}`, name}))];
  const strip = find(".photos"), {activeElement} = document, wasInside = strip.contains(activeElement);
  strip.replaceChildren(...entries.map(entry => {
    const choice = button(entry.name, "photo", () => {
      if (entry.key === photo?.key) choosePhoto(); // it stays, whatever is on its way
      else if (entry.photo) openFile(entry.photo, entry.key);
      else openSample(entry.name);
    });
    const small = document.createElement("img");
    small.alt = "";
    small.draggable = false;
    small.src = entry.thumb ?? base(`samples/${encodeURIComponent(entry.name)}`);
    choice.append(small);
    choice.dataset.key = entry.key;
    choice.setAttribute("aria-pressed", String(entry.key === photo?.key));
    if (!entry.photo || entry.key !== photo?.key) return choice;
    const own = document.createElement("span"), label = `Forget ${entry.name} and the work on it`;
    const away = button(label, "forget", () => {
      if (away.classList.contains("sure")) return forget(entry);
      arm(true);
      say(`Press once more to forget ${entry.name} and the work on it.`);
    });
    const arm = sure => {
      away.classList.toggle("sure", sure);
      away.textContent = sure ? "Forget?" : "×";
      away.setAttribute("aria-label", sure ? `${label}? Press once more` : label);
    };
    arm(false);
    away.addEventListener("blur", () => arm(false));
    own.className = "own";
    own.append(choice, away);
    return own;
  }));
  // Who works by keyboard goes on where they were. The mouse leaves the keys to the photo.
  if (!wasInside || !root.classList.contains("by-key")) return;
  const same = [...strip.querySelectorAll(".photo")].find(choice => choice.dataset.key === activeElement.dataset.key);
  (same ?? strip.querySelector("[aria-pressed=true]"))?.focus();
}

/** Take the open photo, one of the user's own, and the work on it out of this browser. */
async function forget(entry) {
  photo = null; // nothing more is saved of it
  for (const one of Object.values(tabs)) one.forget?.(entry.key);
  await vault.remove(entry.key);
  await openSample(showStrip.samples[0]);
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
  return {objects: work.objects, active: work.active, next_threshold: work.next_threshold};
}

/** What a reload needs to go on here: the session, and what the server may not have done in it. */
function rememberSession() {
  const {token, sequence, sent, queue} = link;
  const session = {token, key: photo.key, sequence, sent: timeless(sent), queue: timeless(queue)};
  remember("session", JSON.stringify(session), window.sessionStorage);
}

let saving = 0;

function saveSoon() {
  saving ||= setTimeout(saveNow, 250);
}

/** Save what changed here. What did not may be older than what another tab saved. */
function saveChanges() {
  if (saving || link.pending.length) saveNow();
  saveParts();
}

const changed = new Map(); // kind of a part -> what gives it

/** A part of the work on this photo was changed by the user; save what `give` says once they rest. */
function savePartSoon(kind, give) {
  changed.set(kind, give);
  clearTimeout(savePartSoon.timer);
  savePartSoon.timer = setTimeout(saveParts, 250);
}

function saveParts() {
  for (const [kind, give] of changed) {
    const part = photo && give();
    if (part) vault.putPart(kind, photo.key, part).then(tellKept);
  }
  changed.clear();
}

function tellKept(kept) {
  if (kept || tellKept.told) return;
  tellKept.told = true;
  say("This browser does not store your work; save the masks before you leave.", true);
}

async function saveNow() {
  clearTimeout(saving);
  saving = 0;
  if (!photo) return;
  const earlier = vault.entries.get(photo.key);
  const entry = {
    key: photo.key, name: photo.name, photo: photo.file, time: Date.now(), added: earlier?.added ?? Date.now(),
    thumb: photo.file ? earlier?.thumb ?? thumbnail() : undefined, document: documentNow(),
    pending: timeless(link.pending), recipe: earlier?.recipe ?? photo.recipe,
  };
  const isNew = !earlier && photo.file;
  const kept = await vault.put(entry);
  if (isNew) {
    const lost = await vault.makeRoom(entry);
    showStrip();
    if (lost.length) link.idle().then(() => tellLost(lost)); // not to be talked over
  }
  tellKept(kept);
}

function tellLost(entries) {
  const names = entries.map(entry => entry.name).join(", ");
  say(`There is room for ${VAULT_PHOTOS} photos here: ${names} and the work on it had to go.`, true);
}

/** Fetch a PNG and hand it to the browser as a download. */
async function save(whole) {
  await link.idle();
  const object = work.objects.find(one => one.id === work.active) ?? work.objects.at(-1);
  if (!object) return say("There is no object to save yet: click one first.", true);
  const answer = await server.save({token: link.token, object_id: whole ? null : object.id});
  if (!answer || answer.error) return say(answer?.error ?? "The server does not answer; try again.", true);
  const stem = fileStem(photo.name.replace(/\.\w{1,5}$/, "")) || "photo";
  download(answer.png, "image/png", whole ? `${stem}-objects.png` : `${stem}-${fileStem(object.name) || "mask"}.png`);
}

/** A text as part of a file's name. */
function fileStem(text) {
  return text.replace(/[^\p{L}\p{N}_.-]+/gu, "-").replace(/^[-.]+|-+$/g, "");
}

/** Hand the browser a file, base64, as a download. */
function download(content, type, name) {
  const bytes = Uint8Array.from(atob(content), character => character.charCodeAt(0));
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([bytes], {type}));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  say(`Saved ${name}.`);
}
