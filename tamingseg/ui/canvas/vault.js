// The vault: what this browser remembers of the user's work, photo by photo, in IndexedDB.
// An entry is {key, name, added, time, thumb, document, pending, photo}: photo is the file itself,
// null for a sample; pending are operations after the document that the server has not answered;
// added says when it came, time when it was last worked on.
// Where the browser forbids storage, the vault remembers until the page is closed.

const VAULT_PHOTOS = 8;

class Vault {
  constructor() {
    this.entries = new Map();
    this.ready = this.load();
  }

  async load() {
    try {
      this.database = await Vault.finished(Vault.open());
      const all = await Vault.finished(this.store("readonly").getAll());
      for (const entry of all) this.entries.set(entry.key, entry);
    } catch (error) {
      this.database = null;
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

  get(key) {
    return this.entries.get(key);
  }

  /** All entries, the one last worked on first. */
  all() {
    return [...this.entries.values()].sort((a, b) => b.time - a.time);
  }

  async remove(key) {
    this.entries.delete(key);
    if (this.database) await Vault.finished(this.store("readwrite").delete(key));
  }

  /** Keep an entry; of the user's own photos the oldest are forgotten. Says whether it will last. */
  async put(entry) {
    this.entries.set(entry.key, entry);
    const old = this.all().filter(other => other.photo).slice(VAULT_PHOTOS);
    for (const other of old) this.entries.delete(other.key);
    if (!this.database) return false;
    try {
      await Vault.finished(this.store("readwrite").put(entry));
      for (const other of old) await Vault.finished(this.store("readwrite").delete(other.key));
      return true;
    } catch (error) {
      return false;
    }
  }
}
