// Choosing proposals: hovering shows one, clicking chooses it; what is chosen is opened in the first
// tab, merged or removed. The first tab shows what is under its pointer, too.

let chosen = new Set(); // ids
let target = null; // id of the mask under the pointer or the crosshair
let previewed = null; // the same in the first tab
let previewing = recall("preview") !== "off";
let edits = Promise.resolve(); // what changes the list goes to the server one after the other

/** The outline of a mask, traced when it is first needed. */
function outlineOf(id) {
  const mask = listed.masks[id];
  mask.path ??= readMask(mask.counts, ...photo.size).path;
  return mask.path;
}

/** The chosen masks, the best first. */
function chosenInOrder() {
  return listed ? listed.order.filter(id => chosen.has(id)) : [];
}

function describeMask(id) {
  const {area, score} = listed.masks[id], share = area / (photo.size[0] * photo.size[1]);
  return `Mask ${labels.rank.get(id) + 1}: score ${decimal(score)}, ${area.toLocaleString("en")} px (${percent(share)})`;
}

function showChoice() {
  const ids = chosenInOrder(), single = target ?? (ids.length === 1 ? ids[0] : null);
  find(".which").textContent = single !== null ? describeMask(single)
    : ids.length ? `${ids.length} masks chosen`
      : touch ? "Tap masks to choose them." : "Click to choose, Shift+click for several.";
  find("[data-do=openMasks]").disabled = find("[data-do=removeMasks]").disabled = !ids.length;
  find("[data-do=mergeMasks]").disabled = ids.length < 2;
  find(".export-what").textContent = ids.length ? `Save the ${ids.length === 1 ? "chosen mask" : `${ids.length} chosen masks`}`
    : amount === 1 ? "Save the first mask" : `Save the first ${amount} masks`;
  find("[data-do=saveJson]").disabled = find("[data-do=saveLabels]").disabled = !listed.order.length;
}

function choose(id, more) {
  if (!more) chosen = new Set(id === null ? [] : [id]);
  else if (id !== null && !chosen.delete(id)) chosen.add(id);
  const ids = chosenInOrder();
  if (ids.length === 1) say(`${describeMask(ids[0])}. Chosen.`);
  else if (ids.length) say(`${ids.length} masks are chosen.`);
  else say("Nothing is chosen.");
  showProposals();
}

/** Point at what is shown there; says whether that is news. */
function aim(point) {
  const before = target;
  target = point && labels ? labels.at(point) : null;
  return target !== before;
}

/** Have the server change the list; says whether it did. */
function editList(what, ids) {
  const own = labels;
  return edits = edits.then(async () => {
    if (!listed || labels !== own) return false; // the ids were those of another list
    const answer = await ask("edit_proposals", {do: what, ids, known: listed.masks.length});
    if (!answer || answer.error) return answer && say(answer.error, true);
    meet(answer);
    savePartSoon("proposals", keptList);
    return true;
  });
}

commands.openMasks = () => {
  const ids = chosenInOrder();
  if (!ids.length && target !== null) ids.push(target);
  if (!ids.length) return say("Choose a mask first.");
  ids.sort((a, b) => listed.masks[b].area - listed.masks[a].area); // small ones in front
  openTab("click");
  for (const id of ids) act({do: "add_mask", mask: listed.masks[id].counts});
};
commands.mergeMasks = async () => {
  const ids = chosenInOrder();
  if (ids.length < 2) return say("Choose at least two masks to merge them: Shift+click.");
  if (await editList("merge", ids)) choose(listed.masks.length - 1, false);
};
commands.removeMasks = async () => {
  const ids = chosenInOrder();
  if (!ids.length) return say("Choose the masks to remove first.");
  if (await editList("remove", ids)) say(`${ids.length === 1 ? "One mask is" : `${ids.length} masks are`} removed. Undo brings them back.`);
};

tabs.proposals = {
  label: "The photo with the masks that are proposed. Arrow keys move a crosshair, S chooses the mask under it, Enter opens it in the first tab, question mark shows all keys.",
  show: showProposals,
  paint: paintProposals,
  grab: () => null,
  press(point, event) {
    if (!listed || (event.button !== 0 && event.pointerType === "mouse")) return null;
    crosshair = null;
    choose(labels.at(point), event.shiftKey || event.ctrlKey || event.metaKey || event.pointerType === "touch");
    return null;
  },
  hover(point) {
    canvas.style.cursor = view.panning ? "grab" : listed ? "pointer" : "default";
    if (crosshair || !aim(point)) return;
    if (listed) showChoice();
    view.draw();
  },
  point() {
    if (!listed) return;
    if (aim(crosshair) || target === null) say(target === null ? "No mask is here." : `${describeMask(target)}.`);
    showChoice();
  },
  enter: () => crosshair || chosen.size ? commands.openMasks() : moveCrosshair(0, 0),
  escape() {
    if (crosshair) crosshair = target = null;
    else if (chosen.size) choose(null, false);
    showProposals();
  },
  undo: () => listed?.can_undo ? editList("undo").then(done => done && say("Undone.")) : say("There is no merge or removal to undo."),
  redo: () => listed?.can_redo ? editList("redo").then(done => done && say("Done again.")) : say("There is nothing to redo."),
  keys: {
    s: () => target === null ? say("Point at a mask first, with the mouse or the arrow keys.") : choose(target, true),
    k: () => commands.knee(), m: () => commands.mergeMasks(),
    delete: () => commands.removeMasks(), backspace: () => commands.removeMasks(),
    "[": () => setAmount(amount - 1, performance.now()), "]": () => setAmount(amount + 1, performance.now()),
  },
};

canvas.addEventListener("dblclick", () => {
  if (tab === tabs.proposals && listed && target !== null) {
    chosen = new Set([target]);
    commands.openMasks();
  }
});

function paintProposals(context, scale) {
  if (!listed) return;
  labels.draw(context);
  for (const id of chosen) paintOutline(context, outlineOf(id), scale, "#ffffff", 3);
  if (target !== null) {
    context.globalAlpha = 0.3;
    context.fillStyle = "#ffffff";
    context.fill(outlineOf(target), "evenodd");
    context.globalAlpha = 1;
    paintOutline(context, outlineOf(target), scale, "#ffffff", chosen.has(target) ? 3 : 1.6);
  }
  if (crosshair) paintCrosshair(context, 1 / scale, crosshair);
}

function paintOutline(context, path, scale, colour, width) {
  context.lineJoin = "round";
  for (const [more, style] of [[2.4, "rgba(0, 0, 0, 0.75)"], [0, colour]]) {
    context.lineWidth = (width + more) / scale;
    context.strokeStyle = style;
    context.stroke(path);
  }
}

// --- in the first tab ----------------------------------------------------------------------------

/** Show softly which proposal is under the pointer, if any; says whether that is news. */
function preview(point) {
  const before = previewed;
  previewed = point && previewing && labels ? labels.at(point) : null;
  return previewed !== before;
}

function paintPreview(context, scale) {
  if (previewed === null) return;
  const path = outlineOf(previewed);
  context.save();
  context.globalAlpha = 0.16;
  context.fillStyle = "#ffffff";
  context.fill(path, "evenodd");
  context.globalAlpha = 0.9;
  context.setLineDash([6 / scale, 4 / scale]);
  context.lineWidth = 1.4 / scale;
  context.strokeStyle = "#ffffff";
  context.stroke(path);
  context.restore();
}

find(".preview input").addEventListener("change", event => {
  previewing = event.target.checked;
  remember("preview", previewing ? "on" : "off");
  previewed = null;
  view.draw();
});
