import { coloursAt, glb, ply } from "./files.js";

const $ = (id) => document.getElementById(id);

/** Offers the scene of the page as a file, in the scale that was set; calls `done` with a text. */
export class DownloadDialog {
  constructor(viewer, done) {
    Object.assign(this, { viewer, done });
    $("download").addEventListener("close", () => this.#answered($("download").returnValue));
  }

  open() {
    $("download").returnValue = "";
    $("download").showModal();
  }

  async #answered(suffix) {
    if (!suffix) return;
    const { data, model, ruler } = this.viewer;
    const { factor } = ruler;
    const positions = factor === 1 ? model.positions : model.positions.map((value) => value * factor);
    const scene = { ...model.colours, positions };
    let parts;
    if (suffix === "glb") {
      if (scene.photo) scene.jpeg = new Uint8Array(await scene.photo.arrayBuffer());
      parts = glb(scene, data.camera, factor, data.generator);
    } else {
      if (scene.photo) scene.rgb = coloursAt(scene.uv, await pixels(scene.photo));
      parts = ply(scene, data.generator);
    }
    save(new Blob(parts), `${document.title.replace(/\.[^.]*$/, "")}.${suffix}`);
    this.done(`Saved as ${suffix.toUpperCase()}${factor === 1 ? "" : ", in the scale that you set"}`);
  }
}

async function pixels(photo) {
  const image = await createImageBitmap(photo);
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
