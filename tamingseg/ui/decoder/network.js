// The decoder of a ClickNet (ClickDecoder in tamingseg/models/clicknet.py) for the clicks of one object, in plain loops:
// about 15 million multiplications. Maps lie cell by cell: channel c of cell i is values[i * channels + c].

import {between, samplesOf, shrunk} from "./sampling.js";

const RADIUS = 0.03; // CLICK_RADIUS
const GROUPS = 4; // COARSE_GROUPS
const DILATIONS = [1, 2, 4];
const GIVEN = 5; // channels of a prompt: offset (2), positive and negative blob, previous mask

export class Network {
  /** `weights` are the tensors of the model by their names in its file. */
  constructor(weights) {
    this.weights = weights;
    this.heads = weights["decoder.coarse_input.weight"].shape[1] - GIVEN;
    this.kernels = DILATIONS.map((_, i) => kernelOf(weights[`decoder.coarse_layers.${i}.2.weight`]));
  }

  /** What is the same for all clicks on a photo; `tensors` are level0 to level3, and upsampling if the model has it. */
  prepare(tensors) {
    const levels = [0, 1, 2, 3].map(i => mapOf(tensors[`level${i}`])), [stride4, , stride16] = levels;
    return {
      levels, canvas: [4 * stride4.height, 4 * stride4.width], upsampling: tensors.upsampling,
      fine: this.project("fine_features", stride4), fineKeys: this.project("fine_keys", stride4),
      coarse: this.project("coarse_features", stride16), coarseKeys: this.project("coarse_keys", stride16),
    };
  }

  /**
   * The logits {values, height, width} of clicks {row, col, positive} in pixels of the canvas. `previous` are the
   * probabilities before the last one, of the same form; null before the first.
   */
  decode(photo, clicks, previous) {
    const click = clicks.at(-1);
    const sign = this.weights["decoder.sign.weight"], size = sign.shape[1], from = click.positive ? size : 0;
    const seen = this.linear("query.2", rectified(this.linear("query.0", featuresAt(photo, click))));
    let query = seen.map((value, i) => value + sign.values[from + i]);
    const coarse = this.decideRegion(photo, query, clicks, previous);
    const mean = meanFeature(photo.levels[2], coarse);
    const region = this.linear("region.2", rectified(this.linear("region.0", Float32Array.of(...query, ...mean))));
    query = query.map((value, i) => value + region[i]);
    const logits = this.decidePixels(photo, query, coarse, clicks, previous);
    return photo.upsampling ? upsampled(logits, photo.upsampling) : logits;
  }

  /** How well each level of an answer is rated, a logit; null if the model does not rate levels. */
  rate(logAreas) {
    if (!this.weights["rating.last.weight"]) return null;
    const first = rectified(this.layer("rating.first", Float32Array.from(logAreas)));
    return this.layer("rating.last", rectified(this.layer("rating.second", first)));
  }

  /** Stage 1, at stride 16: a map whose first channel says which region is meant. */
  decideRegion(photo, query, clicks, previous) {
    const {coarse, coarseKeys} = photo, {channels, height, width} = coarse, cells = height * width;
    const numbers = this.linear("coarse_query", query), shift = numbers.subarray(coarseKeys.channels);
    const likeness = this.compare(numbers, coarseKeys), given = promptOf(photo, coarse, clicks, previous);
    const inputs = new Float32Array(cells * (this.heads + GIVEN)), step = this.heads + GIVEN;
    for (let i = 0; i < cells; i += 1) {
      inputs.set(likeness.subarray(i * this.heads, (i + 1) * this.heads), i * step);
      given(i, inputs, i * step + this.heads);
    }
    const hidden = this.project("decoder.coarse_input", {values: inputs, channels: step, height, width});
    for (let i = 0; i < hidden.values.length; i += 1) hidden.values[i] += coarse.values[i] + shift[i % channels];
    DILATIONS.forEach((dilation, i) => {
      const name = `decoder.coarse_layers.${i}`;
      const input = this.normalise(`${name}.0`, hidden);
      addConvolution(hidden, input, this.kernels[i], this.weights[`${name}.2.bias`].values, dilation);
    });
    return this.project("decoder.coarse_output", hidden);
  }

