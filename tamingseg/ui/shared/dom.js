// The page's elements, and how buttons and icons are made. Texts that come from users are only ever
// written as text, never as markup.

export const root = document.querySelector("#seg-canvas .seg");
export const find = selector => root.querySelector(selector);
export const canvas = find("canvas.view");
export const hint = find(".hint");
export const touch = window.matchMedia("(pointer: coarse)").matches;
root.classList.toggle("touch", touch);

/** A line for the user; screen readers read it out. */
export function say(text, isError = false) {
  const message = find(".message");
  message.textContent = message.title = text;
  message.classList.toggle("error", isError);
}

/** How long things took, in the corner; `title` explains it. */
export function showTimes(text, title) {
  Object.assign(find(".latency"), {textContent: text, title});
}

/** Show which of the buttons with a `data-` attribute of that name is chosen. */
export function mark(panel, name, value) {
  for (const one of panel.querySelectorAll(`[data-${name}]`)) {
    one.setAttribute("aria-pressed", String(one.dataset[name] === String(value)));
  }
}

export function button(label, className, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/** A button with its name on it, one of several to choose from. */
export function choice(name, title, act) {
  const made = button(name, "", act);
  made.textContent = name;
  made.title = title;
  return made;
}

const ICONS = {
  shown: "M2.5 10S5.5 5 10 5s7.5 5 7.5 5-3 5-7.5 5-7.5-5-7.5-5Zm7.5 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  hidden: "M3 3l14 14M5.5 6.200A11 11 0 0 0 2.5 10s3 5 7.5 5c1.3 0 2.5-.4 3.5-1M9 5.1 10 5c4.5 0 7.5 5 7.5 5a12 12 0 0 1-1.8 2.3",
  grip: "M7.5 5h.01M7.5 10h.01M7.5 15h.01M12.500 5h.01M12.500 10h.01M12.500 15h.01",
  lock: "M5.5 9.5h9v7h-9ZM7.5 9.5V6.500a2.500 2.500 0 0 1 5 0v3",
  trash: "M4 6h12M8 6V4h4v2m-6.5 0 .6 10h7.800l.6-10M8.5 9v4.500m3-4.500v4.5",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
