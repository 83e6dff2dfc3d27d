// Controls: buttons, keys, and photos that are dropped or pasted, in whichever tab. Starts the page.

Object.assign(commands, {
  undo: () => tab.undo(),
  redo: () => tab.redo(),
  zoomIn: () => view.zoom(1.4),
  zoomOut: () => view.zoom(1 / 1.4),
  fit: () => view.fit(),
  open: () => find(".file").click(),
  help: () => find("dialog").showModal(),
});

root.addEventListener("click", event => {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name) commands[name]();
  if (event.target === find("dialog")) find("dialog").close();
});

function moveCrosshair(dx, dy) {
  const box = canvas.getBoundingClientRect();
  crosshair ??= view.toPicture(box.left + box.width / 2, box.top + (box.height - 68) / 2);
  const clamp = (value, end) => Math.max(0.5, Math.min(value, end - 0.5));
  crosshair = {x: clamp(crosshair.x + dx / view.scale, view.width), y: clamp(crosshair.y + dy / view.scale, view.height)};
  const [x, y] = view.toWindow(crosshair), edge = 24;
  const out = (value, low, high) => Math.max(low + edge - value, 0) + Math.min(high - edge - value, 0);
  const [panX, panY] = [out(x, box.left, box.right), out(y, box.top, box.bottom)];
  if (!view.fitted && (panX || panY)) view.pan(panX, panY);
  tab.point();
  view.draw();
}

const arrows = {ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4]};
const sharedKeys = {
  0: commands.fit, "+": commands.zoomIn, "=": commands.zoomIn, "-": commands.zoomOut, _: commands.zoomOut,
  "?": commands.help, escape: () => tab.escape(),
};

/** The key in small letters; on keyboards of other alphabets, what a Latin one has at that place. */
function keyOf({key, code}) {
  const signs = {BracketLeft: "[", BracketRight: "]", Comma: ",", Period: "."};
  return (/^[ -~]/.test(key) ? key : signs[code] ?? code.replace(/^(Key|Digit)/, "")).toLowerCase();
}

document.addEventListener("keydown", event => {
  const {target} = event, free = target === document.body || target === canvas;
  if (!root.isConnected || !root.offsetParent || find("dialog").open) return;
  root.classList.add("by-key");
  if (!(free || root.contains(target)) || target.matches("input:not([type=range])")) return;
  const key = keyOf(event), command = event.ctrlKey || event.metaKey;
  let done = true;
  if (command && key === "z") tab[event.shiftKey ? "redo" : "undo"]();
  else if (command && key === "y") tab.redo();
  else if (key === "enter" && (free || command)) tab.enter(event);
  else if (command || event.altKey && key !== "[" && key !== "]") done = false; // some keyboards have these with Alt
  else if (key === " " && free) view.panning = true;
  else if (arrows[event.key] && free) {
    const [dx, dy] = arrows[event.key], factor = event.shiftKey ? 10 : 1;
    moveCrosshair(dx * factor, dy * factor);
  } else if (Object.hasOwn(sharedKeys, key)) sharedKeys[key]();
  else if (Object.hasOwn(tab.keys, key)) tab.keys[key]();
  else done = false;
  if (done) event.preventDefault();
});
document.addEventListener("keyup", event => {
  if (event.key === " ") view.panning = false;
});
window.addEventListener("blur", () => (view.panning = false)); // the key may be let go elsewhere

const isPhoto = file => file && (file.type.startsWith("image/") || !file.type);
find(".file").addEventListener("change", event => {
  const [file] = event.target.files;
  if (file) openFile(file);
  event.target.value = "";
});
document.addEventListener("paste", event => {
  const file = [...(event.clipboardData?.files ?? [])].find(isPhoto);
  if (!root.isConnected || !root.offsetParent || !file) return;
  event.preventDefault();
  openFile(file);
});
document.addEventListener("pointerdown", () => root.classList.remove("by-key"));

let dragDepth = 0;
const dragging = on => root.classList.toggle("dragging", on);
root.addEventListener("dragenter", event => {
  event.preventDefault();
  dragging(++dragDepth > 0);
});
root.addEventListener("dragover", event => event.preventDefault());
root.addEventListener("dragleave", () => dragging(--dragDepth > 0));
root.addEventListener("drop", event => {
  event.preventDefault();
  dragging((dragDepth = 0) > 0);
  const [file] = event.dataTransfer.files;
  if (file) openFile(file);
});
window.addEventListener("pagehide", () => {
  if (link.token) navigator.sendBeacon(base("leave"), link.token);
  if (!photo) return;
  rememberSession();
  saveChanges();
});

if (touch) find(".empty .minus + span").textContent = "Choose − and tap what you don’t.";
const openBefore = recall("tab", window.sessionStorage);
openTab(Object.hasOwn(tabs, openBefore) ? openBefore : "click");
start().catch(error => {
  console.error(error);
  say("The page could not start. Reload it to try again; your work is safe.", true);
});
