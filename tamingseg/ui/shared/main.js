// Starts the page, and answers buttons, keys, and photos that are dropped or pasted, in every tab.

import {canvas, find, root} from "./dom.js";
import {rememberSession, saveChanges} from "./keep.js";
import {importFiles} from "./exchange.js";
import {filesOf, isAnnotations, isPhoto} from "./files.js";
import {leaveFolder} from "./folder.js";
import {stepPhoto} from "./next.js";
import {openFiles, openFirstPhoto} from "./photos.js";
import {resumeRuns} from "./requests.js";
import {connect, urlOf} from "./server.js";
import {TABS} from "./settings.js";
import {addTab, commands, mayWork, moveCrosshair, openFirstTab, openTab, state, view} from "./state.js";
import {link} from "./work.js";

let isStarted = false;

/** Start the page. `given` is {server, trigger}, as gradio hands them to the script of a component. */
export async function start(given) {
  if (isStarted) { // gradio built the page anew, and these modules know the old one
    location.reload();
    return;
  }
  isStarted = true;
  connect(given);
  await Promise.all([import("../folder/list.js"), import("../decoder/hover.js")]);
  const modules = await Promise.all(TABS.map(name => import(`../${name}/tab.js`)));
  modules.forEach(({tab}, i) => addTab(TABS[i], tab));
  listen();
  openFirstTab();
  await openFirstPhoto();
  await link.idle(); // not to be talked over
  resumeRuns();
}

Object.assign(commands, {
  undo: () => state.tab.undo(),
  redo: () => state.tab.redo(),
  zoomIn: () => view.zoom(1.4),
  zoomOut: () => view.zoom(1 / 1.4),
  fit: () => view.fit(),
  open: () => find(".file").click(),
  toPhoto: () => canvas.focus(),
  help: () => find(".help").showModal(),
});

const arrows = {ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4]};
const sharedKeys = {
  0: commands.fit, "+": commands.zoomIn, "=": commands.zoomIn, "-": commands.zoomOut, _: commands.zoomOut,
  "?": commands.help, "/": () => commands.find(), j: () => commands.jump(), a: event => event.repeat || commands[event.shiftKey ? "markEmpty" : "markDone"](), escape: () => state.tab.escape(),
};

/** The key in small letters; on keyboards of other alphabets, what a Latin one has at that place. */
function keyOf({key, code}) {
  const signs = {BracketLeft: "[", BracketRight: "]", Comma: ",", Period: "."};
  return (/^[ -~]/.test(key) ? key : signs[code] ?? code.replace(/^(Key|Digit)/, "")).toLowerCase();
}

function listen() {
  root.addEventListener("click", event => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name) commands[name](event);
    if (event.target.matches("dialog")) event.target.close(); // beside it
  });
  listenToTabs(find("[role=tablist]"));
  document.addEventListener("keydown", pressKey);
  document.addEventListener("keyup", event => {
    if (event.key !== " ") return;
    view.panning = false;
    canvas.style.cursor = "";
  });
  window.addEventListener("blur", () => (view.panning = false)); // the key may be let go elsewhere
  document.addEventListener("pointerdown", () => root.classList.remove("by-key"));
  root.addEventListener("pointerup", event => { // a slider that was moved by mouse leaves the keys to the photo
    if (event.target.matches("[type=range]")) canvas.focus({preventScroll: true});
  });
  listenToFiles();
  window.addEventListener("pagehide", () => {
    leaveFolder();
    if (link.token) navigator.sendBeacon(urlOf("leave"), link.token);
    if (!state.photo) return;
    rememberSession();
    saveChanges();
  });
}

function listenToTabs(list) {
  list.addEventListener("click", event => {
    const name = event.target.closest("[role=tab]")?.dataset.tab;
    if (name) openTab(name);
  });
  list.addEventListener("keydown", event => {
    const choices = [...list.children], step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = choices[(choices.indexOf(event.target) + step + choices.length) % choices.length];
    openTab(next.dataset.tab);
    next.focus();
  });
}

function pressKey(event) {
  const {target} = event, free = target === document.body || target === canvas;
  if (!root.isConnected || !root.offsetParent || find("dialog[open]")) return;
  root.classList.add("by-key");
  if (!(free || root.contains(target)) || target.matches("input:not([type=range])")) return;
  const {tab} = state, key = keyOf(event), command = event.ctrlKey || event.metaKey;
  const changes = key === "enter" && free || command && /^[zy]$/.test(key) || Object.hasOwn(tab.keys, key);
  if (changes && !mayWork()) return;
  let done = true;
  if (command && key === "z") tab[event.shiftKey ? "redo" : "undo"]();
  else if (command && key === "y") tab.redo();
  else if (key === "enter" && (free || command)) tab.enterKey(event);
  else if (command || event.altKey && key !== "[" && key !== "]") done = false; // some keyboards have these with Alt
  else if (key === " ") {
    view.panning = true; // also where a button has the focus: it is pressed only if nothing is dragged
    canvas.style.cursor = "grab";
    done = free;
  } else if (free && /^page(up|down)$/.test(key)) stepPhoto(key === "pageup" ? -1 : 1);
  else if (arrows[event.key] && free) {
    const [dx, dy] = arrows[event.key], factor = event.shiftKey ? 10 : 1;
    moveCrosshair(dx * factor, dy * factor);
  } else if (Object.hasOwn(sharedKeys, key)) sharedKeys[key](event);
  else if (Object.hasOwn(tab.keys, key)) tab.keys[key](event);
  else done = false;
  if (done) event.preventDefault();
}

/** Open photos, then read annotations, which may belong to them. */
async function takeFiles(files) {
  const annotations = files.filter(isAnnotations), others = files.filter(file => !isAnnotations(file));
  if (others.length) await openFiles(others);
  if (annotations.length) await importFiles(annotations);
}

function listenToFiles() {
  find(".file").addEventListener("change", event => {
    takeFiles([...event.target.files]);
    event.target.value = "";
  });
  document.addEventListener("paste", event => {
    const files = [...event.clipboardData?.files ?? []].filter(isPhoto);
    if (!root.isConnected || !root.offsetParent || !files.length) return;
    event.preventDefault();
    openFiles(files);
  });
  let depth = 0;
  const dragging = on => root.classList.toggle("dragging", on);
  root.addEventListener("dragenter", event => {
    event.preventDefault();
    dragging(++depth > 0);
  });
  root.addEventListener("dragover", event => event.preventDefault());
  root.addEventListener("dragleave", () => dragging(--depth > 0));
  root.addEventListener("drop", event => {
    event.preventDefault();
    dragging((depth = 0) > 0);
    filesOf(event.dataTransfer).then(takeFiles);
  });
}
