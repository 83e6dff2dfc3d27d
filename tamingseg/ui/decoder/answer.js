// The answer to a click on a photo as the server gives it for the first click on an object: from the
// photo to the network's canvas and back, as in tamingseg/segmentors/click.py and zoom.py.

import {between} from "./network.js";
import {pieceAt} from "./piece.js";

/**
 * The logits {values, height, width} over the canvas of a click {row, col, positive} in pixels of the
 * photo, which has `size` and fills `content` of the canvas (both [height, width]).
 */
export function answerTo(network, photo, {size, content}, {row, col, positive}) {
  const place = [row, col].map((pixels, axis) => Math.fround((pixels * content[axis]) / size[axis]));
  const logits = network.decode(photo, {row: place[0], col: place[1], positive});
  if (!positive) return logits;
  // A click at the very edge may be rounded to the far side of it.
  const cell = [logits.height, logits.width].map((side, axis) => Math.min(Math.floor((place[axis] * side) / photo.canvas[axis]), side - 1));
  return pieceAt(logits, ...cell);
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
