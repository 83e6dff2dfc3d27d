// One click means one piece, at the level that persists: the arithmetic of tamingseg/masks/connected.py and
// persistent.py. Maps are {values, height, width}: logits, row by row.

const STEP = 0.5, LOWEST = -6; // the ladder of levels that are compared, in logits
const LEVELS = Array.from({length: 19}, (_, i) => 0.05 + 0.05 * i), LEAST = 7; // from .4 on they are chosen from
const CLOSEST = 1e-6; // probabilities nearer to 0 or 1 are not told apart

const expit = value => 1 / (1 + Math.exp(-value));

/** The answer to a positive click on a cell: one piece, with the level that persists at 0. */
export function pieceAt(map, row, col) {
  const piece = connectedTo(map, row, col);
  return centredOn(piece, persistentLevel(piece.values.map(expit)));
}

/** Lower the logits of what is not connected to a cell. */
function connectedTo({values, height, width}, row, col) {
  const reach = dilated(values, height, width), start = row * width + col, own = reach[start];
  if (own <= 0) return {values: values.slice(), height, width};
  const ladder = [own];
  for (let i = Math.ceil(own / STEP - 1); i * STEP > LOWEST; i -= 1) ladder.push(i * STEP);
  const result = values.map(value => Math.min(value, ladder.at(-1)));
  // Flood from the cell, one level after the other; what is met early waits for its own level.
  const waiting = ladder.map(() => []), met = new Uint8Array(values.length);
  const meet = (cell, rung) => {
    met[cell] = 1;
    while (rung < ladder.length && reach[cell] < ladder[rung]) rung += 1;
    waiting[rung]?.push(cell);
  };
  meet(start, 0);
  waiting.forEach((cells, rung) => {
    const most = rung ? ladder[rung - 1] : Infinity;
    while (cells.length) {
      const cell = cells.pop();
      result[cell] = Math.min(values[cell], most);
      const y = Math.floor(cell / width), x = cell - y * width;
      for (let r = Math.max(0, y - 1); r <= Math.min(y + 1, height - 1); r += 1) {
        for (let c = Math.max(0, x - 1); c <= Math.min(x + 1, width - 1); c += 1) if (!met[r * width + c]) meet(r * width + c, rung);
      }
    }
  });
  return {values: result, height, width};
}

/** The level whose level set has the greatest expected IoU with the mask that is meant. */
function persistentLevel(probabilities) {
  const areas = LEVELS.map(() => 0);
  for (const value of probabilities) for (let i = 0; i < LEVELS.length && value > LEVELS[i]; i += 1) areas[i] += 1;
  const sizes = areas.map(area => Math.max(1, area));
  const expected = sizes.map(a => sizes.reduce((sum, b) => sum + Math.min(a, b) / Math.max(a, b), 0) / sizes.length);
  const most = Math.max(...expected.slice(LEAST)) - 1e-9;
  const best = LEVELS.filter((_, i) => i >= LEAST && expected[i] >= most), off = best.map(level => Math.abs(level - 0.5));
  return best[off.indexOf(Math.min(...off))];
}

/** Bend logits so that a level, a probability, comes to lie at 0. */
function centredOn({values, height, width}, level) {
  const below = 0.5 / level, above = 0.5 / (1 - level);
  const bent = values.map(value => {
    const before = expit(value), after = before < level ? before * below : 1 - (1 - before) * above;
    const probability = Math.max(CLOSEST, Math.min(after, 1 - CLOSEST));
    return Math.log(probability / (1 - probability));
  });
  return {values: bent, height, width};
}

/** The largest value in the 3x3 around each cell. */
function dilated(values, height, width) {
  const rows = values.map((value, i) => {
    const col = i % width;
    return Math.max(value, col ? values[i - 1] : value, col < width - 1 ? values[i + 1] : value);
  });
  return rows.map((value, i) => Math.max(value, rows[i - width] ?? value, rows[i + width] ?? value));
}
