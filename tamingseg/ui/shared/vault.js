// The vault: what this browser remembers of the user's work, photo by photo, in IndexedDB.
// An entry is {key, name, added, time, thumb, document, pending, photo, recipe}: photo is the file
// itself, null for a sample; recipe is that of a mosaic; pending are operations after the document
// that the server has not answered; added says when it came, time when it was last worked on.
// What is large and seldom needed lies beside it: its parts, "proposals", how many of them are shown
// ("amount"), "partition", and in which "light" the photo is shown.
// thumb is a small picture as a data URL; size and full_size are [height, width], as work and as the
// photo came; all three are missing until they are known.
// Several tabs of the browser share what is stored, so it is read again when it is needed.
// Nothing is ever removed unless the user asks for it. Where the browser forbids storage, or has no
// room, the vault remembers until the page is closed, and `unkept` says what.

const PARTS = ["proposals", "amount", "partition", "light"];
const partKey = (kind, key) => `part ${kind} of ${key}`; // before "photo ..." and "sample ..."

/** A setting as it was remembered; null if it was not, or the browser forbids storage. */
export function recall(name, storage = "localStorage") {
  try {
    return window[storage].getItem(`tamingseg ${name}`);
  } catch {
    return null;
  }
}

/** Remember a setting; with "sessionStorage" only in this tab of the browser. */
export function remember(name, value, storage = "localStorage") {
  try {
    window[storage].setItem(`tamingseg ${name}`, value);
  } catch {
    // The browser forbids storage, or it is full: the vault says so.
  }
}

export class Vault {
  constructor() {
    this.entries = new Map();
    this.parts = new Map(); // those that are not stored, or not yet
    this.unkept = new Map(); // by its key, what there was no room to store
    this.ready = this.load();
  }

  async load() {
    try {
      this.database = await Vault.finished(Vault.open());
    } catch {
      this.database = null;
    }
    await this.read();
  }

  /** Read what is stored, if that is allowed. */
  async read() {
    if (!this.database) return;
    const entries = IDBKeyRange.lowerBound("photo");
    const stored = await Vault.finished(this.store("readonly").getAll(entries)).catch(() => []);
    for (const entry of stored) this.take(entry);
  }

  static open() {
    const request = indexedDB.open("tamingseg", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("work", {keyPath: "key"});
    return request;
  }

  static finished(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => reject(request.error);
    });
  }

  store(mode) {
    return this.database.transaction("work", mode).objectStore("work");
  }

  /** An entry as it was last stored, by whatever tab of the browser; nothing if there is none. */
  async get(key) {
    const stored = this.database && await Vault.finished(this.store("readonly").get(key)).catch(() => undefined);
    if (stored) this.take(stored);
    return this.entries.get(key);
  }

  /** Take what is stored, unless ours is newer: there was no room to store that. */
  take(entry) {
    if (!(entry.time < this.entries.get(entry.key)?.time)) this.entries.set(entry.key, entry);
  }

  /** All entries, the one last worked on first. */
  all() {
    return [...this.entries.values()].sort((a, b) => b.time - a.time);
  }

  /** Forget an entry and its parts. That makes room for what had none. */
  async remove(key) {
    this.entries.delete(key);
    const keys = [key, ...PARTS.map(kind => partKey(kind, key))];
    for (const one of keys) {
      this.parts.delete(one);
      this.unkept.delete(one);
    }
    if (!this.database) return;
    await Promise.all(keys.map(one => Vault.finished(this.store("readwrite").delete(one))));
    for (const value of [...this.unkept.values()]) await this.write(value);
  }

  /** Whether this browser stores anything at all. */
  get isAllowed() {
    return Boolean(this.database);
  }

  /** Keep an entry. Says whether it will last. */
  put(entry) {
    this.entries.set(entry.key, entry);
    return this.write(entry);
  }

  /** Keep a part of an entry. Says whether it will last. */
  async putPart(kind, key, part) {
    const name = partKey(kind, key);
    this.parts.set(name, part);
    const kept = await this.write({...part, key: name});
    if (!kept) return false;
    if (this.parts.get(name) === part) this.parts.delete(name);
    this.touch(key);
    return true;
  }

  /** Note that the work of an entry goes on. What it says itself may come from another tab. */
  touch(key) {
    const store = this.store("readwrite"), request = store.get(key);
    request.onsuccess = () => request.result && store.put({...request.result, time: Date.now()});
  }

  /** A part of an entry; nothing if there is none. */
  async part(kind, key) {
    const name = partKey(kind, key);
    if (this.parts.has(name) || !this.database) return this.parts.get(name);
    return Vault.finished(this.store("readonly").get(name)).catch(() => undefined);
  }

  async write(value) {
    const kept = await this.writeNow(value);
    if (kept) this.unkept.delete(value.key);
    else this.unkept.set(value.key, value);
    return kept;
  }

  async writeNow(value) {
    if (!this.database) return false;
    return new Promise(resolve => {
      const store = this.store("readwrite"), {transaction} = store;
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false); // there is no room, for instance
      store.put(value);
      transaction.commit(); // at once: the page may be on its way out
    }).catch(() => false); // it cannot be copied, or the database was closed
  }
}
