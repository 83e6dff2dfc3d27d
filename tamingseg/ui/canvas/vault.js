// The vault: what this browser remembers of the user's work, photo by photo, in IndexedDB.
// An entry is {key, name, added, time, thumb, document, pending, proposals, partition, photo, recipe}:
// photo is the file itself, null for a sample; recipe is that of a mosaic; pending are operations after
// the document that the server has not answered; proposals and partition are what the second and the
// fourth tab last showed; added says when it came, time when it was last worked on.
// Several tabs of the browser share what is stored, so it is read again when it is needed.
// Where the browser forbids storage, the vault remembers until the page is closed.

const VAULT_PHOTOS = 8; // and as many mosaics

class Vault {
  constructor() {
    this.entries = new Map();
    this.ready = this.load();
  }

  async load() {
    try {
      this.database = await Vault.finished(Vault.open());
    } catch (error) {
      this.database = null;
    }
    await this.read();
  }

  /** Read what is stored, if that is allowed. Ours stays where it is newer: there was no room to store it. */
  async read() {
    if (!this.database) return;
    const stored = await Vault.finished(this.store("readonly").getAll()).catch(() => []);
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
    if (this.database) await Vault.finished(this.store("readwrite").delete(key));
  }

  /** Keep an entry. Says whether it will last. */
  async put(entry) {
    this.entries.set(entry.key, entry);
    if (!this.database) return false;
    try {
      await Vault.finished(this.store("readwrite").put(entry));
      return true;
    } catch (error) {
      return false;
    }
  }

  /**
   * Forget what there is no room for beside a new entry: of the user's own photos, or of the mosaics
   * if it is one, those without work, then the oldest. Returns those of them that had work.
   */
  async makeRoom(entry) {
    await this.read();
    const worked = ({document, pending, proposals, partition}) =>
      document.objects.length + pending.length > 0 || proposals || partition?.past.length;
    const old = this.all().filter(other => other.photo && !other.recipe === !entry.recipe && other.key !== entry.key)
      .sort((a, b) => Boolean(worked(b)) - Boolean(worked(a))).slice(VAULT_PHOTOS - 1);
    for (const other of old) await this.remove(other.key);
    return old.filter(worked);
  }
}
