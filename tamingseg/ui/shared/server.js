// The server: calls, and the line of operations that reaches it in order, each exactly once.

import {MAX_OPERATIONS} from "./settings.js";

let gradio = null; // {server, trigger}, as gradio hands them to the script of a component

export function connect(given) {
  gradio = given;
}

/** Call a function of the server; what it answers, or undefined if it cannot be reached. */
export async function call(name, value) {
  try {
    return await gradio.server[name](value);
  } catch {
    return undefined;
  }
}

/** Have the server begin a run; it answers with "tamingseg-run" events on the document. */
export function trigger(event, request) {
  gradio.trigger(event, request);
}

/** Whether the server can be reached at all. */
export async function isReachable() {
  try {
    return (await fetch(new URL("robots.txt", document.baseURI), {method: "HEAD", cache: "no-store"})).status < 500;
  } catch {
    return false;
  }
}

/** The address of something the server has. */
export function urlOf(path) {
  return new URL(`tamingseg/${path}`, document.baseURI).href;
}

/** Fetch bytes, as `fetch` does; undefined if there are none, or nobody waits for them any more. */
export async function fetchBytes(path, options) {
  try {
    const answer = await fetch(urlOf(path), options);
    return answer.ok ? await answer.arrayBuffer() : undefined;
  } catch {
    return undefined;
  }
}

/** Send a file; what the server answers, or undefined if it cannot be reached. */
export async function sendFile(path, file, headers = {}) {
  try {
    return await (await fetch(urlOf(path), {method: "POST", body: file, headers})).json();
  } catch {
    return undefined;
  }
}

/** Send a request with files, [name, file] of each, as tamingseg.ui.bodies reads it; the answer as of `sendFile`. */
export function sendFiles(path, request, files) {
  const named = files.map(([name, file]) => [name, file.size]);
  return sendFile(path, new Blob([`${JSON.stringify({...request, files: named})}\n`, ...files.map(([, file]) => file)]));
}

/** Operations without the moment of the click, which means nothing elsewhere. */
export const timeless = operations => operations.map(({at, ...operation}) => operation);

/**
 * Carries operations to the server. One request is under way at a time; what is done meanwhile waits
 * and goes together with the next. Requests are numbered, so that one whose answer got lost can be
 * sent again. An answer that belongs to a photo no longer shown is dropped.
 */
export class Link {
  /**
   * `send(request)` is the server call; `hear(answer, operations)` gets every answer with the
   * operations it carried out; `gone()` is told that the server forgot the session;
   * `trouble(isThere)` that it does not answer, and later that it does. `light()` may be replaced; it
   * says in which light the model is to see the photo.
   */
  constructor(send, {hear, gone, trouble}) {
    Object.assign(this, {send, hear, gone, trouble});
    Object.assign(this, {token: null, earlier: null, known: null, queue: [], sent: [], visit: 0, busy: false, waiters: []});
    this.light = () => null;
  }

  /**
   * Talk about another photo from now on. The server does not know yet the work in `document`, or
   * null, and `operations`, of which the first request carries `first`.
   */
  begin(greeting, document, operations = [], first = MAX_OPERATIONS) {
    this.visit += 1;
    this.earlier = this.token ?? this.earlier;
    this.token = greeting.token;
    this.sequence = greeting.sequence;
    this.known = null; // the last request whose answer we have: the next one tells only what changed since
    this.document = document;
    this.queue = [...operations];
    this.sent = [];
    this.busy = false;
    this.waiters.splice(0).forEach(resolve => resolve());
    this.pump(first);
  }

  /**
   * Have operations carried out, all with one request. Within a gesture a later one replaces one that
   * still waits.
   */
  push(...operations) {
    for (const operation of operations) {
      const last = this.queue.at(-1);
      const same = last && operation.gesture && last.gesture === operation.gesture && last.do === operation.do;
      if (same) this.queue.pop();
      this.queue.push(operation);
    }
    this.pump();
  }

  /** Operations that are not answered yet, in order. */
  get pending() {
    return [...this.sent, ...this.queue];
  }

  /** Resolves when everything is answered. */
  idle() {
    if (!this.busy && !this.queue.length) return Promise.resolve();
    return new Promise(resolve => this.waiters.push(resolve));
  }

  /** Send what waits; with `first`, begin with a request of so many operations, even none. */
  async pump(first = null) {
    if (this.busy || this.token === null) return;
    const {visit} = this;
    this.busy = true;
    while (first !== null || this.queue.length) {
      this.sent = this.queue.splice(0, first ?? MAX_OPERATIONS);
      first = null;
      this.sequence += 1;
      const answer = await this.ask({
        token: this.token, sequence: this.sequence, known: this.known, document: this.document,
        earlier: this.earlier, light: this.light(),
        operations: timeless(this.sent),
      }, visit);
      if (visit !== this.visit) return; // stale
      if (answer.gone) {
        this.queue = [...this.sent, ...this.queue];
        this.sent = [];
        if (this.document === null) this.earlier = this.token; // else the work never came there
        this.token = null;
        this.busy = false;
        this.gone();
        return;
      }
      const done = this.sent;
      this.sent = [];
      this.known = answer.sequence ?? null;
      if (this.known !== null) this.document = null; // else the server refused all of it, and does not have it yet
      this.hear(answer, done);
    }
    this.busy = false;
    this.waiters.splice(0).forEach(resolve => resolve());
  }

  /** Ask until there is an answer; the pauses grow to five seconds. */
  async ask(request, visit) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await Promise.resolve(this.send(request)).catch(() => undefined);
      if (visit !== this.visit) return null;
      if (answer) {
        if (attempt) this.trouble(true);
        return answer;
      }
      this.trouble(false);
      await new Promise(resolve => setTimeout(resolve, Math.min(5000, 300 * 2 ** attempt)));
    }
  }
}
