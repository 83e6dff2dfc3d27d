// The decoder in a thread of its own, so that the page answers the pointer meanwhile. It is told the kernels and
// weights once, then of each photo its features and sizes, and answers clicks with outlines.

import {bitsOfRuns, loopsOfBits} from "../shared/masks.js";
import {answerTo, bitsOf} from "./answer.js";
import {withoutThinChanges} from "./changes.js";
import {Kernels} from "./kernels.js";
import {Network} from "./network.js";
import {readTensors} from "./tensors.js";

const KEPT_ANSWERS = 8; // .1 MB each

let network = null, photo = null, frame = null;
const answers = new Map(); // of the photo, by their clicks

self.addEventListener("message", ({data}) => {
  if (data.weights) network = new Network(readTensors(data.weights), new Kernels(data.kernels));
  if (data.features) {
    const tensors = readTensors(data.features);
    photo = network.prepare(tensors);
    frame = {size: data.size, content: tensors.about.content.split(" ").map(Number)};
    answers.clear();
    self.postMessage({ready: data.key});
  }
  if (data.clicks) self.postMessage({outline: outlineOf(data)});
});

/** The outline of the answer, in the language of SVG paths. `shown` are the runs of the mask before the last click, if there is one. */
function outlineOf({clicks, shown}) {
  const {size, content} = frame, {canvas} = photo, logits = answerTo(network, photo, frame, clicks, answers);
  let bits = bitsOf(logits, canvas, frame);
  if (shown) { // by the server, which looks closer: what is thinner than a cell here is known better there
    const cell = (size[0] * canvas[0]) / (content[0] * logits.height);
    bits = withoutThinChanges(bits, bitsOfRuns(shown, bits.length), Math.max(1, Math.round(cell / 2)), size[0]);
  }
  while (answers.size > KEPT_ANSWERS) answers.delete(answers.keys().next().value);
  const loops = loopsOfBits(bits, ...size);
  return loops.map(loop => `M${loop.slice(0, 2)}L${loop.slice(2)}Z`).join("");
}
