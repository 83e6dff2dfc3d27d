// The decoder in a thread of its own, so that the page answers the pointer meanwhile. It is told the
// weights once, then of each photo its features and sizes, and answers clicks with outlines.

import {loopsOfBits} from "../shared/masks.js";
import {answerTo, bitsOf} from "./answer.js";
import {Network} from "./network.js";
import {readTensors} from "./tensors.js";

let network = null, photo = null, frame = null;

self.addEventListener("message", ({data}) => {
  if (data.weights) network = new Network(readTensors(data.weights));
  if (data.features) {
    const tensors = readTensors(data.features);
    photo = network.prepare(tensors);
    frame = {size: data.size, content: tensors.about.content.split(" ").map(Number)};
    self.postMessage({ready: data.key});
  }
  if (data.click) self.postMessage({outline: outlineOf(data.click)});
});

/** The outline of the answer, in the language of SVG paths. */
function outlineOf(click) {
  const bits = bitsOf(answerTo(network, photo, frame, click), photo.canvas, frame);
  const loops = loopsOfBits(bits, ...frame.size);
  return loops.map(loop => `M${loop.slice(0, 2)}L${loop.slice(2)}Z`).join("");
}
