// What all tabs paint over the photo. Widths are in pixels of the screen, whatever the zoom.

/** A line that is seen on everything. */
export function paintOutline(context, path, scale, width) {
  context.lineJoin = "round";
  for (const [more, style] of [[2.4, "rgba(0, 0, 0, 0.75)"], [0, "#ffffff"]]) {
    context.lineWidth = (width + more) / scale;
    context.strokeStyle = style;
    context.stroke(path);
  }
}

/** What is pointed at: brighter than the rest, with an outline. */
export function paintPointed(context, path, scale, width = 1.6) {
  context.globalAlpha = 0.3;
  context.fillStyle = "#ffffff";
  context.fill(path, "evenodd");
  context.globalAlpha = 1;
  paintOutline(context, path, scale, width);
}

export function paintCrosshair(context, scale, {x, y}) {
  const pixel = 1 / scale, gap = 5 * pixel, reach = 22 * pixel;
  for (const [width, colour] of [[4, "rgba(0, 0, 0, 0.6)"], [1.6, "#fff"]]) {
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + dx * gap, y + dy * gap);
      context.lineTo(x + dx * reach, y + dy * reach);
    }
    context.lineWidth = width * pixel;
    context.strokeStyle = colour;
    context.stroke();
  }
}
