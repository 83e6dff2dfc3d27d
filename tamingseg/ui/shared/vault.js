// The vault: what this browser remembers of the user's work, photo by photo, in IndexedDB.
// An entry is {key, name, added, time, thumb, document, pending, photo, recipe}: photo is the file
// itself, null for a sample; recipe is that of a mosaic; pending are operations after the document
// that the server has not answered; added says when it came, time when it was last worked on.
// What is large and seldom needed lies beside it: its parts, "proposals", how many of them are shown
// ("amount"), and "partition".
// Several tabs of the browser share what is stored, so it is read again when it is needed.
// Where the browser forbids storage, the vault remembers until the page is closed.

export const VAULT_PHOTOS = 8; // and as many mosaics
const PARTS = ["proposals", "amount", "partition"];
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

  /** Read what is stored, if that is allowed. Ours stays where it is newer: there was no room to store it. */
  async read() {
    if (!this.database) return;
    const entries = IDBKeyRange.lowerBound("photo");
    const stored = await Vault.finished(this.store("readonly").getAll(entries)).catch(() => []);
    for (const entry of stored) {
      if (!(entry.time < this.entries.get(entry.key)?.time)) this.entries.set(entry.key, entry);
    }
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

  async get(key) {
    await this.read();
    return this.entries.get(key);
  }

  /** All entries, the one last worked on first. */
  all() {
    return [...this.entries.values()].sort((a, b) => b.time - a.time);
  }

  async remove(key) {
    this.entries.delete(key);
    const keys = [key, ...PARTS.map(kind => partKey(kind, key))];
    for (const one of keys) this.parts.delete(one);
    if (this.database) await Promise.all(keys.map(one => Vault.finished(this.store("readwrite").delete(one))));
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
    if (!this.database) return false;
    return new Promise(resolve => {
      const store = this.store("readwrite"), {transaction} = store;
      transaction.oncomplete = () => resolve(true);
      transaction.onabort = () => resolve(false); // there is no room, for instance
      store.put(value);
      transaction.commit(); // at once: the page may be on its way out
    }).catch(() => false); // it cannot be copied, or the database was closed
  }

  /**
   * Forget what there is no room for beside a new entry: of the user's own photos, or of the mosaics
   * if it is one, those without work, then the oldest. Returns those of them that had work.
   */
  async makeRoom(entry) {
    await this.read();
    const parts = this.database ? await Vault.finished(this.store("readonly").getAllKeys()).catch(() => []) : [...this.parts.keys()];
    const worked = ({key, document, pending}) =>
      document.objects.length + pending.length > 0 || PARTS.some(kind => parts.includes(partKey(kind, key)));
    const old = this.all().filter(other => other.photo && !other.recipe === !entry.recipe && other.key !== entry.key)
      .sort((a, b) => worked(b) - worked(a)).slice(VAULT_PHOTOS - 1);
    for (const other of old) await this.remove(other.key);
    return old.filter(worked);
  }
}
