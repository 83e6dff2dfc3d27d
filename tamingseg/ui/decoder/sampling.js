// Maps at another size: what lies between two cells, and means of many.

/** For each of `count` places the two of `given` that it lies between, and the second one's share. */
export function samplesOf(count, given) {
  return Array.from({length: count}, (_, i) => between(((i + 0.5) * given) / count - 0.5, given));
}

/** The two cells of `count` that a place lies between, and the second one's share. */
export function between(place, count) {
  const inside = Math.max(0, Math.min(place, count - 1)), first = Math.floor(inside);
  return [first, Math.min(first + 1, count - 1), inside - first];
}

/** A map with fewer rows and columns: each a mean of the old ones near it, the less the further away (antialiased bilinear). */
export function shrunk({values, height, width}, toHeight, toWidth) {
  const rows = sharesOf(height, toHeight), cols = sharesOf(width, toWidth), lines = new Float32Array(toHeight * width), result = new Float32Array(toHeight * toWidth);
  rows.forEach((shares, row) => {
    for (const [from, share] of shares) for (let col = 0; col < width; col += 1) lines[row * width + col] += share * values[from * width + col];
  });
  cols.forEach((shares, col) => {
    for (const [from, share] of shares) for (let row = 0; row < toHeight; row += 1) result[row * toWidth + col] += share * lines[row * width + from];
  });
  return {values: result, height: toHeight, width: toWidth};
}

/** For each of `count` places, which of `given` it is a mean of, with their shares. */
function sharesOf(given, count) {
  const scale = given / count;
  return Array.from({length: count}, (_, i) => {
    const middle = (i + 0.5) * scale, near = [];
    for (let from = Math.max(0, Math.floor(middle - scale)); from < Math.min(given, middle + scale); from += 1) {
      near.push([from, Math.max(0, 1 - Math.abs(from + 0.5 - middle) / scale)]);
    }
    const total = near.reduce((sum, [, share]) => sum + share, 0);
    return near.map(([from, share]) => [from, share / total]);
  });
}
