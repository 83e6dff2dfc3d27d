// The loops of network.js that take the time, for WebAssembly: scripts/build_kernels.py makes kernels.wasm of them.
// Maps lie cell by cell: channel c of cell i is map[i * channels + c]. A quarter to a half of the inputs is 0.

typedef float *restrict Out;
typedef const float *restrict In;

static inline float product(In one, In other, int count) {
  float sum = 0;
  for (int i = 0; i < count; i++) sum += one[i] * other[i];
  return sum;
}

static inline void add_scaled(Out to, In from, float by, int count) {
  for (int i = 0; i < count; i++) to[i] += by * from[i];
}

// Add to each cell its inputs times `weights` (inputs, outputs).
void add_products(Out map, In input, In weights, int cells, int inputs, int outputs) {
  for (int i = 0; i < cells; i++, map += outputs, input += inputs)
    for (int c = 0; c < inputs; c++)
      if (input[c] != 0) add_scaled(map, weights + c * outputs, input[c], outputs);
}

// A linear layer on each cell; `weights` are (outputs, inputs).
void linear(Out map, In input, In weights, In bias, int cells, int inputs, int outputs) {
  for (int i = 0; i < cells; i++, map += outputs, input += inputs)
    for (int o = 0; o < outputs; o++) map[o] = bias[o] + product(weights + o * inputs, input, inputs);
}

// Add a 3x3 convolution of `input`, a map of the same form; `kernel` is (9, channels, channels).
void convolve(Out map, In input, In kernel, In bias, int height, int width, int channels, int dilation) {
  for (int row = 0; row < height; row++)
    for (int col = 0; col < width; col++) {
      float *to = map + (row * width + col) * channels;
      add_scaled(to, bias, 1, channels);
      for (int tap = 0; tap < 9; tap++) {
        int y = row + (tap / 3 - 1) * dilation, x = col + (tap % 3 - 1) * dilation;
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        add_products(to, input + (y * width + x) * channels, kernel + tap * channels * channels, 1, channels, channels);
      }
    }
}

// How similar a click is to each cell: a scaled product of its query and the cell's keys for each head.
void compare(Out likeness, In query, In keys, float scale, int cells, int heads, int width) {
  for (int i = 0; i < cells; i++)
    for (int head = 0; head < heads; head++, keys += width) *likeness++ = scale * product(query + head * width, keys, width);
}

// Add the last layer of a click's own network.
void decide(Out logits, In hidden, In weights, int cells, int units) {
  for (int i = 0; i < cells; i++, hidden += units) {
    float sum = 0;
    for (int unit = 0; unit < units; unit++) sum += weights[unit] * (hidden[unit] > 0 ? hidden[unit] : 0);
    logits[i] += sum;
  }
}

// Twice as many rows and columns: each value a mean of the 3x3 around it, by `weights` (4, 9, height, width).
void upsample(Out fine, In map, In weights, int height, int width) {
  for (int part = 0; part < 4; part++)
    for (int place = 0; place < 9; place++)
      for (int row = 0; row < height; row++) {
        int y = row + place / 3 - 1, off = place % 3 - 1;
        const float *from = map + (y < 0 ? 0 : y >= height ? height - 1 : y) * width;
        float *to = fine + (2 * row + part / 2) * 2 * width + part % 2;
        for (int col = 0; col < width; col++) {
          int x = col + off;
          to[2 * col] += *weights++ * from[x < 0 ? 0 : x >= width ? width - 1 : x];
        }
      }
}
