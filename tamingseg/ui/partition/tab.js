// The partition tab: the photo in K regions, for any K at once. For every method the server finds the
// hierarchy of superpixels once for a photo; all else happens here. (Pointer, keys and edits are in
// edit.js.)

const KEPT_CUTS = 6; // photos whose regions are kept here
const FIRST_REGIONS = 8;
const MOST_STEPS = 200; // that can be undone
const METHODS = {greedy: "Greedy", "normalised-cut": "Normalised cut", multicut: "Multicut"};

const cutPanel = find("#panel-partition");
const regionSlider = find("#seg-cut"), regionNumber = find("#seg-regions");

/**
 * What is known of each photo by its key: trees, {regions, chosen} of every method that was asked
 * for; shown, the partition on the screen; base, the one from which other numbers of regions come;
 * method, that of these; past and future, what undo and redo bring; labels, which paint it.
 */
const cuts = new Map();
let cut = null; // of the photo that is open; null before a hierarchy came
let cutMs = null; // how long the last run took
let recut = {cut: null, total: null}; // milliseconds for cutting and colouring, and until the painted picture
let look = recall("look") === "boundaries" ? "boundaries" : "fills";
let depth = Number(recall("depth") ?? 0.5); // how opaque regions are

const regionsNow = () => cut.trees.get(cut.method).regions;

// --- from the server -----------------------------------------------------------------------------

const cutting = new Queued("cut", {news: () => tab.show(), done: arriveTree});

function findTree(method) {
  if (cutting.begin({method})) say(`${METHODS[method]}: finding the regions of ${photo.name} …`);
  tab.show();
}
commands.cut = async () => {
  const key = photo?.key, kept = cut ?? await vault.part("partition", key);
  if (photo?.key === key) findTree(kept?.method ?? "greedy");
};
commands.stopCut = () => {
  cutting.stop();
  say(cut ? "Stopped; the regions from before are still here." : "Stopped.");
};

/** Fetch the hierarchy that a run found, and show it. */
async function arriveTree({method, ms}) {
  const {key, size} = photo, answer = await ask("hierarchy", {method}, () => cutting.repeat());
  if (!answer || answer.error) return answer && say(answer.error, true);
  const cells = await inflate(answer.cells), kept = cut ? null : await vault.part("partition", key);
  if (photo?.key !== key) return;
  cutMs = ms;
  if (!cut) {
    cut = {trees: new Map(), base: null, shown: null, method, past: [], future: [], time: 0, labels: new Labels(...size)};
    cuts.set(key, cut);
    if (cuts.size > KEPT_CUTS) cuts.delete(cuts.keys().next().value);
  }
  cut.trees.set(method, {regions: new Regions(...size, cells, answer.merges), chosen: answer.regions});
  if (!bringBack(kept)) showTree(method);
}

/** The partition and its steps as the vault keeps them. */
function keptPartition() {
  cut.time = Date.now();
  const {time, base, shown, method, past, future} = cut, areas = regionsNow().leaves.map(leaf => leaf.area);
  const ofMethod = steps => steps.slice(steps.findLastIndex(step => step.method !== method) + 1);
  return {time, areas, base, shown, method, past: ofMethod(past), future: ofMethod(future)};
}

/** Show a partition that was kept, if it is newer and of the superpixels there are; says whether it is. */
function bringBack(kept) {
  const leaves = cut.trees.get(kept?.method)?.regions.leaves ?? [];
  const isOurs = kept?.areas.length === leaves.length && kept.areas.every((area, cell) => area === leaves[cell].area);
  if (!isOurs || kept.time <= cut.time) return false;
  const {time, base, shown, method, past, future} = kept;
  Object.assign(cut, {time, base, shown, method, past, future});
  showRegions(performance.now());
  say(`Welcome back: your ${countOf(shown.length)}.`);
  return true;
}

/** Show the photo by a method: in as many regions as now, or as many as the method chose. */
function showTree(method) {
  const {regions, chosen} = cut.trees.get(method), base = [regions.root];
  const count = chosen ?? cut.shown?.length ?? FIRST_REGIONS;
  change(base, method, regions.cut(base, Math.min(count, regions.count)));
  const words = chosen === null ? countOf(cut.shown.length) : `it chose ${countOf(chosen)}`;
  say(`${METHODS[method]}: ${words}; any number up to ${regions.count.toLocaleString("en")} at once.`);
}

