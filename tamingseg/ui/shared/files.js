// Files from the user and for the user.

import {say} from "./dom.js";

/** The bytes of a file that came as base64. */
export function bytesOf(content) {
  return Uint8Array.from(atob(content), character => character.charCodeAt(0));
}

/** Hand the browser a file, base64, as a download. */
export function download(content, type, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([bytesOf(content)], {type}));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  say(`Saved ${name}.`);
}

/** Whether a file may be a photo, as far as the browser knows. */
export const isPhoto = file => file.type.startsWith("image/") || !file.type;

/** All files that are dropped, also those in folders, by their names; hidden files are left out. */
export async function filesOf(carried) {
  const entries = [...carried.items].map(item => item.webkitGetAsEntry?.()); // at once: it is empty later
  if (!entries.some(entry => entry?.isDirectory)) return [...carried.files];
  const files = (await Promise.all(entries.filter(Boolean).map(filesIn))).flat();
  return files.sort((a, b) => a.name.localeCompare(b.name, "en", {numeric: true}));
}

async function filesIn(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader(), found = [];
  for (;;) { // it gives a hundred at once
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(filesIn))).flat();
    found.push(...some);
  }
}
