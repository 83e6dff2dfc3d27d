// The mosaics tab: pictures put together from textures, and beside them what the model sees in them;
// or the same pictures of the photo. They lie over the stage, and the pointer is shown in all of them.

const mosaicPanel = find("#panel-mosaics"), gallery = find(".gallery");
const seedInput = find("#seg-seed"), piecesInput = find("#seg-pieces");
find(".stage").append(gallery);

let choices = null; // {textures, layouts, regions}: what the server offers
let taken = {textures: recall("textures"), layouts: recall("layouts")}; // what is chosen of it
let drawn = null; // {pictures: [{title, png}], right, recipe, photo, token}: what is shown; photo is its key
let drawMs = null; // how long that took

const drawing = new Queued("draw", {news: () => tab.show(), done: arrivePictures});

/** What the controls say; null if a number is none. */
function recipeNow() {
  if (!choices || !seedInput.checkValidity() || !piecesInput.checkValidity() || !seedInput.value || !piecesInput.value) return null;
  return {textures: taken.textures, layout: taken.layouts, seed: Number(seedInput.value), regions: Number(piecesInput.value)};
}

function draw(recipe, words) {
  if (!recipeNow()) return say(`Seeds are whole numbers from 0, regions from 1 to ${choices?.regions}.`, true);
  if (drawing.begin({recipe, regions: Number(piecesInput.value)})) say(words);
  tab.show();
}

commands.makeMosaic = () => draw(recipeNow(), "Making the mosaic …");
commands.drawPhoto = () => draw(null, `Drawing what the model sees in ${photo?.name} …`);
commands.stopDrawing = () => {
  drawing.stop();
  say("Stopped.");
};
commands.seedBefore = () => stepSeed(-1);
commands.seedAfter = () => stepSeed(1);

/** Make the mosaic of the seed before or after. */
function stepSeed(step) {
  const seed = Number(seedInput.value) + step;
  if (drawing.run) return;
  if (seed < 0) return say("This is the first seed.");
  seedInput.value = seed;
  commands.makeMosaic();
}

async function arrivePictures({ms}) {
  const {key, name} = photo, answer = await ask("pictures", {}, () => drawing.repeat());
  if (!answer || answer.error) return answer && say(answer.error, true);
  drawn = {...answer, photo: key, token: link.token, of: answer.recipe ? recipeName(answer.recipe) : name};
  drawMs = ms;
  gallery.replaceChildren(...drawn.pictures.map(makeFigure));
  say(drawn.right === null ? `${drawn.of}: ${drawn.pictures.length} pictures.`
    : `${drawn.of}: ${percent(drawn.right)} of the pixels are right.`);
  tab.show();
}

function recipeName({textures, layout, regions, seed}) {
  return `mosaic ${textures} ${layout} ${regions} seed ${seed}`;
}

function makeFigure({title, png}) {
  const figure = document.createElement("figure"), picture = document.createElement("img");
  const caption = document.createElement("figcaption"), name = document.createElement("b");
  const open = button(`Open ${drawn.recipe ? "the mosaic" : "the photo"} in the first tab`, "", openDrawn);
  picture.src = `data:image/png;base64,${png}`;
  picture.alt = `${drawn.of}: ${title}`;
  picture.draggable = false;
  name.textContent = title[0].toUpperCase() + title.slice(1);
  open.setAttribute("aria-label", `${picture.alt}. ${open.title}`);
  open.append(picture);
  caption.append(name);
  if (title === "errors") {
    const note = document.createElement("span");
    note.textContent = `${percent(drawn.right)} right`;
    caption.append(note);
  }
  figure.append(open, caption);
  return figure;
}

/** Work on what the pictures are of as on any photo. */
async function openDrawn() {
  const {recipe, of, pictures} = drawn, key = recipe ? `photo ${of}` : drawn.photo;
  if (!recipe && key !== photo?.key) return say("Another photo is open now; draw it to see it here.", true);
  const wanted = choosePhoto();
  if (key === photo?.key) return openTab("click"); // and it stays, whatever is on its way
  const bytes = Uint8Array.from(atob(pictures[0].png), character => character.charCodeAt(0));
  const answer = await server.open_mosaic({token: drawn.token, recipe});
  openTab("click");
  const file = new File([bytes], `${of}.png`, {type: "image/png"});
  await arrive(answer, {key, name: file.name, file, recipe}, wanted, await vault.get(key));
}

