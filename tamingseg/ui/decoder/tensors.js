// Tensors as tamingseg.ui.decoder.calls sends them: a safetensors file of float16.

const HALF = new Float32Array(2 ** 16); // the number that each pattern of 16 bits stands for
for (let bits = 0; bits < HALF.length; bits += 1) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024;
  HALF[bits] = sign * (exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14);
}

/** The tensors in a file, {shape, values} by name, and its metadata under `about`. */
export function readTensors(buffer) {
  const size = Number(new DataView(buffer).getBigUint64(0, true)), begin = 8 + size;
  const {__metadata__: about, ...entries} = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  const tensors = Object.entries(entries).map(([name, {shape, data_offsets: [from, to]}]) => {
    const bits = new Uint16Array(buffer, begin + from, (to - from) / 2);
    return [name, {shape, values: Float32Array.from(bits, pattern => HALF[pattern])}];
  });
  return {about, ...Object.fromEntries(tensors)};
}