/** Unpack whole numbers below 65,536, two bytes each, lowest first. */
async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint16Array(await new Response(stream).arrayBuffer());
}

/** Pack whole numbers so. */
async function deflate(numbers) {
  const stream = new Blob([numbers]).stream().pipeThrough(new CompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Another photo is shown, or the same one again; regions that were found before are here. */
async function meetCut(same) {
  cutting.stop();
  if (same) return;
  const {key} = photo;
  cut = cuts.get(key) ?? null;
  picked = under = tried = null;
  if (!cut) return;
  colourRegions();
  const kept = await vault.part("partition", key); // another tab may have gone on with it
  if (photo?.key === key) bringBack(kept);
}

// --- the number of regions -----------------------------------------------------------------------

/** Show `count` regions; `since` is when that was asked for. */
function setRegions(count, since) {
  if (!cut) return;
  const start = performance.now(), regions = regionsNow();
  cut.shown = regions.cut(cut.base, Math.max(1, Math.min(count, regions.count)));
  savePartSoon("partition", keptPartition);
  showRegions(since, start);
  say(`${countOf(cut.shown.length)}.`);
}

/**
 * Show another partition, from which other numbers of regions come from now on. Undo brings the one
 * before back, unless this is the first.
 */
function change(base, method = cut.method, shown = base) {
  if (cut.shown) {
    cut.past = [...cut.past.slice(1 - MOST_STEPS), {base: cut.base, shown: cut.shown, method: cut.method}];
    savePartSoon("partition", keptPartition);
  }
  cut.future = [];
  Object.assign(cut, {base, shown, method});
  showRegions(performance.now());
}

/** Go back or forth: from one list of partitions to the other. */
function turn(from, to) {
  const {base, shown, method} = cut;
  to.push({base, shown, method});
  Object.assign(cut, from.pop());
  savePartSoon("partition", keptPartition);
  showRegions(performance.now());
}

function showRegions(since, start = performance.now()) {
  colourRegions();
  recut.cut = performance.now() - start;
  under = regionAt(crosshair); // what is under the pointer may be another region now
  if (!cut.shown.includes(picked)) picked = null;
  tab.show();
  if (since === null) return;
  view.draw(() => {
    recut.total = performance.now() - since;
    root.dataset.recut = JSON.stringify(recut);
    showCutTimes();
  });
}

/** Colour every pixel by its region. */
function colourRegions() {
  const {shown, labels} = cut, regions = regionsNow(), place = regions.assign(shown);
  for (let i = 0; i < labels.map.length; i += 1) labels.map[i] = place[regions.cells[i]] + 1;
  const strong = Math.min(1, depth + 0.45), inside = new Uint32Array(shown.length + 1);
  if (look === "boundaries") { // a white line with a dark one beside it is seen on everything
    const line = new Uint32Array(inside.length).fill(withAlpha(0xffffff, strong));
    return labels.colour(inside, line, new Uint32Array(inside.length).fill(withAlpha(0, strong)));
  }
  const edge = new Uint32Array(inside.length);
  shown.forEach((node, i) => {
    inside[i + 1] = withAlpha(colourOf(node.colour), depth);
    edge[i + 1] = withAlpha(colourOf(node.colour), strong);
  });
  labels.colour(inside, edge);
}

// --- the panel -----------------------------------------------------------------------------------

let tried = null; // the photo for which the hierarchy was asked without being told to

function showPartition() {
  const {run} = cutting, count = cut?.shown.length ?? 0;
  if (!cut && !run && photo && link.token !== null && tried !== photo.key) {
    tried = photo.key;
    return commands.cut();
  }
  cutPanel.querySelector(".tally").textContent = count || "";
  cutPanel.querySelector(".unparted").hidden = Boolean(cut || run);
  cutPanel.querySelector(".parted").hidden = !cut;
  find("[data-do=undo]").disabled = !cut?.past.length;
  find("[data-do=redo]").disabled = !cut?.future.length;
  hint.hidden = true;
  mark("method", cut?.method ?? "greedy");
  for (const choice of cutPanel.querySelectorAll("[data-method]")) choice.disabled = Boolean(run);
  cutting.show(cutPanel.querySelector(".waiting"), ({total}) => !total ? "Waiting for its turn …"
    : "Looking at the photo and joining its superpixels …");
  showCutTimes();
  if (cut) showCut();
  view.draw();
}

/** Show which of the buttons with a `data-` of that name is chosen. */
function mark(name, value) {
  for (const choice of cutPanel.querySelectorAll(`[data-${name}]`)) {
    choice.setAttribute("aria-pressed", String(choice.dataset[name] === value));
  }
}

const countOf = count => `${count.toLocaleString("en")} ${count === 1 ? "region" : "regions"}`;

function showCut() {
  const {shown} = cut, count = shown.length, most = regionsNow().count;
  cutPanel.querySelector(".of").textContent = `of up to ${most.toLocaleString("en")}`;
  regionNumber.max = most;
  if (document.activeElement !== regionNumber) regionNumber.value = count;
  regionSlider.value = shareOf(count, most);
  regionSlider.setAttribute("aria-valuetext", `${count} of up to ${most} regions`);
  regionSlider.disabled = regionNumber.disabled = most < 2;
  cutPanel.querySelector(".strength input").value = depth;
  cutPanel.querySelector(".strength output").textContent = percentOf(depth);
  mark("look", look);
  mark("edit", editing);
  cutPanel.querySelector(".export-what").textContent = `Save ${shown.length === 1 ? "the region" : `the ${countOf(shown.length)}`}`;
  showUnder();
}

function showCutTimes() {
  if (tab !== tabs.partition) return;
  const seconds = cutMs === null ? "–" : inSeconds(cutMs);
  find(".latency").title = "The server's answer, once for a photo and a method · cutting at another number of regions · from there to the painted picture";
  find(".latency").textContent = `server ${seconds} · re-cut ${inMs(recut.cut)} · repaint ${inMs(recut.total)}`;
}

cutPanel.addEventListener("click", event => {
  const {method, look: shown, edit} = event.target.closest("button")?.dataset ?? {};
  if (method) setMethod(method);
  if (shown) setLook(shown);
  if (edit) setEditing(edit);
});

/** Show the regions of a method, without what was divided and merged by hand. */
function setMethod(method) {
  if (cut?.trees.has(method)) showTree(method);
  else findTree(method);
}

function setLook(value) {
  look = value;
  remember("look", look);
  say(look === "fills" ? "Regions are filled." : "Boundaries are drawn.");
  if (cut) showRegions(null);
}

cutPanel.querySelector(".strength input").addEventListener("input", event => {
  depth = Number(event.target.value);
  remember("depth", depth);
  showRegions(null);
});
regionSlider.addEventListener("input", event => setRegions(countAt(Number(regionSlider.value), regionsNow().count), event.timeStamp));
regionSlider.addEventListener("keydown", event => {
  const count = cut.shown.length, some = Math.max(1, Math.round(count / 4));
  const next = {
    ArrowLeft: count - 1, ArrowDown: count - 1, ArrowRight: count + 1, ArrowUp: count + 1,
    PageDown: count - some, PageUp: count + some, Home: 1, End: regionsNow().count,
  }[event.key];
  if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  setRegions(next, event.timeStamp);
});
regionNumber.addEventListener("input", event => {
  if (regionNumber.checkValidity() && regionNumber.value) setRegions(Number(regionNumber.value), event.timeStamp);
});
regionNumber.addEventListener("keydown", event => {
  if (event.key === "Enter") canvas.focus();
});
regionNumber.addEventListener("blur", () => tab.show());

/** Save the regions that are shown. */
async function saveRegions(form, kind, ending) {
  const labels = await deflate(cut.labels.map);
  const answer = await ask("export_regions", {labels, form}, () => saveRegions(form, kind, ending));
  if (!answer || answer.error) return answer && say(answer.error, true);
  download(answer.file, kind, `${fileStem(photo.name.replace(/\.\w{1,5}$/, "")) || "photo"}-${ending}`);
}
commands.saveRegionsJson = () => saveRegions("json", "application/json", "regions.json");
commands.saveRegionsPng = () => saveRegions("png", "image/png", "regions.png");