commands.savePictures = async () => {
  const answer = await ask("save_pictures", {token: drawn.token}, () => drawn.photo === photo?.key ? drawing.repeat()
    : say("The server has forgotten these pictures; make them again.", true));
  if (!answer || answer.error) return answer && say(answer.error, true);
  download(answer.file, "image/png", `${fileStem(drawn.of.replace(/\.\w{1,5}$/, "")) || "photo"}-pictures.png`);
};

// --- the panel -----------------------------------------------------------------------------------

function showMosaics() {
  const {run} = drawing;
  if (!choices) fetchChoices();
  hint.hidden = true;
  find("[data-do=undo]").disabled = find("[data-do=redo]").disabled = true;
  for (const [kind, value] of Object.entries(taken)) {
    for (const choice of mosaicPanel.querySelectorAll(`.${kind} button`)) {
      choice.setAttribute("aria-pressed", String(choice.textContent === value));
    }
  }
  find("[data-do=makeMosaic]").disabled = Boolean(run) || !choices;
  find("[data-do=drawPhoto]").disabled = Boolean(run) || !choices || !photo;
  find("[data-do=seedBefore]").disabled = find("[data-do=seedAfter]").disabled = Boolean(run);
  find("[data-do=savePictures]").disabled = !drawn;
  mosaicPanel.querySelector(".right").textContent = !drawn || drawn.right === null ? "" : `${percent(drawn.right)} of the pixels are right`;
  mosaicPanel.querySelector(".quiet").textContent = !drawn ? "" : drawn.recipe
    ? "With the number of regions given. Click a picture to work on the mosaic in the other tabs."
    : `Pictures of ${drawn.of}. Click one to go to the first tab.`;
  drawing.show(mosaicPanel.querySelector(".waiting"), ({total}) => total ? "Asking the model and drawing …" : "Waiting for its turn …");
  find(".latency").title = "Making and drawing all pictures, on the server";
  find(".latency").textContent = `drawn in ${drawMs === null ? "–" : inSeconds(drawMs)}`;
  gallery.setAttribute("aria-busy", String(Boolean(run)));
}

async function fetchChoices() {
  if (fetchChoices.asked) return;
  fetchChoices.asked = true;
  const answer = await server.mosaic_choices(null).catch(() => null);
  if (!answer || answer.error) {
    fetchChoices.asked = false;
    return say("The server does not answer; open this tab once more.", true);
  }
  choices = answer;
  piecesInput.max = choices.regions;
  for (const kind of Object.keys(taken)) {
    if (!choices[kind].includes(taken[kind])) taken[kind] = choices[kind][0];
    mosaicPanel.querySelector(`.${kind}`).replaceChildren(...choices[kind].map(name => {
      const choice = button(name, "", () => {
        taken[kind] = name;
        remember(kind, name);
        tab.show();
      });
      choice.textContent = name;
      return choice;
    }));
  }
  tab.show();
}

for (const input of [seedInput, piecesInput]) {
  input.addEventListener("keydown", event => {
    if (event.key === "Enter") commands.makeMosaic();
  });
}
gallery.addEventListener("pointermove", event => {
  const box = event.target.closest("button")?.getBoundingClientRect();
  gallery.classList.toggle("pointing", Boolean(box));
  if (!box) return;
  gallery.style.setProperty("--x", `${(100 * (event.clientX - box.left)) / box.width}%`);
  gallery.style.setProperty("--y", `${(100 * (event.clientY - box.top)) / box.height}%`);
});
gallery.addEventListener("pointerleave", () => gallery.classList.remove("pointing"));

tabs.mosaics = {
  label: "Pictures of a mosaic lie here.",
  show: showMosaics,
  paint() {},
  meet: () => drawing.stop(),
  grab: () => null,
  press: () => null,
  hover() {},
  point() {},
  enter: () => drawing.run || commands.makeMosaic(),
  escape() {},
  undo: () => say("There is nothing to undo here; the bracket keys change the seed."),
  redo: () => say("There is nothing to undo here; the bracket keys change the seed."),
  keys: {"[": () => stepSeed(-1), "]": () => stepSeed(1)},
};