  /** Stage 2, at stride 4: every pixel, by the click's own network, whose weights follow from the query. */
  decidePixels(photo, query, coarse, clicks, previous) {
    const {fine, fineKeys} = photo, {channels: units, height, width} = fine, {heads} = this;
    const shared = coarse.channels - 1, inputs = units + heads + shared + GIVEN;
    const numbers = this.linear("fine_weights", query), bias = units * inputs, output = bias + units;
    const likeness = this.compare(this.linear("fine_query", query), fineKeys), given = promptOf(photo, fine, clicks, previous);
    // What the coarse stage hands over is enlarged after it was multiplied, and together with its logits.
    const rough = enlargedRows(foldedIn(coarse, numbers, units, inputs, units + heads), height);
    const values = new Float32Array(height * width), step = units + 1, acrossTo = samplesOf(width, coarse.width);
    // Weights input by input, and of each input unit by unit, for four units at a time.
    const direct = units + heads + GIVEN, four = Math.ceil(units / 4) * 4, weights = new Float64Array(direct * four);
    for (let unit = 0; unit < units; unit += 1) for (let c = 0; c < direct; c += 1) {
      weights[c * four + unit] = numbers[unit * inputs + (c < units + heads ? c : c + shared)];
    }
    const biases = new Float64Array(four), outputs = new Float64Array(four), seen = new Float64Array(direct);
    biases.set(numbers.subarray(bias, output));
    outputs.set(numbers.subarray(output, output + units));
    for (let row = 0, i = 0; row < height; row += 1) for (let col = 0; col < width; col += 1, i += 1) {
      for (let c = 0, from = i * units; c < units; c += 1) seen[c] = fine.values[from + c];
      for (let c = 0, from = i * heads; c < heads; c += 1) seen[units + c] = likeness[from + c];
      given(i, seen, units + heads);
      const [left, right, share] = acrossTo[col], a = (row * coarse.width + left) * step, b = (row * coarse.width + right) * step;
      let logit = numbers[output + units] + rough[a] + share * (rough[b] - rough[a]);
      const handed = unit => unit < units ? rough[a + 1 + unit] + share * (rough[b + 1 + unit] - rough[a + 1 + unit]) : 0;
      for (let unit = 0; unit < four; unit += 4) {
        let p = biases[unit] + handed(unit), q = biases[unit + 1] + handed(unit + 1);
        let r = biases[unit + 2] + handed(unit + 2), s = biases[unit + 3] + handed(unit + 3);
        for (let c = 0, at = unit; c < direct; c += 1, at += four) {
          const value = seen[c];
          p += value * weights[at];
          q += value * weights[at + 1];
          r += value * weights[at + 2];
          s += value * weights[at + 3];
        }
        if (p > 0) logit += outputs[unit] * p;
        if (q > 0) logit += outputs[unit + 1] * q;
        if (r > 0) logit += outputs[unit + 2] * r;
        if (s > 0) logit += outputs[unit + 3] * s;
      }
      values[i] = logit;
    }
    return {values, height, width};
  }

  /** A layer of the decoder on one vector. */
  linear(name, input) {
    return this.layer(`decoder.${name}`, input);
  }

  /** Any linear layer. */
  layer(name, input) {
    const {values, shape: [outputs]} = this.weights[`${name}.weight`];
    const bias = this.weights[`${name}.bias`].values, result = new Float32Array(outputs);
    for (let o = 0, at = 0; o < outputs; o += 1) {
      let sum = bias[o];
      for (let i = 0; i < input.length; i += 1) sum += values[at++] * input[i];
      result[o] = sum;
    }
    return result;
  }

  /** A convolution of one cell, on a map. */
  project(name, {values, channels, height, width}) {
    const {values: weights, shape: [outputs]} = this.weights[`${name}.weight`], bias = this.weights[`${name}.bias`].values;
    const result = new Float32Array(height * width * outputs);
    for (let i = 0, to = 0; i < values.length; i += channels) {
      for (let o = 0, at = 0; o < outputs; o += 1, to += 1) {
        let sum = bias[o];
        for (let c = 0; c < channels; c += 1) sum += weights[at++] * values[i + c];
        result[to] = sum;
      }
    }
    return {values: result, channels: outputs, height, width};
  }

  /** How similar the click is to every cell: one scaled scalar product for each head. */
  compare(query, {values, channels}) {
    const {heads} = this, width = channels / heads, scale = width ** -0.5;
    const result = new Float32Array((values.length / channels) * heads);
    for (let to = 0, at = 0; to < result.length;) {
      for (let c = 0; c < channels; to += 1) {
        let sum = 0;
        for (const end = c + width; c < end; c += 1) sum += query[c] * values[at++];
        result[to] = scale * sum;
      }
    }
    return result;
  }

