import { DownloadDialog } from "./download.js";
import { listenToKeys } from "./keys.js";
import { ScaleDialog } from "./scale.js";

const CLICK_PX = 6; // a larger movement is a drag
const DEFAULT_SIZE = 1.5;

const $ = (id) => document.getElementById(id);
const button = (name) => document.querySelector(`[data-do="${name}"]`);

/** Shows the file name, the facts and the warning; needs no WebGL. */
export function showFacts(data) {
  $("title").textContent = document.title;
  for (const [name, text] of data.facts) {
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    value.textContent = text;
    $("facts").append(term, value);
  }
  $("warning").hidden = !data.guess;
  button("shape").hidden = data.shape !== "mesh";
  $("size").hidden = data.shape !== "cloud";
}

/** Buttons, keys and clicks of a loaded viewer. */
export class Panel {
  constructor(viewer) {
    this.viewer = viewer;
    this.actions = this.#actions();
    for (const each of document.querySelectorAll("[data-do]")) {
      each.addEventListener("click", () => this.do(each.dataset.do));
    }
    listenToKeys((name) => this.do(name));
    this.#slider("size", (value) => this.#size(value));
    this.#slider("cut", (value) => this.#cut(value));
    this.scale = new ScaleDialog(viewer.ruler, (text) => this.#hint(text));
    this.download = new DownloadDialog(viewer, (text) => this.#hint(text));
    this.#clicks();
    this.fit = () => this.#fit();
    addEventListener("resize", this.fit);
    new ResizeObserver(this.fit).observe($("bar"));
    this.#defaults();
  }

  #slider(id, moved) {
    const slider = $(id).querySelector("input");
    slider.addEventListener("input", () => moved(Number(slider.value)));
  }

  do(name) {
    this.actions[name]();
    this.viewer.dirty = true;
  }

  #actions() {
    const { viewer } = this;
    return {
      photo: () => viewer.show("photo"),
      front: () => viewer.show("front"),
      side: () => viewer.show("side"),
      top: () => viewer.show("top"),
      measure: () => this.#measure(!this.measuring),
      clear: () => this.#clear(),
      scale: () => this.scale.open(),
      download: () => this.download.open(),
      frustum: () => this.#toggle("frustum"),
      grid: () => this.#toggle("grid"),
      shape: () => this.#toggle("shape"),
      theme: () => this.#theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
      info: () => ($("info").open = !$("info").open),
      hide: () => this.#hide(),
      help: () => $("help").showModal(),
      reset: () => this.#reset(),
      larger: () => this.#size(this.pointSize * 1.2),
      smaller: () => this.#size(this.pointSize / 1.2),
      leave: () => this.#leave(),
    };
  }

  #clicks() {
    const canvas = this.viewer.renderer.domElement;
    let down = null;
    canvas.addEventListener("pointerdown", (event) => {
      // With a second finger, it is a pinch.
      down = event.isPrimary && event.button === 0 ? { x: event.clientX, y: event.clientY } : null;
    });
    canvas.addEventListener("pointerup", (event) => {
      const moved = down ? Math.hypot(event.clientX - down.x, event.clientY - down.y) : Infinity;
      down = null;
      if (this.measuring && moved < CLICK_PX) this.#point(event.clientX, event.clientY);
    });
    canvas.addEventListener("dblclick", (event) => {
      const point = this.measuring ? null : this.viewer.picker.at(event.clientX, event.clientY);
      if (point) this.viewer.turnAround(point);
    });
  }

  #point(x, y) {
    const point = this.viewer.picker.at(x, y);
    if (point) this.viewer.ruler.add(point);
    this.#hint(point ? null : "No surface here: click on the scene");
    this.viewer.dirty = true;
  }

  #measure(on) {
    this.measuring = on;
    document.body.classList.toggle("measuring", on);
    button("measure").setAttribute("aria-pressed", on);
    if (!on) this.viewer.ruler.cancel();
    this.#hint();
  }

  #hint(problem = null) {
    const { ruler } = this.viewer;
    let text = problem;
    if (text === null && this.measuring) {
      text = ruler.pending ? "Click the second point" : "Click two points on the surface";
    } else if (text === null && this.viewer.gridShown) {
      text = `Grid spacing ${Number((this.viewer.grid.cell * ruler.factor).toPrecision(3))} m`;
    }
    $("hint").hidden = !text;
    $("hint").textContent = text ?? "";
    button("clear").disabled = ruler.measurements.length === 0;
    button("scale").disabled = !this.scale.useful;
  }

  /** Draws nothing above a share of the scene's height. */
  #cut(share) {
    const { min, max } = this.viewer.box;
    const slider = $("cut").querySelector("input");
    slider.value = share;
    slider.setAttribute("aria-valuetext", share >= 1 ? "nothing" : `${Math.round(100 * share)} % of the height`);
    const span = max.y - min.y;
    this.viewer.model.setCut(share >= 1 ? null : min.y + share * span);
    this.viewer.dirty = true;
  }

  #clear() {
    this.viewer.ruler.clear();
    this.#hint();
  }

  #leave() {
    if (this.viewer.ruler.pending) this.viewer.ruler.cancel();
    else if (this.measuring) this.#measure(false);
    this.#hint();
  }

  #toggle(name, on = button(name).getAttribute("aria-pressed") !== "true") {
    button(name).setAttribute("aria-pressed", on);
    if (name === "shape") this.viewer.model.setShape(on);
    else this.viewer[`${name}Shown`] = on;
    this.#hint();
  }

  #theme(theme) {
    document.documentElement.dataset.theme = theme;
  }

  #size(size) {
    const slider = $("size").querySelector("input");
    this.pointSize = Math.min(Math.max(size, Number(slider.min)), Number(slider.max));
    slider.value = this.pointSize;
    this.viewer.model.setSize(this.pointSize);
    this.viewer.dirty = true;
  }

  #hide() {
    document.body.classList.toggle("bare");
    this.#fit();
  }

  #fit() {
    const bar = $("bar").getBoundingClientRect();
    const bottom = bar.height ? innerHeight - bar.top + 8 : 0;
    $("hint").style.bottom = `${bottom + 4}px`;
    this.viewer.resize(innerWidth, innerHeight, bottom);
    // Open the facts if there is room next to the photo.
    if (this.infoFits !== (this.infoFits = this.viewer.lens.rect.left > 340)) $("info").open = this.infoFits;
  }

  #defaults() {
    this.#toggle("frustum", true);
    this.#toggle("grid", false);
    this.#toggle("shape", false);
    this.#theme("dark");
    this.#size(DEFAULT_SIZE);
    this.#cut(1);
    this.viewer.ruler.setScale(null);
    this.#measure(false);
    this.#fit();
  }

  #reset() {
    document.body.classList.remove("bare");
    this.viewer.ruler.clear();
    this.#defaults();
    this.viewer.show("photo");
  }
}
