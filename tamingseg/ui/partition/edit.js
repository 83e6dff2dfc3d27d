// Regions by hand: what the pointer and the keys do in the partition tab. A click divides a region,
// the right button merges it with its nearest neighbour, a double click opens it in the first tab.

let editing = "split"; // what a plain click does: "split" or "merge"
let picked = null; // the first of two regions to merge, a node
let under = null; // the region under the pointer or the crosshair, a node
let beforeClicks = {time: -Infinity}; // what was there before the first of two quick clicks

const outlines = new WeakMap(); // node -> its outline, traced when it is first needed

function outlineOfRegion(node) {
  if (!outlines.has(node)) outlines.set(node, outlineOfBits(regionsNow().bitsOf(node), ...photo.size));
  return outlines.get(node);
}

/** The region at a point; null outside the photo. */
function regionAt(point) {
  const place = point && cut ? cut.labels.at(point) : null;
  return place === null ? null : cut.shown[place];
}

/** Point at what is there; says whether that is news. */
function pointAtRegion(point) {
  const before = under;
  under = regionAt(point);
  return under !== before;
}

function describeRegion(node) {
  const share = node.area / (photo.size[0] * photo.size[1]);
  return `${node.area.toLocaleString("en")} px (${percent(share)}), one of ${countOf(cut.shown.length)}`;
}

function showUnder() {
  cutPanel.querySelector(".about").textContent = under ? describeRegion(under)
    : picked ? "Now a region that touches it." : touch ? "Tap a region." : "Point at a region.";
  cutPanel.querySelector(".quiet").textContent = editing === "merge" ? "Click two regions that touch to merge them."
    : touch ? "A tap divides a region; a double tap opens it in the first tab."
      : "A click divides, a right click merges with the nearest neighbour, a double click opens the region in the first tab.";
}

function splitRegion(node) {
  const parts = regionsNow().split(cut.shown, cut.shown.indexOf(node));
  if (!parts) return say("That is a single superpixel; nothing smaller is known.");
  change(parts);
  say(`Divided: ${countOf(parts.length)}.`);
}

function mergeRegions(node, other) {
  const {shown} = cut, parts = regionsNow().merge(shown, shown.indexOf(node), shown.indexOf(other));
  if (!parts) return say("These two do not touch; choose a neighbour.", true);
  change(parts);
  say(`Merged: ${countOf(parts.length)}.`);
}

function mergeWithNearest(node) {
  const nearest = regionsNow().nearest(cut.shown, cut.shown.indexOf(node));
  if (nearest < 0) return say("There is only this region.");
  mergeRegions(node, cut.shown[nearest]);
}

/** Choose the first of two regions to merge, or merge it with the second. */
function pickRegion(node) {
  const first = picked;
  picked = null;
  if (!first) {
    picked = node;
    say("Now click a region that touches it.");
  } else if (first === node) say("Nothing is chosen.");
  else mergeRegions(first, node);
}

/** Do what a click means, or, with `other`, what a right click means. */
function editRegion(point, other) {
  const node = regionAt(point);
  if (!node) return say("That is outside the photo.");
  if (other) mergeWithNearest(node);
  else if (editing === "merge") pickRegion(node);
  else splitRegion(node);
  pointAtRegion(point);
  showPartition();
}

function setEditing(value) {
  editing = value;
  picked = null;
  say(editing === "split" ? "A click divides a region." : "Click two regions that touch to merge them.");
  showPartition();
}

function openRegion(node) {
  openTab("click");
  act({do: "add_mask", mask: writeRuns(regionsNow().bitsOf(node))});
}

function paintPartition(context, scale) {
  if (!cut) return;
  cut.labels.draw(context);
  if (picked) paintOutline(context, outlineOfRegion(picked), scale, "#ffffff", 3);
  if (under) {
    context.globalAlpha = 0.3;
    context.fillStyle = "#ffffff";
    context.fill(outlineOfRegion(under), "evenodd");
    context.globalAlpha = 1;
    paintOutline(context, outlineOfRegion(under), scale, "#ffffff", 1.6);
  }
  if (crosshair) paintCrosshair(context, 1 / scale, crosshair);
}

const stepRegions = step => cut && setRegions(cut.shown.length + step, performance.now());

tabs.partition = {
  label: "The photo in regions. Arrow keys move a crosshair, Enter divides the region under it, Shift and Enter merges it with its nearest neighbour, E opens it in the first tab, brackets change the number of regions, question mark shows all keys.",
  show: showPartition,
  paint: paintPartition,
  meet: meetCut,
  forget: key => cuts.delete(key),
  grab: () => null,
  press(point, event) {
    if (!cut || (event.button !== 0 && event.button !== 2)) return null;
    crosshair = null;
    const time = performance.now();
    if (time - beforeClicks.time > 500) beforeClicks = {time, cut: {...cut}, node: regionAt(point)};
    editRegion(point, event.button === 2 || event.altKey);
    return null;
  },
  hover(point) {
    canvas.style.cursor = view.panning ? "grab" : cut ? "pointer" : "default";
    if (crosshair || !pointAtRegion(point)) return;
    if (cut) showUnder();
    view.draw();
  },
  point() {
    if (!cut) return;
    if (pointAtRegion(crosshair)) say(`${describeRegion(under)}.`);
    showUnder();
  },
  enter: event => crosshair && cut ? editRegion(crosshair, event.shiftKey) : moveCrosshair(0, 0),
  escape() {
    if (crosshair) crosshair = under = null;
    else picked = null;
    showPartition();
  },
  undo() {
    if (!cut?.past.length) return say("There is nothing to undo.");
    turn(cut.past, cut.future);
    say(`Undone: ${countOf(cut.shown.length)}.`);
  },
  redo() {
    if (!cut?.future.length) return say("There is nothing to redo.");
    turn(cut.future, cut.past);
    say(`Done again: ${countOf(cut.shown.length)}.`);
  },
  keys: {
    "[": () => stepRegions(-1), "]": () => stepRegions(1),
    x: () => setEditing(editing === "split" ? "merge" : "split"),
    f: () => setLook(look === "fills" ? "boundaries" : "fills"),
    e: () => under ? openRegion(under) : say("Point at a region first, with the mouse or the arrow keys."),
  },
};

canvas.addEventListener("dblclick", () => {
  if (tab !== tabs.partition || !cut || !beforeClicks.node) return;
  const {base, shown, method, past, future} = beforeClicks.cut; // the two clicks were meant as one
  Object.assign(cut, {base, shown, method, past, future});
  savePartSoon("partition", keptPartition);
  colourRegions();
  openRegion(beforeClicks.node);
});
