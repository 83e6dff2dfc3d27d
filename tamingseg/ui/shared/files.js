// Files from the user and for the user.

import {say} from "./dom.js";

/** The bytes of a file that came as base64. */
export function bytesOf(content) {
  return Uint8Array.from(atob(content), character => character.charCodeAt(0));
}

/** Hand the browser a file, bytes or base64, as a download. */
export function download(content, type, name) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([typeof content === "string" ? bytesOf(content) : content], {type}));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10000);
  say(`Saved ${name}.`);
}

const ANNOTATIONS = /\.(json|geojson|xml|txt|ya?ml|zip|tamingseg|svg|csv)$/i;

/** Whether a file may hold annotations, or be a photo, as far as its name and the browser tell. */
export const isAnnotations = file => ANNOTATIONS.test(file.name);
export const isPhoto = file => !isAnnotations(file) && (file.type.startsWith("image/") || !file.type);

/** All files that are dropped; those in folders too, with their `path`, by their names, hidden ones left out. */
export async function filesOf(carried) {
  const entries = [...carried.items].map(item => item.webkitGetAsEntry?.()); // at once: it is empty later
  if (!entries.some(entry => entry?.isDirectory)) return [...carried.files];
  const files = (await Promise.all(entries.filter(Boolean).map(filesIn))).flat();
  return files.sort((a, b) => a.name.localeCompare(b.name, "en", {numeric: true}));
}

async function filesIn(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [Object.assign(file, {path: entry.fullPath.slice(1)})];
  }
  const reader = entry.createReader(), found = [];
  for (;;) { // it gives a hundred at once
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(filesIn))).flat();
    found.push(...some);
  }
}
