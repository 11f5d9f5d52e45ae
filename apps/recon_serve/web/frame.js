/** The page of the HTML export in a frame: what is measured there is passed on, as positions in the photo. */
export class SceneFrame {
  /** `measured(positions, shown)` is called for each new length, `cleared()` when all are removed. */
  constructor(frame, { measured, cleared }) {
    Object.assign(this, { frame, measured, cleared });
  }

  /** Shows a page; throws an Error with the sentence of the service if there is none. */
  async open(address) {
    this.viewer = null;
    const loaded = new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true }));
    this.frame.src = address;
    await loaded;
    const page = this.frame.contentWindow;
    if (!page.recon) throw new Error(message(this.frame.contentDocument));
    while (!page.recon.ready && !page.recon.problem) await new Promise(requestAnimationFrame);
    if (page.recon.problem) return; // the page says so itself
    this.viewer = page.recon.viewer;
    // Scale and files are those of the scene, and not only of its page.
    for (const name of ["scale", "download"]) {
      page.document.querySelector(`[data-do=${name}]`).hidden = true;
      page.recon.panel.actions[name] = () => {};
    }
    this.#listen(this.viewer.ruler);
  }

  close() {
    this.viewer = null;
    this.frame.removeAttribute("src");
  }

  #listen(ruler) {
    const [add, clear] = [ruler.add.bind(ruler), ruler.clear.bind(ruler)];
    this.add = add;
    ruler.add = (point) => {
      add(point);
      if (!ruler.pending) this.measured(ruler.last.points.map((each) => this.#pixel(each)), ruler.last);
    };
    ruler.clear = () => {
      clear();
      this.cleared();
    };
  }

  /** Position in the photo, px, of a point of the scene. */
  #pixel(point) {
    const { lens } = this.viewer;
    const { fx, fy, cx, cy } = lens.photo;
    const { x, y, z } = point.clone().applyMatrix4(lens.home.clone().invert());
    return [cx - (fx * x) / z, cy + (fy * y) / z];
  }

  /** Whether a length in the view is that of the photo's surface: its ends may be on a background that is filled in. */
  agrees(shown, answer) {
    return Math.abs(answer.value - shown.length) < 0.1 * Math.max(shown.length, answer.value);
  }

  label(shown, text) {
    if (shown?.label) shown.label.textContent = text;
    if (this.viewer) this.viewer.dirty = true;
  }

  /** Draws a length between points of the camera's frame (x right, y down, z forward), m. */
  draw(points) {
    if (!this.viewer) return null;
    const { lens, ruler } = this.viewer;
    for (const [x, y, z] of points) this.add(lens.position.clone().set(x, -y, -z).applyMatrix4(lens.home));
    this.frame.contentDocument.querySelector("[data-do=clear]").disabled = false;
    return ruler.last;
  }
}

function message(page) {
  try {
    return JSON.parse(page.body.textContent).error.message;
  } catch {
    return "The view cannot be opened.";
  }
}
