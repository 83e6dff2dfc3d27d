// Runs and files: asking for proposals and hearing how far they are, bringing the truth, saving.

let lastRun = null; // how long the last one took, in milliseconds
let instant = null; // name of the model whose regions are proposed without a grid; null if none
let grid = Number(recall("grid")); // 0 before a choice, and for the model that needs no clicks

/** What to ask for: what was chosen, if the server has that. */
const gridNow = () => grid || (instant === null ? 32 : 0);

const proposing = new Queued("propose", {
  news: () => tab.show(),
  done: answer => arriveList(answer.ms),
});

commands.propose = () => {
  if (!proposing.begin({grid: gridNow()})) return;
  say(`Proposing masks for ${photo.name} …`);
  tab.show();
};
commands.stopRun = () => {
  proposing.stop();
  say(listed ? "Stopped; the proposals from before are still here." : "Stopped.");
};

/** Fetch the list that a run made, or that this photo has from before, on the server or here. */
async function arriveList(ms = null, earlier = null) {
  const {visit} = link, parts = ["proposals", "amount"].map(kind => ms === null ? vault.part(kind, photo.key) : null);
  const [kept, shown] = await Promise.all(parts);
  if (visit !== link.visit) return;
  let answer = await ask("proposals", {earlier});
  if (!answer || answer.error) return answer && say(answer.error, true);
  instant = answer.instant;
  if (!answer.list && kept?.masks.length) answer = await ask("restore_proposals", {masks: kept.masks});
  if (!answer || answer.error) return answer && say(answer.error, true);
  forgetList();
  lastRun = ms;
  meet(answer, shown?.amount);
  refresh();
  if (ms === null) return;
  savePartSoon("proposals", keptList);
  savePartSoon("amount", keptAmount); // not that of the list before
  const {length} = listed.order;
  say(length ? `${length} masks in ${inSeconds(ms)}, the best first. The first ${amount} are shown.`
    : "Nothing was found to propose; a finer grid may find more.");
}

/** The server forgot the list: give it the one that is here. */
async function returnList() {
  const {masks} = keptList(), answer = masks.length ? await ask("restore_proposals", {masks}) : null;
  if (!answer || answer.error) return answer && say(answer.error, true);
  const places = chosenInOrder().map(id => labels.rank.get(id)), wanted = amount;
  forgetList();
  meet(answer, wanted);
  chosen = new Set(places); // the masks are numbered anew, by their places
  refresh();
}

const tryAgain = () => say("The server had forgotten this photo: try that again.", true);

/**
 * Call the server; null if what it answers is about a photo no longer shown, or one it has forgotten:
 * then the photo is opened there again, and `forgotten` is called.
 */
async function ask(name, request, forgotten = tryAgain) {
  if (!photo) return null; // it was just forgotten on request
  const {visit} = link, {key} = photo, {token = link.token} = request;
  let answer;
  try {
    answer = await server[name]({...request, token});
  } catch (error) {
    answer = null;
  }
  if (visit !== link.visit) return null;
  if (!answer?.gone) return answer ?? {error: "The server does not answer; try again."};
  if (token !== link.token) forgotten(); // what was asked about lay beside another photo, or this one earlier
  else reopen().then(() => link.idle()).then(() => photo?.key === key && forgotten());
  return null;
}

const visits = new Map(); // key of a photo -> the token under which the server last had it

tabs.proposals.forget = key => visits.delete(key);

/** Another photo is shown, or the same one again, of which the server then knows nothing. */
tabs.proposals.meet = same => {
  const earlier = visits.get(photo.key) ?? null;
  visits.set(photo.key, link.token);
  proposing.stop();
  const {key} = photo;
  if (same) {
    if (listed) edits = edits.then(() => photo?.key === key && returnList());
    return;
  }
  forgetList();
  lastRun = null;
  arriveList(null, earlier);
};

function showRun() {
  const {run} = proposing;
  find("[data-do=propose]").disabled = Boolean(run) || !photo;
  for (const choice of root.querySelectorAll("[data-grid]")) {
    choice.setAttribute("aria-pressed", String(Number(choice.dataset.grid) === gridNow()));
    choice.disabled = Boolean(run);
  }
  const title = `Instant: all regions of the ${instant} model, without clicks`;
  Object.assign(find("[data-grid='0']"), {hidden: instant === null, title});
  proposing.show(find("#panel-proposals .running"), ({done, total}) => !total ? "Waiting for its turn …"
    : done === total ? "Choosing and ordering the masks …"
      : proposing.request.grid ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")} points are answered`
        : "Finding all regions …");
}

find(".grids").addEventListener("click", event => {
  const side = event.target.closest("[data-grid]")?.dataset.grid;
  if (!side) return;
  grid = Number(side);
  remember("grid", grid);
  tab.show();
});

// --- the truth -----------------------------------------------------------------------------------

commands.loadTruth = () => find(".truth-file").click();
find(".truth-file").addEventListener("change", event => {
  const [file] = event.target.files;
  const {visit} = link;
  if (file) edits = edits.then(() => visit === link.visit && sendTruth(file));
  event.target.value = "";
});

async function sendTruth(file) {
  const {visit, token} = link;
  let answer;
  try {
    answer = await (await fetch(base("truth"), {method: "POST", body: file, headers: {"x-tamingseg-token": token}})).json();
  } catch (error) {
    answer = {error: "The server does not answer; try again."};
  }
  if (visit !== link.visit) return;
  if (answer.gone) return reopen().then(() => link.idle()).then(tryAgain);
  if (answer.error) return say(answer.error, true);
  meet(answer);
  say(`The curve now shows how well the first N masks match the ${regions} true regions of ${file.name}.`);
}

// --- saving --------------------------------------------------------------------------------------

/** Save the masks that are chosen, or else those that are shown. */
async function saveMasks(form, kind, ending) {
  const ids = chosen.size ? chosenInOrder() : listed.order.slice(0, amount);
  const answer = await ask("export_proposals", {ids, form});
  if (!answer || answer.error) return answer && say(answer.error, true);
  download(answer.file, kind, `${fileStem(photo.name.replace(/\.\w{1,5}$/, "")) || "photo"}-${ending}`);
}
commands.saveJson = () => saveMasks("json", "application/json", "proposals.json");
commands.saveLabels = () => saveMasks("png", "image/png", "labels.png");
