// Points: what the pointer does to them. Pressing makes one or takes hold of one; held and moved it
// follows, held and let go in place it is deleted.

/** Index of the point within reach of the pointer, the latest first; -1 if there is none. */
function pointAt(point, event) {
  const reach = (event?.pointerType === "touch" ? 22 : 12) / view.scale;
  return currentClicks().findLastIndex(([row, col]) => Math.hypot(col - point.x, row - point.y) <= reach);
}

function addPoint(point, positive, at, gesture) {
  if (!view.holds(point)) return say("That is outside the photo.");
  act({do: "add_click", row: point.y, col: point.x, positive, gesture, at});
}

function startTime(event) {
  return event.timeStamp || performance.now();
}

let lastAdded = -Infinity; // when, so that a double click does not delete what it made

/** A button went down, or a finger tapped: on a point, take hold of it; elsewhere, make one. */
function press(point, event) {
  if (!photo || (event.button !== 0 && event.button !== 2)) return null;
  crosshair = previewed = null;
  if (isOpen()) {
    link.idle().then(() => press(point, event));
    return null;
  }
  const held = grab(point, event);
  if (held) return held;
  if (pointAt(point, event) >= 0 || !view.holds(point)) return null;
  const excluding = event.button === 2 || event.altKey, gesture = `add${++gestures}`;
  lastAdded = performance.now();
  addPoint(point, excluding ? false : including, startTime(event), gesture);
  return dragPoint(currentClicks().length - 1, event, gesture, () => {});
}

/** Take hold of the point under the pointer: moved it follows, let go in place it is deleted. */
function grab(point, event) {
  const index = pointAt(point, event);
  if (index < 0 || performance.now() - lastAdded < 350) return null;
  return dragPoint(index, event, `move${++gestures}`, () => {
    pointed = null;
    act({do: "delete_click", index, at: performance.now()});
  });
}

function dragPoint(index, from, gesture, letGo) {
  let dragged = false;
  return {
    move(point, event) {
      dragged ||= Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > 4;
      if (!dragged) return;
      const inside = (value, end) => Math.max(0, Math.min(value, end - 0.01));
      const to = {row: inside(point.y, view.height), col: inside(point.x, view.width)};
      act({do: "move_click", index, ...to, gesture, at: startTime(event)});
    },
    up(_, event) {
      if (!dragged && event.type === "pointerup") letGo();
    },
  };
}

function hover(point) {
  const index = point ? pointAt(point) : -1;
  const now = index < 0 ? null : index;
  canvas.style.cursor = view.panning ? "grab" : now === null ? "crosshair" : "pointer";
  const news = preview(index < 0 ? point : null) || now !== pointed;
  pointed = now;
  if (news) view.draw();
}
