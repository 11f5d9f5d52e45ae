import { Matrix4, NearestFilter, PerspectiveCamera, Vector3, WebGLRenderTarget } from "three";

const REACH = 13; // size of the picking window around a click, CSS px, odd

/**
 * Finds the scene point under a window position by rendering the few pixels around it with depths or point numbers as
 * colours: as exact as ray casting, and as fast as one frame for millions of triangles.
 */
export class Picker {
  constructor(renderer, scene, model, lens) {
    Object.assign(this, { renderer, scene, model, lens });
    this.target = new WebGLRenderTarget(REACH, REACH, { minFilter: NearestFilter, magFilter: NearestFilter });
    this.bytes = new Uint8Array(4 * REACH * REACH);
    this.eye = new PerspectiveCamera();
    this.eye.matrixAutoUpdate = false;
  }

  /** The scene point nearest to (x, y) in CSS px, as Vector3; null if there is none within reach. */
  at(x, y) {
    this.#draw(x, y);
    const hits = this.#hits();
    const near = (a, b) => Math.hypot(a.x - x, a.y - y) - Math.hypot(b.x - x, b.y - y);
    const { lens, model } = this;
    if (!model.object.isPoints) {
      const [hit] = hits.map(({ dx, dy, value }) => ({ x: x + dx, y: y + dy, value })).sort(near);
      return hit ? lens.unproject(hit.x, hit.y, hit.value.getFloat32(0, true)) : null;
    }
    // Large points may cover the click: take the one whose centre is nearest.
    const numbers = new Set(hits.map(({ value }) => value.getUint32(0, true) - 1));
    const points = [...numbers].map((number) => new Vector3().fromArray(model.positions, 3 * number));
    const [hit] = points.map((point) => ({ point, ...lens.project(point) })).sort(near);
    return hit?.point ?? null;
  }

  /** The pixels with content: offset from the centre (y down), and their four bytes. */
  #hits() {
    const hits = [];
    const half = (REACH - 1) / 2;
    for (let row = 0; row < REACH; row++) {
      for (let col = 0; col < REACH; col++) {
        const value = new DataView(this.bytes.buffer, 4 * (row * REACH + col), 4);
        if (value.getUint32(0, true) !== 0) hits.push({ dx: col - half, dy: half - row, value });
      }
    }
    return hits;
  }

  #draw(x, y) {
    const { renderer, scene, lens, eye, target } = this;
    const { width, height } = lens.window;
    // Map the REACH x REACH px around (x, y) to the whole target.
    const crop = new Matrix4().makeScale(width / REACH, height / REACH, 1);
    const centreX = (2 * x) / width - 1;
    const centreY = 1 - (2 * y) / height;
    crop.multiply(new Matrix4().makeTranslation(-centreX, -centreY, 0));
    eye.matrixWorld.copy(lens.matrixWorld);
    eye.matrixWorldInverse.copy(lens.matrixWorldInverse);
    eye.matrixWorldAutoUpdate = false;
    eye.projectionMatrix.multiplyMatrices(crop, lens.projectionMatrix);
    scene.overrideMaterial = this.model.pickMaterial;
    renderer.setRenderTarget(target);
    renderer.setClearColor(0, 0);
    renderer.clear();
    renderer.render(scene, eye);
    renderer.readRenderTargetPixels(target, 0, 0, REACH, REACH, this.bytes);
    renderer.setRenderTarget(null);
    scene.overrideMaterial = null;
  }
}