  /** Group normalisation and what is above 0 of it. */
  normalise(name, {values, channels}) {
    const result = new Float32Array(values.length), width = channels / GROUPS, count = values.length / GROUPS;
    const weight = this.weights[`${name}.weight`].values, bias = this.weights[`${name}.bias`].values;
    for (let begin = 0; begin < channels; begin += width) {
      let sum = 0, squares = 0;
      for (let i = begin; i < values.length; i += channels) for (let c = i; c < i + width; c += 1) sum += values[c];
      const mean = sum / count;
      for (let i = begin; i < values.length; i += channels) for (let c = i; c < i + width; c += 1) squares += (values[c] - mean) ** 2;
      const scale = 1 / Math.sqrt(squares / count + 1e-5);
      for (let i = begin; i < values.length; i += channels) {
        for (let c = 0; c < width; c += 1) result[i + c] = Math.max(0, (values[i + c] - mean) * scale * weight[begin + c] + bias[begin + c]);
      }
    }
    return result;
  }
}

const rectified = values => values.map(value => Math.max(0, value));

/** A tensor (1, channels, height, width) as a map. */
function mapOf({values, shape: [, channels, height, width]}) {
  const cells = height * width, result = new Float32Array(values.length);
  for (let c = 0, at = 0; c < channels; c += 1) for (let i = 0; i < cells; i += 1) result[i * channels + c] = values[at++];
  return {values: result, channels, height, width};
}

/** Weights (outputs, inputs, 3, 3) in the order in which `addConvolution` takes them. */
function kernelOf({values, shape: [outputs, inputs]}) {
  const result = new Float64Array(values.length);
  for (let o = 0, at = 0; o < outputs; o += 1) {
    for (let c = 0; c < inputs; c += 1) for (let tap = 0; tap < 9; tap += 1) result[(tap * inputs + c) * outputs + o] = values[at++];
  }
  return result;
}

/** Add a 3x3 convolution of `input` to a map of as many channels, a multiple of four. About half of the input is 0. */
function addConvolution({values, channels, height, width}, input, kernel, bias, dilation) {
  // What is not 0: from begins[cell] to begins[cell + 1] are its channels and values.
  const begins = new Int32Array(height * width + 1), places = new Int32Array(input.length), given = new Float64Array(input.length);
  for (let i = 0, count = 0; i < input.length; i += 1) {
    if (input[i] !== 0) {
      places[count] = (i % channels) * channels;
      given[count++] = input[i];
    }
    if ((i + 1) % channels === 0) begins[(i + 1) / channels] = count;
  }
  for (let row = 0, to = 0; row < height; row += 1) for (let col = 0; col < width; col += 1) for (let o = 0; o < channels; o += 4, to += 4) {
    let a = values[to] + bias[o], b = values[to + 1] + bias[o + 1], c = values[to + 2] + bias[o + 2], d = values[to + 3] + bias[o + 3];
    for (let tap = 0; tap < 9; tap += 1) {
      const y = row + (Math.floor(tap / 3) - 1) * dilation, x = col + ((tap % 3) - 1) * dilation;
      if (y < 0 || x < 0 || y >= height || x >= width) continue;
      const cell = y * width + x, start = tap * channels * channels + o, end = begins[cell + 1];
      for (let i = begins[cell]; i < end; i += 1) {
        const value = given[i], at = start + places[i];
        a += value * kernel[at];
        b += value * kernel[at + 1];
        c += value * kernel[at + 2];
        d += value * kernel[at + 3];
      }
    }
    values[to] = a;
    values[to + 1] = b;
    values[to + 2] = c;
    values[to + 3] = d;
  }
}

/** The features of all levels under a click, one after the other. */
function featuresAt({levels, canvas}, {row, col}) {
  const found = levels.map(({values, channels, height, width}) => {
    const [top, foot, down] = between((row * height) / canvas[0] - 0.5, height);
    const [left, right, across] = between((col * width) / canvas[1] - 0.5, width);
    const at = (y, x, c) => values[(y * width + x) * channels + c];
    const along = (y, c) => (1 - across) * at(y, left, c) + across * at(y, right, c);
    return Float32Array.from({length: channels}, (_, c) => (1 - down) * along(top, c) + down * along(foot, c));
  });
  return Float32Array.of(...found.flatMap(part => [...part]));
}

