// Numbers and names in words.

export const grouped = number => number.toLocaleString("en");
export const countOf = (count, thing) => `${grouped(count)} ${thing}${count === 1 ? "" : thing.endsWith("s") ? "es" : "s"}`;

/** A share from 0 to 1, as a whole number of per cent or with one decimal. */
export const wholePercent = share => `${Math.round(100 * share)} %`;
export const percent = share => `${(100 * share).toFixed(share < 0.9995 ? 1 : 0)} %`;
export const decimal = value => value.toFixed(2);

/** Milliseconds; null if nothing was measured. */
export const inMs = value => value === null ? "–" : `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`;
export const inSeconds = value => value === null ? "–" : `${(value / 1000).toFixed(1)} s`;

/** A text as part of a file's name. */
export function fileStem(text) {
  return text.replace(/[^\p{L}\p{N}_.-]+/gu, "-").replace(/^[-.]+|-+$/g, "");
}

/** A photo's name as the beginning of a file's name. */
export function photoStem(name) {
  return fileStem(name.replace(/\.\w{1,5}$/, "")) || "photo";
}
