// The proposals tab: an ordered list of masks of which the first N are shown, for any N at once.
// The server keeps the list and says what it is worth; every mask comes here once and is laid on
// the others here. (Pointer and choice are in choose.js, runs and files in run.js.)

let listed = null; // what the server says of the list, and all masks by id; null before a run
let labels = null; // which mask a pixel shows
let regions = null; // how many true regions are known; null if none
let amount = 1; // how many masks are shown
let strength = Number(recall("strength") ?? 0.5); // how opaque they are
let repaint = null; // milliseconds from the last move of the slider to the painted picture

const curve = new Curve(find(".curve"), (n, event) => setAmount(n, event.timeStamp));
const slider = find(".slider"), number = find(".number");

/**
 * Hear of the list: of masks only those that are new; of another list, how many to show, if that is
 * known. Nothing is known of another photo's.
 */
function meet(answer, wanted = null) {
  regions = answer.regions;
  if (!answer.list) return;
  const fresh = answer.list.masks.map(mask => ({...mask, runs: Uint32Array.from(readRuns(mask.counts)), path: null}));
  const first = !listed;
  listed = {...answer.list, masks: [...listed?.masks ?? [], ...fresh]};
  labels ??= new Labels(...photo.size);
  labels.set(listed.masks, listed.order);
  chosen = new Set([...chosen].filter(id => labels.rank.has(id)));
  if (first) amount = wanted ?? bend();
  if (fresh.length) mix();
  setAmount(amount);
}

/** The list as the vault keeps it. */
function keptList() {
  return {masks: listed.order.map(id => ({counts: listed.masks[id].counts, score: listed.masks[id].score}))};
}

const keptAmount = () => ({amount});

/** Forget the list, as for another photo. */
function forgetList() {
  listed = labels = regions = repaint = previewed = target = null;
  chosen = new Set();
}

function bend() {
  return (listed.miou ? listed.knees.miou : listed.knees.coverage) || 1;
}

/** Show the first `n` masks; `since` is when that was asked for. */
function setAmount(n, since = null) {
  if (!listed) return;
  amount = Math.max(1, Math.min(n, listed.order.length));
  stackLabels();
  tab.show();
  if (since === null) return;
  savePartSoon("amount", keptAmount);
  view.draw(() => {
    repaint = performance.now() - since;
    root.dataset.repaint = String(repaint);
    showTimes();
  });
}

/** Colours of all masks: a mask keeps its own whatever becomes of the others. */
function mix() {
  const inside = new Uint32Array(listed.masks.length + 1), edge = new Uint32Array(inside.length);
  listed.masks.forEach((_, id) => {
    inside[id + 1] = withAlpha(colourOf(id), strength);
    edge[id + 1] = withAlpha(colourOf(id), Math.min(1, strength + 0.45));
  });
  Object.assign(labels, {inside, edge});
}

function stackLabels() {
  labels.stack(amount);
  labels.colour(labels.inside, labels.edge);
  target = null; // what is under the pointer may be another mask now
}

// --- the panel -----------------------------------------------------------------------------------

const percentOf = value => `${Math.round(100 * value)} %`;
const percent = value => `${(100 * value).toFixed(value < 0.9995 ? 1 : 0)} %`;
const decimal = value => value.toFixed(2);

/** Bring everything beside the picture up to date. */
function showProposals() {
  const total = listed?.order.length ?? 0;
  find(".total").textContent = total || "";
  find(".before").hidden = Boolean(listed || proposing.run);
  find(".listed").hidden = !listed;
  find("[data-do=undo]").disabled = !listed?.can_undo;
  find("[data-do=redo]").disabled = !listed?.can_redo;
  hint.hidden = !photo || Boolean(listed || proposing.run);
  hint.textContent = "Propose masks of the whole photo";
  showRun();
  showTimes();
  if (listed) {
    showAmount(total);
    showWorth();
    showChoice();
  }
  view.draw();
}

function showAmount(total) {
  find(".of").textContent = `of ${total.toLocaleString("en")}`;
  number.max = total;
  if (document.activeElement !== number) number.value = total ? amount : "";
  slider.value = shareOf(amount, total);
  find(".strength input").value = strength;
  find(".strength output").textContent = percentOf(strength);
  slider.setAttribute("aria-valuetext", `${amount} of ${total} masks`);
  for (const control of [slider, number, find("[data-do=knee]")]) control.disabled = total < 2;
}

function showWorth() {
  const {miou, coverage, score} = listed;
  const lines = miou
    ? [{name: "mIoU", values: miou, text: percent}, {name: "covered", values: coverage, text: percent}]
    : [{name: "covered", values: coverage, text: percent}, {name: "mean score", values: score, text: decimal}];
  curve.show(lines, amount, bend());
  find(".worth").replaceChildren(...lines.map(({name, values, text}) => {
    const item = document.createElement("span"), value = document.createElement("b");
    value.textContent = values.length ? text(values[amount - 1]) : "–";
    item.append(name, value);
    return item;
  }));
  find(".truth-says").textContent = regions ? `Compared with ${regions} true ${regions === 1 ? "region" : "regions"}.` : "No truth is known.";
}

function showTimes() {
  if (tab !== tabs.proposals) return;
  find(".latency").title = "The last run · from the last move of the slider to the painted picture";
  find(".latency").textContent = `run ${lastRun === null ? "–" : inSeconds(lastRun)} · repaint ${inMs(repaint)}`;
}

function inSeconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

// --- the amount ----------------------------------------------------------------------------------

slider.addEventListener("input", event => setAmount(countAt(Number(slider.value), listed.order.length), event.timeStamp));
slider.addEventListener("keydown", event => {
  const {length} = listed.order, some = Math.max(1, Math.round(amount / 4));
  const next = {
    ArrowLeft: amount - 1, ArrowDown: amount - 1, ArrowRight: amount + 1, ArrowUp: amount + 1,
    PageDown: amount - some, PageUp: amount + some, Home: 1, End: length,
  }[event.key];
  if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  setAmount(next, event.timeStamp);
});
find(".strength input").addEventListener("input", event => {
  strength = Number(event.target.value);
  remember("strength", strength);
  mix();
  setAmount(amount);
});
number.addEventListener("input", event => {
  if (number.checkValidity() && number.value) setAmount(Number(number.value), event.timeStamp);
});
number.addEventListener("keydown", event => {
  if (event.key === "Enter") canvas.focus();
});
number.addEventListener("blur", () => tab.show());

commands.knee = () => {
  if (!listed?.order.length) return say("There is no list yet: propose first.");
  setAmount(bend(), performance.now());
  say(`The curve bends at ${amount}: from there on, more masks bring little.`);
};
