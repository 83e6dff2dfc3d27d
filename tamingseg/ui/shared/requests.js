// Requests about the open photo: questions to the server, and runs, which take their time. Where the
// server has forgotten the photo, it is opened there again. A run that was cut off, by a connection that
// broke or by a reload, begins anew.

import {root, say} from "./dom.js";
import {reopen} from "./photos.js";
import {call, isReachable, trigger} from "./server.js";
import {refresh, state} from "./state.js";
import {recall, remember} from "./vault.js";
import {countOf} from "./words.js";
import {link} from "./work.js";

const WATCH = 3000; // milliseconds between looks at a run
const QUIET = 20000; // a run that was heard of and then not for so long is cut off

const runs = [];

const SILENT = {error: "The server does not answer; try again."};

/** Say that the server had forgotten the photo; by now it is there again. */
export const tryAgain = () => say("The server had forgotten this photo: try that again.", true);

/**
 * Ask the server; null if there is no answer of use. An error is said, unless `isQuiet`. Where the
 * server has forgotten the photo, it is opened there again, and then `forgotten` is called. An answer
 * about a photo no longer shown is dropped.
 */
export async function ask(name, request, {forgotten = tryAgain, isQuiet = false} = {}) {
  if (!state.photo) return null; // it was just forgotten on request
  const {visit} = link, {key} = state.photo, {token = link.token} = request;
  const answer = await call(name, {...request, token}) ?? SILENT;
  if (visit !== link.visit) return null;
  if (answer.gone) {
    // What was asked about may lie beside another photo, or this one as it was opened earlier.
    if (token !== link.token) forgotten();
    else reopen().then(() => link.idle()).then(() => state.photo?.key === key && forgotten());
    return null;
  }
  if (answer.error && !isQuiet) say(answer.error, true);
  return answer.error ? null : answer;
}

/** A kind of work that takes its time: one run of it at once. What the server says carries its name. */
export class Run {
  /** `event` is what the server listens for; `done(answer)` is called at the end of a run that was not stopped and did not fail. */
  constructor(event, done) {
    Object.assign(this, {event, done, now: null}); // now: {name, token, done, total, ahead, heard}
    runs.push(this);
    document.addEventListener("tamingseg-run", ({detail}) => {
      if (root.isConnected && this.now && detail?.run === this.now.name) this.hear(detail);
    });
  }

  /** Ask; says whether that was possible. */
  begin(request) {
    if (!state.photo || link.token === null) {
      say("The photo is not ready yet.");
      return false;
    }
    if (this.now) return false;
    this.request = request;
    this.now = {name: `${this.event}${Date.now()}`, token: link.token, done: 0, total: 0, ahead: 0, heard: null};
    remember(`run ${this.event}`, JSON.stringify({key: state.photo.key, request}), "sessionStorage");
    trigger(this.event, {token: this.now.token, run: this.now.name, ...request});
    setTimeout(() => this.watch(this.now), WATCH);
    return true;
  }

  /** The run is over, or not wanted any more. */
  end() {
    this.now = null;
    remember(`run ${this.event}`, "null", "sessionStorage");
  }

  /** Look now and then whether the connection to a run still stands. */
  async watch(run, wasCut = false) {
    if (!run || this.now !== run) return;
    const isThere = await isReachable();
    if (this.now !== run) return;
    if (isThere && (wasCut || run.heard !== null && performance.now() - run.heard > QUIET)) this.beginAnew();
    else {
      if (!isThere && !wasCut) say("The connection was cut during the task. It starts again as soon as the server answers.", true);
      setTimeout(() => this.watch(run, wasCut || !isThere), WATCH);
    }
  }

  beginAnew() {
    if (this.now) call("stop_run", {token: this.now.token, run: this.now.name});
    this.now = null;
    this.repeat();
    say("The connection was cut during the task; it has started again.");
  }

  /** A reload cut the run off: begin it anew if its photo is shown. */
  resume() {
    const {key, request} = JSON.parse(recall(`run ${this.event}`, "sessionStorage") ?? "null") ?? {};
    if (!request || this.now) return;
    this.request = request;
    if (key === state.photo?.key) this.beginAnew();
    else this.end();
  }

  /** Ask the same again, as after the server had forgotten the photo. */
  repeat() {
    this.begin(this.request);
    refresh();
  }

  /** Stop the run, also if the server has not begun it, or is not there any more. */
  stop() {
    if (!this.now) return;
    call("stop_run", {token: this.now.token, run: this.now.name});
    this.end();
    refresh();
  }

  hear(detail) {
    const key = state.photo?.key;
    if (detail.total !== undefined) {
      Object.assign(this.now, {done: detail.done, total: detail.total, ahead: detail.ahead, heard: performance.now()});
    } else {
      this.end();
      if (detail.gone) reopen().then(() => state.photo?.key === key && this.repeat());
      else if (detail.error) say(detail.error, true);
      else if (!detail.stopped) this.done(detail);
    }
    refresh();
  }

  /** Show how far the run is in a block with a progress bar and a line for words; `words(now)` says what is being done. */
  show(block, words) {
    const {now} = this, bar = block.querySelector("progress");
    block.hidden = !now;
    if (!now) return;
    if (now.total) Object.assign(bar, {max: now.total, value: now.done});
    else bar.removeAttribute("value");
    block.querySelector("span").textContent = now.ahead
      ? `Waiting for its turn; ${countOf(now.ahead, "task")} before it …` : words(now);
  }
}

/** Begin the runs anew that a reload of the page cut off. */
export function resumeRuns() {
  for (const run of runs) run.resume();
}
