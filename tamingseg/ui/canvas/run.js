// Runs and files: asking for proposals and hearing how far they are, bringing the truth, saving.

let run = null; // {name, token, done, total}: the run under way
let lastRun = null; // how long the last one took, in milliseconds
let grid = Number(recall("grid") ?? 32);

commands.propose = () => {
  if (!photo || link.token === null) return say("The photo is not ready yet.");
  if (run) return;
  run = {name: `run${Date.now()}`, token: link.token, done: 0, total: 0};
  trigger("propose", {token: run.token, run: run.name, grid});
  say(`Proposing masks for ${photo.name} …`);
  tab.show();
};

/** Stop the run, also if the server has not begun it, or is not there any more. */
function stopRun() {
  if (!run) return;
  server.stop_proposing({token: run.token, run: run.name});
  run = null;
  tab.show();
}
commands.stopRun = () => {
  stopRun();
  say(listed ? "Stopped; the proposals from before are still here." : "Stopped.");
};

document.addEventListener("tamingseg-run", ({detail}) => {
  if (!root.isConnected || !run || detail?.run !== run.name) return;
  if (detail.total !== undefined) {
    Object.assign(run, {done: detail.done, total: detail.total});
    return tab.show();
  }
  run = null;
  if (detail.gone) reopen().then(commands.propose);
  else if (detail.error) say(detail.error, true);
  else if (!detail.stopped) arriveList(detail.ms);
  tab.show();
});

/** Fetch the list that a run made, or that this photo has from before. */
async function arriveList(ms = null, earlier = null) {
  const answer = await ask("proposals", {earlier});
  if (!answer || answer.error) return answer && say(answer.error, true);
  forgetList();
  lastRun = ms;
  meet(answer);
  refresh();
  if (ms === null) return;
  const {length} = listed.order;
  say(length ? `${length} masks in ${inSeconds(ms)}, the best first. The first ${amount} are shown.`
    : "Nothing was found to propose; a finer grid may find more.");
}

/** Call the server; null if what it answers is about a photo no longer shown, or one it has forgotten. */
async function ask(name, request) {
  const {visit} = link;
  let answer;
  try {
    answer = await server[name]({token: link.token, ...request});
  } catch (error) {
    answer = null;
  }
  if (visit !== link.visit) return null;
  if (!answer?.gone) return answer ?? {error: "The server does not answer; try again."};
  reopen().then(() => link.idle()).then(() => say("The server had forgotten this photo. Propose again to change or save its proposals.", true));
  return null;
}

const visits = new Map(); // key of a photo -> the token under which the server last had it

/** Another photo is shown, or the same one again, of which the server then knows nothing. */
function meetPhoto(same) {
  const earlier = visits.get(photo.key) ?? null;
  visits.set(photo.key, link.token);
  if (!same || run) stopRun();
  if (same) return;
  forgetList();
  lastRun = null;
  arriveList(null, earlier);
}

function showRun() {
  find(".running").hidden = !run;
  find("[data-do=propose]").disabled = Boolean(run) || !photo;
  find("[data-do=propose]").textContent = listed ? "Propose again" : "Propose";
  for (const choice of root.querySelectorAll("[data-grid]")) {
    choice.setAttribute("aria-pressed", String(Number(choice.dataset.grid) === grid));
    choice.disabled = Boolean(run);
  }
  if (!run) return;
  const {done, total} = run, bar = find(".progress");
  if (total) Object.assign(bar, {max: total, value: done});
  else bar.removeAttribute("value");
  find(".step").textContent = !total ? "Waiting for its turn …"
    : done < total ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")} points are answered`
      : "Choosing and ordering the masks …";
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
  if (file) edits = edits.then(() => sendTruth(file));
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
