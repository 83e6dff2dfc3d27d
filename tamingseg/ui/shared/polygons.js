// Polygons: rings of points {x, y} in pixels of the picture. What lies inside an odd number of rings is in the
// polygon, so that a ring within another is a hole.

/** Bits of the pixels whose middle is inside, column by column as in masks.js. */
export function polygonBits(rings, height, width) {
  const bits = new Uint8Array(height * width);
  for (let col = 0; col < width; col += 1) {
    const crossings = rings.flatMap(ring => crossingsOf(ring, col + 0.5)).sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const [from, to] = [crossings[i], crossings[i + 1]].map(y => Math.max(0, Math.min(height, Math.ceil(y - 0.5))));
      bits.fill(1, col * height + from, col * height + to);
    }
  }
  return bits;
}

/** Where a ring crosses the vertical line at `x`. */
function crossingsOf(ring, x) {
  const found = [];
  ring.forEach((end, i) => {
    const start = ring.at(i - 1);
    if ((start.x <= x) !== (end.x <= x)) found.push(start.y + ((x - start.x) * (end.y - start.y)) / (end.x - start.x));
  });
  return found;
}

/**
 * A ring from a loop [x, y, x, y, ...], without points that lie within `tolerance` of the line through
 * those that stay (Douglas and Peucker 1973).
 */
export function ringOfLoop(loop, tolerance) {
  const points = [];
  for (let i = 0; i < loop.length; i += 2) points.push({x: loop[i], y: loop[i + 1]});
  const farthest = points.reduce((best, one, i) => distance(one, points[0]) > distance(points[best], points[0]) ? i : best, 0);
  const kept = new Set([0, farthest]), todo = [[0, farthest], [farthest, points.length]];
  while (todo.length) {
    const [start, end] = todo.pop(), line = [points[start], points[end % points.length]];
    let worst = start, most = tolerance;
    for (let i = start + 1; i < end; i += 1) {
      const off = distance(points[i], nearestOn(...line, points[i]));
      if (off > most) [worst, most] = [i, off];
    }
    if (worst === start) continue;
    kept.add(worst);
    todo.push([start, worst], [worst, end]);
  }
  return points.filter((_, i) => kept.has(i));
}

export const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

/** The point of the line from `start` to `end` that is nearest to a point. */
export function nearestOn(start, end, {x, y}) {
  const [dx, dy] = [end.x - start.x, end.y - start.y], length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((x - start.x) * dx + (y - start.y) * dy) / length)) : 0;
  return {x: start.x + along * dx, y: start.y + along * dy};
}
