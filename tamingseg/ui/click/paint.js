// Painting: outlines and light fills of the masks, and the points. Widths are in pixels of the screen,
// whatever the zoom.

import {canvas, root} from "../shared/dom.js";
import {paintCrosshair} from "../shared/paint.js";
import {paintPreview} from "../shared/preview.js";
import {PALETTE} from "../shared/settings.js";
import {state, view} from "../shared/state.js";
import {recall, remember} from "../shared/vault.js";
import {work} from "../shared/work.js";
import {paintBoxes} from "./box.js";
import {paintStrokes} from "./brush.js";
import {currentClicks} from "./foreseen.js";
import {foretoldMask} from "./foretold.js";
import {shownMask} from "./levels.js";
import {pointed} from "./points.js";
import {paintPolygon} from "./polygon.js";
import {hand} from "./tool.js";

const STILL = 80; // milliseconds without zooming or panning after which all is drawn anew
const MANY = 12; // so many objects are drawn anew within every frame

export let opacity = Number(recall("opacity") ?? 0.3);

export function setOpacity(value) {
  opacity = value;
  remember("opacity", opacity);
}

const styles = getComputedStyle(root);
const signColour = positive => styles.getPropertyValue(positive ? "--include" : "--exclude").trim();

/** All objects but the one being edited, drawn once for a view and used until something changes; new ones are drawn over them. */
const rest = {layer: document.createElement("canvas"), objects: [], opacity, scale: 1, left: 0, top: 0, timer: 0};

export function paint(context, scale) {
  const active = work.objects.find(object => object.id === work.active);
  const others = work.objects.filter(object => object !== active && !object.hidden && shownMask(object));
  const pixel = 1 / scale, foretold = foretoldMask();
  paintPreview(context, scale);
  if (others.length) paintRest(context, others);
  if (foretold) paintObject(context, foretold, scale, true);
  if (active && active !== foretold?.replaced && !active.hidden && shownMask(active)) paintObject(context, outlined(active), scale, true);
  const answered = active?.clicks.length ?? 0;
  currentClicks().forEach(([row, col, positive], index) => {
    paintPoint(context, pixel, col, row, positive, index === pointed, index < answered);
  });
  paintStrokes(context);
  paintBoxes(context, scale);
  paintPolygon(context, scale);
  hand().paint(context, scale);
  if (state.crosshair) paintCrosshair(context, scale, state.crosshair);
}

/** Lay the others over the picture; while many of them are zoomed or panned, as they were drawn. */
function paintRest(context, others) {
  const {width, height} = canvas, {scale, left, top} = view, {layer} = rest;
  const isSame = layer.width === width && layer.height === height && rest.opacity === opacity
    && rest.objects.length <= others.length && rest.objects.every((object, i) => looksLike(object, others[i]));
  const fresh = isSame ? others.slice(rest.objects.length) : others;
  const moved = rest.scale !== scale || rest.left !== left || rest.top !== top;
  clearTimeout(rest.timer);
  if (!fresh.length && moved && others.length > MANY && !rest.still) {
    rest.timer = setTimeout(() => {
      rest.still = true;
      view.draw();
    }, STILL);
  } else if (fresh.length || moved) {
    if (moved || !isSame) Object.assign(layer, {width, height}); // also clears it
    const drawing = layer.getContext("2d");
    drawing.setTransform(context.getTransform());
    for (const object of moved ? others : fresh) paintObject(drawing, outlined(object), scale, false);
    Object.assign(rest, {objects: others, opacity, scale, left, top, still: false});
  }
  const ratio = window.devicePixelRatio * rest.scale;
  context.drawImage(layer, -rest.left / rest.scale, -rest.top / rest.scale, width / ratio, height / ratio);
}

const looksLike = (one, other) => one === other || (one.key === other.key && one.colour === other.colour);
const outlined = object => ({path: shownMask(object).path, colour: object.colour});

function paintObject(context, {path, colour: number}, scale, active) {
  const [colour] = PALETTE[number];
  context.globalAlpha = opacity;
  context.fillStyle = colour;
  context.fill(path, "evenodd");
  context.globalAlpha = 1;
  context.lineJoin = "round";
  context.lineWidth = (active ? 4 : 3) / scale;
  context.strokeStyle = "rgba(0, 0, 0, 0.55)";
  context.stroke(path);
  context.lineWidth = (active ? 2.2 : 1.4) / scale;
  context.strokeStyle = colour;
  context.stroke(path);
}

function paintPoint(context, pixel, x, y, positive, large, answered) {
  const radius = (large ? 10 : 8) * pixel, arm = radius * 0.5;
  context.globalAlpha = answered ? 1 : 0.75;
  context.beginPath();
  context.arc(x, y, radius + 2 * pixel, 0, 2 * Math.PI);
  context.fillStyle = "rgba(0, 0, 0, 0.45)";
  context.fill();
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = signColour(positive);
  context.fill();
  context.lineWidth = 2 * pixel;
  context.strokeStyle = "#fff";
  context.stroke();
  context.beginPath();
  context.moveTo(x - arm, y);
  context.lineTo(x + arm, y);
  if (positive) {
    context.moveTo(x, y - arm);
    context.lineTo(x, y + arm);
  }
  context.lineCap = "round";
  context.stroke();
  context.globalAlpha = 1;
}