/** Writes what the user said about a cell of a map: `write(cell, into, at)`. */
function promptOf({canvas}, {height, width}, clicks, previous) {
  const scale = Math.sqrt(canvas[0] * canvas[1]), cells = height * width, included = new Float32Array(cells), excluded = new Float32Array(cells);
  const offsets = (count, side, place) => Float32Array.from({length: count}, (_, i) => (((i + 0.5) * side) / count - place) / scale);
  const blob = offset => Math.exp(-0.5 * (offset / RADIUS) ** 2), mask = previous && shrunk(previous, height, width).values;
  let rows, cols; // in the end those of the last click
  for (const {row, col, positive} of clicks) {
    rows = offsets(height, canvas[0], row);
    cols = offsets(width, canvas[1], col);
    const byRow = rows.map(blob), byCol = cols.map(blob), marks = positive ? included : excluded;
    for (let y = 0, i = 0; y < height; y += 1) for (let x = 0; x < width; x += 1, i += 1) marks[i] += byRow[y] * byCol[x];
  }
  return (cell, into, at) => {
    const y = Math.floor(cell / width);
    into[at] = rows[y];
    into[at + 1] = cols[cell - y * width];
    into[at + 2] = included[cell];
    into[at + 3] = excluded[cell];
    into[at + 4] = mask ? mask[cell] : 0;
  };
}

/** The mean of a map's features, each cell by its probability in the first channel of `coarse`. */
function meanFeature({values, channels}, coarse) {
  const result = new Float32Array(channels);
  let total = 1e-3;
  for (let i = 0; i < values.length / channels; i += 1) {
    const weight = 1 / (1 + Math.exp(-coarse.values[i * coarse.channels]));
    total += weight;
    for (let c = 0; c < channels; c += 1) result[c] += weight * values[i * channels + c];
  }
  return result.map(sum => sum / total);
}

/** The logits of a coarse map, and what its other channels add to each unit of a click's own network. */
function foldedIn({values, channels, height, width}, numbers, units, inputs, place) {
  const result = new Float32Array(height * width * (units + 1));
  for (let i = 0, to = 0; i < values.length; i += channels) {
    result[to++] = values[i];
    for (let unit = 0; unit < units; unit += 1, to += 1) {
      for (let c = 1; c < channels; c += 1) result[to] += numbers[unit * inputs + place + c - 1] * values[i + c];
    }
  }
  return {values: result, rows: height, length: width * (units + 1)};
}

/** Rows of numbers, enlarged to more rows, bilinear. */
function enlargedRows({values, rows, length}, count) {
  const result = new Float32Array(count * length);
  samplesOf(count, rows).forEach(([top, foot, share], row) => {
    const [a, b] = [top * length, foot * length];
    for (let i = 0; i < length; i += 1) result[row * length + i] = values[a + i] + share * (values[b + i] - values[a + i]);
  });
  return result;
}

/** Twice as many rows and columns: each value a mean of the 3x3 around it, by the weights (1, 4, 9, height, width). */
function upsampled({values, height, width}, {values: weights}) {
  const result = new Float32Array(4 * height * width), cells = height * width;
  for (let row = 0, i = 0; row < height; row += 1) {
    const lines = [Math.max(0, row - 1), row, Math.min(row + 1, height - 1)].map(line => line * width);
    for (let col = 0; col < width; col += 1, i += 1) {
      const left = col ? col - 1 : 0, right = col < width - 1 ? col + 1 : col, [a, b, c] = lines;
      for (let part = 0, at = i; part < 4; part += 1, at += 9 * cells) {
        result[(2 * row + (part >> 1)) * 2 * width + 2 * col + (part & 1)] =
          weights[at] * values[a + left] + weights[at + cells] * values[a + col] + weights[at + 2 * cells] * values[a + right]
          + weights[at + 3 * cells] * values[b + left] + weights[at + 4 * cells] * values[b + col] + weights[at + 5 * cells] * values[b + right]
          + weights[at + 6 * cells] * values[c + left] + weights[at + 7 * cells] * values[c + col] + weights[at + 8 * cells] * values[c + right];
      }
    }
  }
  return {values: result, height: 2 * height, width: 2 * width};
}
