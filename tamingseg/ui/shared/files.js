// Files for the user.

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
