// What a further click may change: the arithmetic of tamingseg/masks/changes.py. Maps are Float32Arrays of
// probabilities, row by row; a click is {cell, positive}, with the index of its cell.

const FREE = 3; // clicks that may change the whole mask
const GROWTH = 1, LOSS = 0.5; // the largest change of a later one, as shares of the mask
const LEVELS = [0.6, 0.7, 0.8, 0.9, 0.95, 0.98];

/** `answer` with the changes that the last click may have caused; `previous` was the answer before it, no mask. */
export function settled(answer, previous, clicks, width) {
  const {cell: last, positive} = clicks.at(-1);
  if (clicks.length > FREE) answer = bounded(answer, previous, clicks.at(-1), width);
  const labels = labelled(answer.map((value, i) => isIn(value) !== isIn(previous[i])), width), own = labels[last];
  const undone = new Map(), wanted = new Set(); // changes: with the nearest click that they make wrong; that make one right
  for (const [cell, sign] of new Map(clicks.map(click => [click.cell, click.positive]))) {
    const label = labels[cell];
    if (label && isIn(answer[cell]) === sign) wanted.add(label);
    else if (label) undone.set(label, Math.min(undone.get(label) ?? Infinity, squared(cell, last, width)));
  }
  const isNear = i => labels[i] === own && 4 * squared(i, last, width) < undone.get(own);
  const kept = answer.map((value, i) => undone.has(labels[i]) && !isNear(i) ? previous[i] : value);
  if (clicks.length <= FREE || !own || isIn(answer[last]) !== positive) return kept;
  return kept.map((value, i) => wanted.has(labels[i]) ? value : (value + previous[i]) / 2);
}

/** Cut the change at a click down to the largest size it may have. */
function bounded(answer, previous, click, width) {
  const largest = total(previous.map(isIn)) * (click.positive ? GROWTH : LOSS);
  const change = partAt(answer.map((value, i) => isIn(value) !== isIn(previous[i])), click.cell, width);
  if (!largest || total(change) <= largest) return answer;
  let kept;
  for (const level of LEVELS) {
    kept = partAt(change.map((isOne, i) => isOne && (click.positive ? answer[i] : 1 - answer[i]) > level), click.cell, width);
    if (total(kept) <= largest) break;
  }
  if (!total(kept) || total(kept) > largest) { // no level does it: keep what is near the click
    const cells = [...change.keys()].filter(i => change[i]).sort((a, b) => squared(a, click.cell, width) - squared(b, click.cell, width));
    kept.fill(0);
    for (const cell of cells.slice(0, Math.max(Math.floor(largest), 1))) kept[cell] = 1;
  }
  return answer.map((value, i) => change[i] && !kept[i] ? previous[i] : value);
}

const isIn = probability => probability > 0.5;
const total = values => values.reduce((sum, value) => sum + value, 0);

/** Squared distance of two cells. */
function squared(one, other, width) {
  const down = Math.floor(one / width) - Math.floor(other / width), across = (one % width) - (other % width);
  return down * down + across * across;
}

/** The connected part of what is not 0 that holds a cell, as 1. */
function partAt(map, cell, width) {
  const labels = labelled(map, width), own = labels[cell];
  return map.map((_, i) => own && labels[i] === own ? 1 : 0);
}

/** Number the connected parts of what is not 0 from 1; corners connect. */
function labelled(map, width) {
  const labels = new Int32Array(map.length), waiting = [];
  let count = 0;
  const meet = cell => {
    labels[cell] = count;
    waiting.push(cell);
  };
  for (let start = 0; start < map.length; start += 1) {
    if (!map[start] || labels[start]) continue;
    count += 1;
    meet(start);
    while (waiting.length) {
      const cell = waiting.pop(), x = cell % width;
      const left = x ? -1 : 0, right = x < width - 1 ? 1 : 0;
      const top = cell < width ? 0 : -width, foot = cell + width < map.length ? width : 0;
      for (let line = cell + top; line <= cell + foot; line += width) {
        for (let other = line + left; other <= line + right; other += 1) if (map[other] && !labels[other]) meet(other);
      }
    }
  }
  return labels;
}

/** `bits` where they differ from those of before in squares of 2 * radius + 1 pixels, else those of before; column by column. */
export function withoutThinChanges(bits, before, radius, height) {
  const result = before.slice(), width = bits.length / height;
  let left = width, right = -1, top = height, foot = -1; // where they differ
  for (let col = 0, i = 0; col < width; col += 1) for (let row = 0; row < height; row += 1, i += 1) {
    if (bits[i] === before[i]) continue;
    if (col < left) left = col;
    if (row < top) top = row;
    if (row > foot) foot = row;
    right = col;
  }
  [left, top] = [left, top].map(place => Math.max(0, place - radius));
  const cols = Math.min(width, right + radius + 1) - left, rows = Math.min(height, foot + radius + 1) - top;
  if (right < 0) return result;
  const map = new Uint8Array(rows * cols), places = Array.from({length: cols}, (_, col) => (left + col) * height + top);
  places.forEach((from, col) => {
    for (let row = 0, i = col * rows; row < rows; row += 1, i += 1) map[i] = bits[from + row] ^ before[from + row];
  });
  const spread = (given, value) => spreadAlong(spreadAlong(given, value, radius, 1, rows, rows, cols), value, radius, rows, 1, cols, rows);
  const kept = spread(spread(map, 0), 1);
  places.forEach((to, col) => {
    for (let row = 0, i = col * rows; row < rows; row += 1, i += 1) result[to + row] ^= kept[i];
  });
  return result;
}

/** Lines of a map with a value wherever it is `radius` away at most; lines begin `apart` from each other, cells `step`. */
function spreadAlong(map, value, radius, step, apart, length, lines) {
  const result = map.slice(), reach = radius * step;
  for (let line = 0; line < lines; line += 1) {
    const start = line * apart, end = start + length * step;
    let near = 0; // cells with the value that are within reach
    for (let i = start; i < start + reach && i < end; i += step) if (map[i] === value) near += 1;
    for (let i = start; i < end; i += step) {
      if (i + reach < end && map[i + reach] === value) near += 1;
      if (i - reach > start && map[i - reach - step] === value) near -= 1;
      if (near) result[i] = value;
    }
  }
  return result;
}
