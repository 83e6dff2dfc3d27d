// The decoder of a ClickNet (ClickDecoder in tamingseg/models/clicknet.py) for the clicks of one object: about 15 million
// multiplications, most of them in kernels.c. Maps lie cell by cell: channel c of cell i is values[i * channels + c].

import {between, samplesOf, shrunk} from "./sampling.js";

const RADIUS = 0.03; // CLICK_RADIUS
const GROUPS = 4; // COARSE_GROUPS
const DILATIONS = [1, 2, 4];
const GIVEN = 5; // channels of a prompt: offset (2), positive and negative blob, previous mask

export class Network {
  /** `weights` are the tensors of the model by their names in its file, which move into the memory of the kernels. */
  constructor({about, ...weights}, kernels) {
    this.kernels = kernels;
    this.weights = Object.fromEntries(Object.entries(weights).map(([name, {shape, values}]) => [name, {shape, values: kernels.array(values)}]));
    this.heads = weights["decoder.coarse_input.weight"].shape[1] - GIVEN;
    this.convolutions = DILATIONS.map((_, i) => kernels.array(tapByTap(weights[`decoder.coarse_layers.${i}.2.weight`])));
    this.end = kernels.top; // what follows belongs to a photo
  }

  /** What is the same for all clicks on a photo; `tensors` are level0 to level3, and upsampling if the model has it. */
  prepare(tensors) {
    this.kernels.top = this.end;
    const levels = [0, 1, 2, 3].map(i => this.mapOf(tensors[`level${i}`])), [stride4, , stride16] = levels;
    return {
      levels, canvas: [4 * stride4.height, 4 * stride4.width], upsampling: tensors.upsampling && this.kernels.array(tensors.upsampling.values),
      fine: this.project("fine_features", stride4), fineKeys: this.project("fine_keys", stride4),
      coarse: this.project("coarse_features", stride16), coarseKeys: this.project("coarse_keys", stride16),
    };
  }

  /**
   * The logits {values, height, width} of clicks {row, col, positive} in pixels of the canvas. `previous` are the
   * probabilities before the last one, of the same form; null before the first.
   */
  decode(photo, clicks, previous) {
    const times = photo.upsampling ? 2 : 1, {height, width} = photo.fine;
    const values = this.kernels.freed(() => this.logits(photo, clicks, previous));
    return {values, height: times * height, width: times * width};
  }

  /** The values of `decode`, in the memory of the kernels. */
  logits(photo, clicks, previous) {
    const click = clicks.at(-1);
    const sign = this.weights["decoder.sign.weight"], size = sign.shape[1], from = click.positive ? size : 0;
    const seen = this.linear("query.2", rectified(this.linear("query.0", featuresAt(photo, click))));
    let query = seen.map((value, i) => value + sign.values[from + i]);
    const coarse = this.decideRegion(photo, query, clicks, previous);
    const mean = meanFeature(photo.levels[2], coarse);
    const region = this.linear("region.2", rectified(this.linear("region.0", Float32Array.of(...query, ...mean))));
    query = query.map((value, i) => value + region[i]);
    const logits = this.decidePixels(photo, query, coarse, clicks, previous);
    return photo.upsampling ? this.upsampled(logits, photo) : logits;
  }

  /** How well each level of an answer is rated, a logit; null if the model does not rate levels. */
  rate(logAreas) {
    if (!this.weights["rating.last.weight"]) return null;
    return this.kernels.freed(() => {
      const first = rectified(this.layer("rating.first", logAreas));
      return this.layer("rating.last", rectified(this.layer("rating.second", first)));
    });
  }

  /** Stage 1, at stride 16: a map whose first channel says which region is meant. */
  decideRegion(photo, query, clicks, previous) {
    const {coarse, coarseKeys} = photo, {channels, height, width} = coarse, cells = height * width;
    const numbers = this.linear("coarse_query", query), shift = numbers.subarray(coarseKeys.channels);
    const likeness = this.compare(numbers, coarseKeys), given = promptOf(photo, coarse, clicks, previous);
    const channelsIn = this.heads + GIVEN, inputs = this.kernels.array(cells * channelsIn);
    for (let i = 0, at = 0, from = 0; i < cells; i += 1, at += channelsIn) {
      for (let head = 0; head < this.heads; head += 1) inputs[at + head] = likeness[from++];
      given(i, inputs, at + this.heads);
    }
    const hidden = this.project("decoder.coarse_input", {values: inputs, channels: channelsIn, height, width});
    for (let i = 0; i < hidden.values.length; i += 1) hidden.values[i] += coarse.values[i] + shift[i % channels];
    DILATIONS.forEach((dilation, i) => {
      const name = `decoder.coarse_layers.${i}`, bias = this.weights[`${name}.2.bias`].values;
      this.kernels.run("convolve", hidden.values, this.normalise(`${name}.0`, hidden), this.convolutions[i], bias, height, width, channels, dilation);
    });
    return this.project("decoder.coarse_output", hidden);
  }

