// Labels: which of many masks a pixel shows, for any number N of them, and in which colour. A pixel
// belongs to the smallest of the first N masks that hold it, so that parts stay visible on their whole.
// Pixels lie column by column, as COCO counts them: pixel (row, col) is map[col * height + row].

import {PALETTE} from "./settings.js";

const SHADES = [0, -0.35, 0.4]; // the colours of the palette, darker ones, lighter ones
export const KINDS = 7 * SHADES.length; // white, the eighth colour, is for what is chosen

/** Colour number `kind`, 0xBBGGRR; they begin anew after `KINDS`. */
export function colourOf(kind) {
  const hex = PALETTE[kind % 7][0], shade = SHADES[Math.floor(kind / 7) % SHADES.length];
  const [red, green, blue] = [1, 3, 5].map(at => {
    const value = parseInt(hex.slice(at, at + 2), 16);
    return Math.round(shade < 0 ? value * (1 + shade) : value + (255 - value) * shade);
  });
  return (blue << 16) | (green << 8) | red;
}

/** A colour as pixels hold it, with `alpha` from 0 to 1. */
export function withAlpha(colour, alpha) {
  return (colour | (Math.round(255 * alpha) << 24)) >>> 0;
}

/** Unpack whole numbers below 65,536, two bytes each, lowest first, as tamingseg.ui.wire packs them. */
export async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint16Array(await new Response(stream).arrayBuffer());
}

/** Pack whole numbers so. */
export async function pack(numbers) {
  const stream = new Blob([numbers]).stream().pipeThrough(new CompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Where each label above 0 of a map is, but for the pixels that are `taken`: label -> runs, as of `readRuns`. */
export function runsOfLabels(map, taken) {
  const runs = new Map();
  let label = 0;
  for (let i = 0; i <= map.length; i += 1) {
    const next = i === map.length || taken[i] ? 0 : map[i];
    if (next === label) continue;
    if (label) runs.get(label).push(i);
    if (next && !runs.has(next)) runs.set(next, []);
    if (next) runs.get(next).push(i);
    label = next;
  }
  return runs;
}

export class Labels {
  constructor(height, width) {
    Object.assign(this, {height, width, map: new Uint16Array(height * width), masks: [], order: [], byArea: []});
    // The picture is turned on its diagonal, so that a column of the photo is a row of it.
    this.layer = Object.assign(document.createElement("canvas"), {width: height, height: width});
    this.context = this.layer.getContext("2d");
    this.pixels = this.context.createImageData(height, width);
    this.colours = new Uint32Array(this.pixels.data.buffer);
  }

  /** `masks`: {runs, area} of every mask by its id; `order`: the ids, the best first. */
  set(masks, order) {
    Object.assign(this, {masks, order, rank: new Map(order.map((id, place) => [id, place]))});
    // Of equally large masks the better one is in front, as in tamingseg.partition.paint.
    this.byArea = [...order].reverse().sort((a, b) => masks[b].area - masks[a].area);
  }

  /** Lay the first `count` masks on top of each other, the smallest last. The map holds id + 1. */
  stack(count) {
    const {map, masks, rank} = this;
    map.fill(0);
    for (const id of this.byArea) {
      if (rank.get(id) >= count) continue;
      const {runs} = masks[id];
      for (let i = 0; i < runs.length; i += 2) map.fill(id + 1, runs[i], runs[i + 1]);
    }
  }

  /**
   * Colour the map: `inside[label]` and, where another label is next to it, `edge[label]`; across that
   * border `beyond[label]`.
   */
  colour(inside, edge, beyond = inside) {
    const {map, colours, height} = this, {length} = map;
    for (let i = 0, foot = height - 1; i < length; i += 1) {
      const label = map[i];
      let other = label;
      if (i < foot) other = map[i + 1];
      else foot += height;
      if (other === label && i + height < length) other = map[i + height];
      colours[i] = other === label ? inside[label] : edge[label || other];
    }
    if (beyond !== inside) this.colourBeyond(edge, beyond);
    this.context.putImageData(this.pixels, 0, 0);
  }

  colourBeyond(edge, beyond) {
    const {map, colours, height} = this, {length} = map;
    const isEdge = i => colours[i] === edge[map[i]];
    for (let i = 0; i < length; i += 1) {
      if (isEdge(i)) continue;
      const afterEdge = (i % height && map[i - 1] !== map[i]) || (i >= height && map[i - height] !== map[i]);
      if (afterEdge) colours[i] = beyond[map[i]];
    }
  }

  /** Draw what was coloured over the photo; the context counts in its pixels. */
  draw(context) {
    context.save();
    context.transform(0, 1, 1, 0, 0, 0);
    context.drawImage(this.layer, 0, 0);
    context.restore();
  }

  /** Id of the mask that is shown at a point {x, y}; null where there is none. */
  at({x, y}) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return null;
    const label = this.map[Math.floor(x) * this.height + Math.floor(y)];
    return label ? label - 1 : null;
  }
}
