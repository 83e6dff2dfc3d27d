// The answer to clicks on a photo as the server gives it before it looks closer: from the photo to the network's
// canvas and back, as in tamingseg/segmentors/click.py and zoom.py.

import {settled} from "./changes.js";
import {expit, logit, pieceAt} from "./piece.js";
import {between} from "./sampling.js";

/**
 * The logits {values, height, width} over the canvas of clicks {row, col, positive} on one object, in pixels of the
 * photo, which has `size` and fills `content` of the canvas (both [height, width]). `known` keeps answers, also those
 * to all but the last clicks.
 */
export function answerTo(network, photo, frame, clicks, known = new Map()) {
  const name = JSON.stringify(clicks);
  if (!known.has(name)) known.set(name, find(network, photo, frame, clicks, known));
  return known.get(name);
}

function find(network, photo, frame, clicks, known) {
  const {size, content} = frame, {canvas} = photo;
  const places = clicks.map(({row, col, positive}) => {
    const [y, x] = [row, col].map((pixels, axis) => Math.fround((pixels * content[axis]) / size[axis]));
    return {row: y, col: x, positive};
  });
  const before = clicks.length > 1 ? answerTo(network, photo, frame, clicks.slice(0, -1), known) : null;
  const previous = before && {...before, values: before.values.map(expit)};
  const logits = network.decode(photo, places, previous && inContent(previous, canvas, content)), {height, width} = logits;
  // A click at the very edge may be rounded to the far side of it.
  const cells = places.map(({row, col}) => [[row, height, 0], [col, width, 1]].map(([place, side, axis]) => Math.min(Math.floor((place * side) / canvas[axis]), side - 1)));
  if (!previous) return clicks[0].positive ? pieceAt(logits, ...cells[0], areas => network.rate(areas)) : logits;
  const made = clicks.map(({positive}, i) => ({cell: cells[i][0] * width + cells[i][1], positive}));
  return {values: settled(logits.values.map(expit), previous.values, made, width).map(logit), height, width};
}

/** Probabilities that are 0 beside the photo. */
function inContent({values, height, width}, canvas, content) {
  const [rows, cols] = [Math.ceil((content[0] * height) / canvas[0]), Math.ceil((content[1] * width) / canvas[1])];
  return {values: values.map((value, i) => i < rows * width && i % width < cols ? value : 0), height, width};
}

/** Bits of the pixels of the photo, column by column, that are above 0 in logits over its canvas: bilinear, by centres. */
export function bitsOf(logits, canvas, {size: [height, width], content}) {
  const {values} = logits, bits = new Uint8Array(height * width), line = new Float32Array(logits.height);
  const samplesOf = (count, axis, cells) => Array.from({length: count}, (_, i) => between(((i + 0.5) * content[axis] * cells) / (count * canvas[axis]) - 0.5, cells));
  const rows = samplesOf(height, 0, logits.height), cols = samplesOf(width, 1, logits.width);
  const tops = Int32Array.from(rows, ([top]) => top), feet = Int32Array.from(rows, ([, foot]) => foot), downs = Float32Array.from(rows, ([, , down]) => down);
  for (let col = 0; col < width; col += 1) {
    const [left, right, across] = cols[col];
    let most = -Infinity;
    for (let r = 0, i = 0; r < line.length; r += 1, i += logits.width) {
      line[r] = values[i + left] + across * (values[i + right] - values[i + left]);
      if (line[r] > most) most = line[r];
    }
    if (most <= 0) continue;
    for (let row = 0, at = col * height; row < height; row += 1, at += 1) {
      const top = line[tops[row]];
      if (top + downs[row] * (line[feet[row]] - top) > 0) bits[at] = 1;
    }
  }
  return bits;
}
