// Photos: opening, changing, coming back to them; and keeping the work on them in the vault.

function base(path) {
  return new URL(`tamingseg/${path}`, document.baseURI).href;
}

/** Open what the vault or the strip names; the work of an earlier visit comes back with it. */
async function openSample(name) {
  const key = `sample ${name}`;
  await arrive(await server.open_sample(name), {key, name, file: null}, vault.get(key));
}

async function openFile(file, key = `photo ${crypto.getRandomValues(new Uint32Array(3)).join("-")}`) {
  if (file.size > 40 * 2 ** 20) return say(`${file.name || "This file"} is larger than 40 MB; choose a smaller one.`, true);
  const name = (file.name || "pasted photo").slice(0, 200);
  say(`Opening ${name} …`);
  const answer = await upload(file, name);
  if (answer?.error) return say(`${name} could not be opened: ${answer.error}`, true);
  await arrive(answer, {key, name, file}, vault.get(key));
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

let arrivals = 0;

/**
 * The server opened a photo: load the picture and let the link begin with the work the server does
 * not know: `document`, and then the operations `pending` that it never answered. If anything fails,
 * say so, change nothing, return false.
 */
async function arrive(answer, opened, {document = null, pending = []} = {}) {
  const number = ++arrivals;
  const refuse = text => (say(text, true), false);
  if (!answer || answer.error) return refuse(answer?.error ?? "The server does not answer; nothing was changed.");
  const picture = new Image();
  picture.src = base(`picture/${answer.picture}`);
  try {
    await picture.decode();
  } catch (error) {
    return refuse("The picture did not arrive; nothing was changed.");
  }
  if (number !== arrivals) return true; // another photo was chosen meanwhile
  saveNow(); // what it saves is settled when it returns: nothing comes between it and the new photo
  const same = photo?.key === opened.key, kept = vault.get(opened.key)?.document;
  photo = {...opened, size: answer.size};
  if (!same) {
    masks.clear();
    work = {can_undo: false, can_redo: false, ...kept ?? {objects: [], active: null}};
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
  link.begin(answer, document, pending);
  for (const one of Object.values(tabs)) one.meet(same);
  refresh();
  saveNow();
  return true;
}

/** The server forgot us: open the same photo again, with the work as it was, and go on. */
async function reopen() {
  const {visit} = link, opened = photo;
  while (visit === link.visit) {
    const answer = opened.file ? await upload(opened.file, opened.name) : await server.open_sample(opened.name);
    if (visit !== link.visit || await arrive(answer, opened, {document: documentNow(), pending: link.queue})) return;
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
  const own = vault.all().filter(entry => entry.photo).sort((a, b) => b.added - a.added);
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
    if (!entry.photo || entry.key !== photo?.key) return choice;
    const own = document.createElement("span"), away = button(`Forget ${entry.name} and the work on it`, "forget", () => {
      if (away.classList.contains("sure")) return forget(entry);
      away.classList.add("sure");
      away.textContent = "Forget?";
    });
    away.textContent = "×";
    own.className = "own";
    own.append(choice, away);
    return own;
  }));
}

/** Take the open photo, one of the user's own, and the work on it out of this browser. */
async function forget(entry) {
  photo = null; // nothing more is saved of it
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
    key: photo.key, name: photo.name, photo: photo.file, time: Date.now(), added: earlier?.added ?? Date.now(),
    thumb: photo.file ? earlier?.thumb ?? thumbnail() : undefined, document: documentNow(),
    pending: link.pending.map(({at, ...operation}) => operation),
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
