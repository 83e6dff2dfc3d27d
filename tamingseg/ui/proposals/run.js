// Runs and files: asking for proposals and hearing how far they are, bringing the truth, saving.

import {choice, find, mark, root, say} from "../shared/dom.js";
import {download} from "../shared/files.js";
import {savePartSoon, vault} from "../shared/keep.js";
import {reopen} from "../shared/photos.js";
import {Run, ask, tryAgain} from "../shared/requests.js";
import {sendFile} from "../shared/server.js";
import {GRIDS, INSTANT} from "../shared/settings.js";
import {commands, refresh, state} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {countOf, grouped, inSeconds, photoStem} from "../shared/words.js";
import {link} from "../shared/work.js";
import {chosenOrShown, queueEdit} from "./choose.js";
import {
  amount, choose, chosenInOrder, forgetList, hearList, keptAmount, keptList, labels, listed, regions,
} from "./list.js";

export let lastRun = null; // how long the last one took, in milliseconds

const instantly = {side: 0, title: "Instant", words: `All regions of the ${INSTANT} model, without clicks.`};
const grids = [...INSTANT === null ? [] : [instantly], ...GRIDS];
const kept = Number(recall("grid"));
let grid = grids.find(({side}) => side === kept) ?? (INSTANT === null ? grids[Math.floor(grids.length / 2)] : instantly);

export const proposing = new Run("propose", answer => fetchList(answer.ms));

commands.propose = () => {
  if (proposing.begin({grid: grid.side})) say(`Proposing masks for ${state.photo.name} …`);
  refresh();
};
commands.stopRun = () => {
  proposing.stop();
  say(listed ? "Stopped; the proposals from before are still here." : "Stopped.");
};

find(".grids").append(...grids.map(one => {
  const made = choice(one.title, one.words, () => {
    grid = one;
    remember("grid", grid.side);
    refresh();
  });
  made.dataset.grid = one.side;
  return made;
}));

/** Fetch the list that a run made, or that this photo has from before, on the server or here. */
async function fetchList(ms = null, earlier = null) {
  const {visit} = link, parts = ["proposals", "amount"].map(kind => ms === null ? vault.part(kind, state.photo.key) : null);
  const [before, shown] = await Promise.all(parts);
  if (visit !== link.visit) return;
  let answer = await ask("proposals", {earlier});
  if (answer && !answer.list && before?.masks.length) answer = await ask("restore_proposals", {masks: before.masks});
  if (!answer) return;
  forgetList();
  lastRun = ms;
  hearList(answer, shown?.amount);
  refresh();
  if (ms === null) return;
  savePartSoon("proposals", keptList);
  savePartSoon("amount", keptAmount); // not that of the list before
  const {length} = listed.order;
  say(length ? `${countOf(length, "mask")} in ${inSeconds(ms)}, the best first.`
    : "Nothing was found to propose; more clicks may find more.");
}

/** The server forgot the list: give it the one that is here. */
async function returnList() {
  const {masks} = keptList(), answer = masks.length ? await ask("restore_proposals", {masks}) : null;
  if (!answer) return;
  const places = chosenInOrder().map(id => labels.rank.get(id)), wanted = amount;
  forgetList();
  hearList(answer, wanted);
  choose(places); // the masks are numbered anew, by their places
  refresh();
}

const visits = new Map(); // key of a photo -> the token under which the server last had it

export const forgetVisit = key => visits.delete(key);

/** Another photo is shown, or the same one again, of which the server then knows nothing. */
export function arrived(same) {
  const {key} = state.photo, earlier = visits.get(key) ?? null;
  visits.set(key, link.token);
  proposing.stop();
  if (same) {
    if (listed) queueEdit(() => state.photo?.key === key && returnList());
    return;
  }
  forgetList();
  lastRun = null;
  fetchList(null, earlier);
}

export function showRun() {
  find("[data-do=propose]").disabled = Boolean(proposing.now) || !state.photo;
  mark(root, "grid", grid.side);
  for (const one of root.querySelectorAll("[data-grid]")) one.disabled = Boolean(proposing.now);
  find(".grid-words").textContent = grid.words;
  proposing.show(find("#panel-proposals .running"), ({done, total}) => !total ? "Waiting for its turn …"
    : done === total ? "Choosing and ordering the masks …"
      : proposing.request.grid ? `${grouped(done)} of ${grouped(total)} clicks are answered`
        : "Finding all regions …");
}

// --- the truth -----------------------------------------------------------------------------------

commands.loadTruth = () => find(".truth-file").click();
find(".truth-file").addEventListener("change", event => {
  const [file] = event.target.files;
  const {visit} = link;
  if (file) queueEdit(() => visit === link.visit && sendTruth(file));
  event.target.value = "";
});

async function sendTruth(file) {
  const {visit, token} = link;
  const answer = await sendFile("truth", file, {"x-tamingseg-token": token});
  if (visit !== link.visit) return;
  if (answer?.gone) reopen().then(() => link.idle()).then(tryAgain);
  else if (!answer || answer.error) say(answer?.error ?? "The server does not answer; try again.", true);
  else {
    hearList(answer);
    refresh();
    say(`The curve now shows how well the first N masks match the ${countOf(regions, "true region")} of ${file.name}.`);
  }
}

// --- saving --------------------------------------------------------------------------------------

/** Save the masks that are chosen, or else those that are shown. */
async function saveMasks(form, kind, ending) {
  const ids = chosenOrShown(), {name} = state.photo;
  const answer = await ask("export_proposals", {ids, form});
  if (answer) download(answer.file, kind, `${photoStem(name)}-${ending}`);
}
commands.saveJson = () => saveMasks("json", "application/json", "proposals.json");
commands.saveLabels = () => saveMasks("png", "image/png", "labels.png");
