// The mask that a click would give follows the pointer, without the server: the page has the photo's
// features and the decoder. They are fetched when the pointer first stays over a photo, once; the server
// answers where that is not possible.

import {onPhotos} from "../shared/photos.js";
import {offerPreview, renewPreview} from "../shared/preview.js";
import {fetchBytes} from "../shared/server.js";
import {DECODER} from "../shared/settings.js";
import {state, view} from "../shared/state.js";
import {link} from "../shared/work.js";

let worker = null; // a promise of the thread that decodes, once it was asked for
let loading = null; // {key, token, abort} of the photo whose features are here, on their way or refused
let here = null; // the key of the photo that the thread answers about
let asked = null; // {clicks, name, key, resolve}, what the thread is answering
let next = null; // what comes after that; only the latest matters
let latest = null; // {name, shown, path}, what was answered last of the mask under the pointer
let further = null; // the same of further clicks, which are asked about before they are made
let isGone = true; // the pointer was not over the photo since

/** What the model sees: the open photo in its light. */
const keyNow = () => state.photo && JSON.stringify([state.photo.key, link.light()]);

/** Fetch what is needed to answer about the open photo, unless that was tried already. */
async function load() {
  const key = keyNow(), {size} = state.photo, {token} = link;
  if (token === null || loading?.key === key && loading.token === token) return;
  forget();
  const mine = loading = {key, token, abort: new AbortController()};
  while (link.busy) await link.idle(); // or the server does not know yet in which light the model is to see it
  const options = {signal: mine.abort.signal, headers: {"x-tamingseg-token": token}};
  const [thread, features] = await Promise.all([worker ??= begin().catch(giveUp), fetchBytes("decoder/features", options)]);
  if (mine === loading && thread && features) thread.postMessage({features, size, key}, [features]);
}

async function begin() {
  const [weights, kernels] = await Promise.all(["weights", "kernels"].map(part => fetchBytes(`decoder/${part}/${DECODER}`)));
  if (!weights || !kernels) return giveUp();
  const thread = new Worker(new URL("worker.js", import.meta.url), {type: "module"});
  thread.addEventListener("message", ({data}) => hear(data));
  thread.addEventListener("error", giveUp); // a browser that cannot do it
  thread.postMessage({weights, kernels}, [weights, kernels]);
  return thread;
}

/** From now on the server answers alone. */
function giveUp() {
  offerPreview("decoder", null);
  forget();
  asked?.resolve(null);
}

/** Another photo is shown: nothing is known of it. */
function forget() {
  loading?.abort.abort();
  next?.resolve(null);
  loading = here = next = latest = further = null;
}

function hear({ready, outline}) {
  if (ready !== undefined) {
    if (loading?.key !== ready) return;
    here = ready;
    if (renewPreview()) view.draw();
    return;
  }
  const {clicks, shown, name, key, resolve} = asked, found = key === here ? {name, shown, path: new Path2D(outline)} : null;
  if (clicks.length > 1) further = found;
  else if (found) {
    latest = found;
    isGone = false;
  }
  resolve(found);
  asked = null;
  pump();
}

async function pump() {
  if (asked || !next) return;
  [asked, next] = [next, null];
  const {clicks, shown} = asked;
  (await worker).postMessage({clicks, shown});
}

/** The first click on an object at a point. */
const clickAt = ({x, y}) => ({row: y, col: x, positive: true});

/**
 * What clicks {row, col, positive} on one object give; null if others are asked about before that is known, or it
 * cannot be. `shown` are the runs of the mask that the last one changes.
 */
function ask(clicks, shown = null) {
  if (here === null || here !== keyNow()) return Promise.resolve(null);
  const name = JSON.stringify(clicks), isIt = one => one?.name === name && one.shown === shown;
  const known = [latest, further].find(isIt), coming = [asked, next].find(one => isIt(one) && one.key === here);
  if (known || coming) return known ? Promise.resolve(known) : coming.found;
  next?.resolve(null);
  const found = new Promise(resolve => (next = {clicks, shown, name, key: here, resolve}));
  next.found = found;
  pump();
  return found;
}

/** What is known of the place under the pointer, perhaps still of one just before. */
function at(point) {
  if (!state.photo || state.elsewhere || !view.holds(point)) return null;
  const clicks = [clickAt(point)];
  if (here !== keyNow()) load();
  else if (latest?.name === JSON.stringify(clicks)) return latest;
  else ask(clicks).then(found => found && renewPreview() && view.draw());
  return isGone ? null : latest;
}

function leave() {
  isGone = true;
}

if (DECODER && typeof Worker === "function") offerPreview("decoder", {at, ask, leave});
onPhotos(() => loading && loading.key !== keyNow() && forget());
