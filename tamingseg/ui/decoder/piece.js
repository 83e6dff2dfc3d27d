// One click means one piece, at the level that is rated best, or that persists: the arithmetic of connected.py,
// rated.py and persistent.py in tamingseg/masks. Maps are {values, height, width}: logits, row by row.

const STEP = 0.5, LOWEST = -6; // the ladder of levels that are compared, in logits
const LEVELS = Array.from({length: 19}, (_, i) => 0.05 + 0.05 * i), LEAST = 7; // from .4 on they are chosen from
const LOGITS = LEVELS.map(level => Math.log(level / (1 - level)));
const RATED = Array.from({length: 15}, (_, i) => -2.75 + 0.5 * i); // logits of the levels that a model rates
const CLOSEST = 1e-6; // probabilities nearer to 0 or 1 are not told apart

export const expit = value => 1 / (1 + Math.exp(-value));

/** The logit of a probability, of which those near 0 or 1 are not told apart. */
export function logit(value) {
  const probability = Math.max(CLOSEST, Math.min(value, 1 - CLOSEST));
  return Math.log(probability / (1 - probability));
}

/**
 * The answer to a positive click on a cell: one piece, with the level that is meant at 0. `rate` rates the levels of
 * `RATED` by the logs of their areas, or gives null.
 */
export function pieceAt(map, row, col, rate = () => null) {
  const piece = connectedTo(map, row, col), rates = rate(areasAbove(RATED, piece.values).map(area => Math.log(area / piece.values.length)));
  return centredOn(piece, rates ? ratedLevel(rates, piece.values[row * map.width + col]) : persistentLevel(piece.values));
}

/** Lower the logits of what is not connected to a cell. */
function connectedTo({values, height, width}, row, col) {
  const reach = dilated(values, height, width), start = row * width + col, own = reach[start];
  if (own <= 0) return {values: values.slice(), height, width};
  const ladder = [own];
  for (let i = Math.ceil(own / STEP - 1); i * STEP > LOWEST; i -= 1) ladder.push(i * STEP);
  const result = new Float32Array(values.length), lowest = ladder.at(-1);
  for (let i = 0; i < values.length; i += 1) result[i] = Math.min(values[i], lowest);
  // Flood from the cell, one level after the other; what is met early waits for its own level.
  const waiting = ladder.map(() => []), met = new Uint8Array(values.length);
  const meet = (cell, rung) => {
    met[cell] = 1;
    if (reach[cell] < lowest) return;
    while (reach[cell] < ladder[rung]) rung += 1;
    waiting[rung].push(cell);
  };
  meet(start, 0);
  waiting.forEach((cells, rung) => {
    const most = rung ? ladder[rung - 1] : Infinity;
    while (cells.length) {
      const cell = cells.pop(), x = cell % width;
      result[cell] = Math.min(values[cell], most);
      const left = x ? -1 : 0, right = x < width - 1 ? 1 : 0;
      const top = cell < width ? 0 : -width, foot = cell + width < values.length ? width : 0;
      for (let line = cell + top; line <= cell + foot; line += width) {
        for (let other = line + left; other <= line + right; other += 1) if (!met[other]) meet(other, rung);
      }
    }
  });
  return {values: result, height, width};
}

/** The level whose level set has the greatest expected IoU with the mask that is meant. */
function persistentLevel(logits) {
  const sizes = areasAbove(LOGITS, logits);
  const expected = sizes.map(a => sizes.reduce((sum, b) => sum + Math.min(a, b) / Math.max(a, b), 0) / sizes.length);
  const most = Math.max(...expected.slice(LEAST)) - 1e-9;
  const best = LEVELS.filter((_, i) => i >= LEAST && expected[i] >= most), off = best.map(level => Math.abs(level - 0.5));
  return best[off.indexOf(Math.min(...off))];
}

/** The level with the best rating whose set holds the click. */
function ratedLevel(rates, atClick) {
  const possible = RATED.map((level, i) => (atClick > level ? rates[i] : -Infinity));
  return expit(RATED[possible.indexOf(Math.max(...possible))]);
}

/** How many values are above each level, from the lowest to the highest; at least 1. */
function areasAbove(levels, values) {
  const areas = levels.map(() => 0);
  for (const value of values) for (let i = 0; i < levels.length && value > levels[i]; i += 1) areas[i] += 1;
  return areas.map(area => Math.max(1, area));
}

/** Bend logits so that a level, a probability, comes to lie at 0. */
function centredOn({values, height, width}, level) {
  const below = 0.5 / level, above = 0.5 / (1 - level);
  const bent = new Float32Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const before = expit(values[i]), after = before < level ? before * below : 1 - (1 - before) * above;
    bent[i] = logit(after);
  }
  return {values: bent, height, width};
}

/** The largest value in the 3x3 around each cell. */
function dilated(values, height, width) {
  const rows = new Float32Array(values.length), result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const col = i % width;
    rows[i] = Math.max(values[i], values[col ? i - 1 : i], values[col < width - 1 ? i + 1 : i]);
  }
  for (let i = 0; i < values.length; i += 1) {
    result[i] = Math.max(rows[i], rows[i < width ? i : i - width], rows[i + width < values.length ? i + width : i]);
  }
  return result;
}
