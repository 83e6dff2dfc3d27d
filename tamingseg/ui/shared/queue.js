// The queue: asks the server for what takes its time, one thing of a kind at once, and hears how far
// it is. What the server says of a run carries the run's name.

class Queued {
  /**
   * `event` is what the server listens for. `news()` is called whenever `run` changed, `done(answer)`
   * at the end of a run that was not stopped and did not fail.
   */
  constructor(event, {news, done}) {
    Object.assign(this, {event, news, done, run: null}); // run: {name, token, done, total}
    document.addEventListener("tamingseg-run", ({detail}) => {
      if (root.isConnected && this.run && detail?.run === this.run.name) this.hear(detail);
    });
  }

  /** Ask; says whether that was possible. */
  begin(request) {
    if (!photo || link.token === null) {
      say("The photo is not ready yet.");
      return false;
    }
    if (this.run) return false;
    this.request = request;
    this.run = {name: `${this.event}${Date.now()}`, token: link.token, done: 0, total: 0};
    trigger(this.event, {token: this.run.token, run: this.run.name, ...request});
    return true;
  }

  /** Ask the same again, as after the server had forgotten the photo. */
  repeat() {
    this.begin(this.request);
    this.news();
  }

  /** Stop the run, also if the server has not begun it, or is not there any more. */
  stop() {
    if (!this.run) return;
    server.stop_run({token: this.run.token, run: this.run.name});
    this.run = null;
    this.news();
  }

  hear(detail) {
    const key = photo?.key;
    if (detail.total !== undefined) {
      Object.assign(this.run, {done: detail.done, total: detail.total});
      return this.news();
    }
    this.run = null;
    if (detail.gone) reopen().then(() => photo?.key === key && this.repeat());
    else if (detail.error) say(detail.error, true);
    else if (!detail.stopped) this.done(detail);
    this.news();
  }

  /** Show how far the run is in a block with a progress bar and a line for words; `words(run)` says what is being done. */
  show(block, words) {
    const {run} = this, bar = block.querySelector("progress");
    block.hidden = !run;
    if (!run) return;
    if (run.total) Object.assign(bar, {max: run.total, value: run.done});
    else bar.removeAttribute("value");
    block.querySelector("span").textContent = words(run);
  }
}