  /** Stage 2, at stride 4: every pixel, by the click's own network, whose weights follow from the query. */
  decidePixels(photo, query, coarse, clicks, previous) {
    const {fine, fineKeys} = photo, {channels: units, height, width} = fine, {heads, kernels} = this, cells = height * width;
    const shared = coarse.channels - 1, inputs = units + heads + shared + GIVEN;
    const numbers = this.linear("fine_weights", query), bias = units * inputs, output = bias + units;
    const likeness = this.compare(this.linear("fine_query", query), fineKeys), given = promptOf(photo, fine, clicks, previous);
    const prompt = kernels.array(cells * GIVEN), logits = kernels.array(cells), hidden = kernels.array(cells * units);
    // What the coarse stage hands over is enlarged after it was multiplied, and together with its logits.
    const rough = enlargedRows(foldedIn(coarse, numbers, units, inputs, units + heads), height);
    const acrossTo = samplesOf(width, coarse.width), step = units + 1;
    for (let row = 0, i = 0, to = 0; row < height; row += 1) for (let col = 0; col < width; col += 1, i += 1) {
      const [left, right, share] = acrossTo[col];
      let a = (row * coarse.width + left) * step, b = (row * coarse.width + right) * step;
      logits[i] = numbers[output + units] + rough[a] + share * (rough[b] - rough[a]);
      for (let unit = 0; unit < units; unit += 1, to += 1) {
        a += 1;
        b += 1;
        hidden[to] = numbers[bias + unit] + rough[a] + share * (rough[b] - rough[a]);
      }
      given(i, prompt, i * GIVEN);
    }
    for (const [values, count, place] of [[fine.values, units, 0], [likeness, heads, units], [prompt, GIVEN, units + heads + shared]]) {
      const weights = kernels.array(count * units); // input by input
      for (let c = 0, at = 0; c < count; c += 1) for (let unit = 0; unit < units; unit += 1) weights[at++] = numbers[unit * inputs + place + c];
      kernels.run("add_products", hidden, values, weights, cells, count, units);
    }
    kernels.run("decide", logits, hidden, numbers.subarray(output), cells, units);
    return logits;
  }

  /** A layer of the decoder on one vector. */
  linear(name, input) {
    return this.layer(`decoder.${name}`, input);
  }

  /** Any linear layer on one vector. */
  layer(name, input) {
    return this.project(name, {values: this.kernels.array(input), channels: input.length, height: 1, width: 1}).values;
  }

  /** A convolution of one cell, on a map. */
  project(name, {values, channels, height, width}) {
    const {values: weights, shape: [outputs]} = this.weights[`${name}.weight`], bias = this.weights[`${name}.bias`].values;
    const result = this.kernels.array(height * width * outputs);
    this.kernels.run("linear", result, values, weights, bias, height * width, channels, outputs);
    return {values: result, channels: outputs, height, width};
  }

  /** How similar the click is to every cell: one scaled scalar product for each head. */
  compare(query, {values, channels}) {
    const {heads, kernels} = this, width = channels / heads, cells = values.length / channels, result = kernels.array(cells * heads);
    kernels.run("compare", result, query, values, width ** -0.5, cells, heads, width);
    return result;
  }

  /** Twice as many rows and columns: each value a mean of the 3x3 around it, by the weights (1, 4, 9, height, width). */
  upsampled(logits, {upsampling, fine: {height, width}}) {
    const result = this.kernels.array(4 * height * width);
    this.kernels.run("upsample", result, logits, upsampling, height, width);
    return result;
  }

  /** A tensor (1, channels, height, width) as a map. */
  mapOf({values, shape: [, channels, height, width]}) {
    const cells = height * width, result = this.kernels.array(values.length);
    for (let c = 0, at = 0; c < channels; c += 1) for (let i = 0; i < cells; i += 1) result[i * channels + c] = values[at++];
    return {values: result, channels, height, width};
  }

  /** Group normalisation and what is above 0 of it. */
  normalise(name, {values, channels}) {
    const result = this.kernels.array(values.length), width = channels / GROUPS, count = values.length / GROUPS;
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

/** Weights (outputs, inputs, 3, 3) as (9, inputs, outputs). */
function tapByTap({values, shape: [outputs, inputs]}) {
  const result = new Float32Array(values.length);
  for (let o = 0, at = 0; o < outputs; o += 1) {
    for (let c = 0; c < inputs; c += 1) for (let tap = 0; tap < 9; tap += 1) result[(tap * inputs + c) * outputs + o] = values[at++];
  }
  return result;
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
