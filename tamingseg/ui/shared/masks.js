// Masks: from run lengths to bits, from bits to an outline that stays crisp at any zoom.
// Bits lie column by column, as COCO counts them: pixel (row, col) is bits[col * height + row].

/** Where a mask is: [start, end, start, end, ...] in its bits, from COCO's compressed run lengths. */
export function readRuns(counts) {
  const runs = [], lengths = [];
  let position = 0;
  for (let i = 0; i < counts.length;) {
    let value = 0, shift = 0, group;
    do {
      group = counts.charCodeAt(i++) - 48;
      value |= (group & 31) << shift;
      shift += 5;
    } while (group & 32);
    if (group & 16) value |= -1 << shift;
    if (lengths.length > 2) value += lengths[lengths.length - 2];
    if (lengths.length % 2 && value) runs.push(position, position + value);
    lengths.push(value);
    position += value;
  }
  return runs;
}

/** The runs of bits, as of `readRuns`. */
export function runsOf(bits) {
  const runs = [];
  for (let i = 0; i < bits.length; i += 1) if (bits[i] !== (i ? bits[i - 1] : 0)) runs.push(i);
  if (runs.length % 2) runs.push(bits.length);
  return runs;
}

/** The bits of a mask of `size` pixels from its runs. */
export function bitsOfRuns(runs, size) {
  const bits = new Uint8Array(size);
  for (let i = 0; i < runs.length; i += 2) bits.fill(1, runs[i], runs[i + 1]);
  return bits;
}

/** Whether a pixel, by its place in the bits, belongs to a mask. */
export function holds({runs}, pixel) {
  let low = 0, high = runs.length; // how many of the runs' bounds are at the pixel or before it
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle] <= pixel) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}

/** COCO's compressed run lengths of bits, which `readRuns` reads. */
export const writeRuns = bits => countsOfRuns(runsOf(bits), bits.length);

/** COCO's compressed run lengths of runs, as of `readRuns`, in a mask of `size` pixels. */
export function countsOfRuns(runs, size) {
  const bounds = runs.at(-1) === size ? runs : [...runs, size], lengths = [];
  bounds.forEach((bound, i) => lengths.push(bound - (i ? bounds[i - 1] : 0)));
  let counts = "";
  lengths.forEach((length, i) => {
    let value = i > 2 ? length - lengths[i - 2] : length, more = true;
    while (more) {
      const group = value & 31;
      value >>= 5;
      more = group & 16 ? value !== -1 : value !== 0;
      counts += String.fromCharCode(48 + (more ? group | 32 : group));
    }
  });
  return counts;
}

/** A mask from COCO's compressed run lengths, see `maskOfRuns`. */
export const readMask = (counts, height) => maskOfRuns(readRuns(counts), height);

/** A mask of an image of that height: its runs, its area, and its outline as a Path2D. Bits are made of its columns alone. */
export function maskOfRuns(runs, height) {
  const left = Math.floor((runs[0] ?? 0) / height), right = Math.ceil((runs.at(-1) ?? 0) / height), offset = left * height;
  const bits = new Uint8Array((right - left) * height), starts = [];
  let area = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const [start, end] = [runs[i] - offset, runs[i + 1] - offset];
    bits.fill(1, start, end);
    area += end - start;
    // A run may go over the foot of a column: every column it enters starts anew at the top.
    for (let at = start; at < end; at += height - (at % height)) starts.push(at);
  }
  return {runs, area, path: pathOf(traceLoops(bits, starts, height, right - left), left)};
}

/** Bits of the pixels whose middle is within `radius` of a line through points {x, y}. */
export function strokeBits(points, radius, height, width) {
  const bits = new Uint8Array(height * width), between = (low, value, high) => Math.max(low, Math.min(value, high));
  points.forEach((end, i) => {
    const from = points[Math.max(0, i - 1)], [dx, dy] = [end.x - from.x, end.y - from.y], length = dx * dx + dy * dy;
    const [left, right] = [Math.min(from.x, end.x), Math.max(from.x, end.x)], [top, foot] = [Math.min(from.y, end.y), Math.max(from.y, end.y)];
    for (let col = Math.max(0, Math.floor(left - radius)); col < Math.min(width, right + radius + 1); col += 1) {
      for (let row = Math.max(0, Math.floor(top - radius)); row < Math.min(height, foot + radius + 1); row += 1) {
        const [x, y] = [col + 0.5 - from.x, row + 0.5 - from.y], along = length ? between(0, (x * dx + y * dy) / length, 1) : 0;
        if ((x - along * dx) ** 2 + (y - along * dy) ** 2 <= radius * radius) bits[col * height + row] = 1;
      }
    }
  });
  return bits;
}

/** The outline of bits as loops [x, y, x, y, ...], which an even-odd fill turns into the bits again. */
export function loopsOfBits(bits, height, width) {
  const starts = [];
  for (let i = 0; i < bits.length; i += 1) if (bits[i] && (i % height === 0 || !bits[i - 1])) starts.push(i);
  return traceLoops(bits, starts, height, width);
}

/** The outline of bits as a Path2D. */
export const outlineOfBits = (bits, height, width) => pathOf(loopsOfBits(bits, height, width));

function pathOf(loops, left = 0) {
  const path = new Path2D();
  for (const loop of loops) {
    path.moveTo(left + loop[0], loop[1]);
    for (let i = 2; i < loop.length; i += 2) path.lineTo(left + loop[i], loop[i + 1]);
    path.closePath();
  }
  return path;
}

/**
 * The borders of a mask as loops [x, y, x, y, ...], which an even-odd fill turns into the mask again.
 * Each loop follows the cracks between pixels with the inside on its right; joining the middles of
 * the cracks cuts the corners of the staircase by less than half a pixel. Every loop runs rightwards
 * along the top of some pixel without a neighbour above: `starts` holds all candidates.
 */
function traceLoops(bits, starts, height, width) {
  const loops = [], seen = new Uint8Array(bits.length);
  const filled = (x, y) => x >= 0 && y >= 0 && x < width && y < height && bits[x * height + y] === 1;
  const stepX = [1, 0, -1, 0], stepY = [0, 1, 0, -1]; // right, down, left, up
  const leftX = [0, 0, -1, -1], leftY = [-1, 0, 0, -1]; // pixel ahead on the left of a corner
  const rightX = [0, -1, -1, 0], rightY = [0, 0, -1, -1];
  for (const start of starts) {
    if (seen[start]) continue;
    const startX = Math.floor(start / height), startY = start % height;
    const loop = [];
    let x = startX, y = startY, direction = 0, turned = true;
    do {
      if (direction === 0) seen[x * height + y] = 1;
      const middleX = x + stepX[direction] / 2, middleY = y + stepY[direction] / 2;
      x += stepX[direction];
      y += stepY[direction];
      let next = direction;
      if (filled(x + leftX[direction], y + leftY[direction])) next = (direction + 3) & 3;
      else if (!filled(x + rightX[direction], y + rightY[direction])) next = (direction + 1) & 3;
      if (!loop.length || turned || next !== direction) loop.push(middleX, middleY);
      turned = next !== direction;
      direction = next;
    } while (x !== startX || y !== startY || direction !== 0);
    loops.push(loop);
  }
  return loops;
}
