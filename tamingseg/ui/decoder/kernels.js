// The loops of kernels.c in WebAssembly, and the memory that they work on. Arrays are Float32Arrays in that memory,
// one after the other; `top` is where the next one begins, and setting it back frees memory.

const PAGES = 1024, PAGE = 2 ** 16; // 64 MB; what is not used costs nothing

export class Kernels {
  /** `code` is the file kernels.wasm. Fails where the browser has no WebAssembly with vectors. */
  constructor(code) {
    this.memory = new WebAssembly.Memory({initial: PAGES});
    this.loops = new WebAssembly.Instance(new WebAssembly.Module(code), {env: {memory: this.memory}}).exports;
    this.top = PAGE; // the loops keep nothing there, but 0 is no place for an array
  }

  /** An array of the given values, or of so many zeros. */
  array(given) {
    const values = new Float32Array(this.memory.buffer, this.top, given.length ?? given);
    this.top += Math.ceil(values.byteLength / 16) * 16;
    if (typeof given === "number") values.fill(0);
    else values.set(given);
    return values;
  }

  /** What `work` returns, copied; arrays that it made are freed. */
  freed(work) {
    const {top} = this, values = work().slice();
    this.top = top;
    return values;
  }

  /** Run a loop; arrays are told by their place. */
  run(name, ...given) {
    this.loops[name](...given.map(one => one.byteOffset ?? one));
  }
}
