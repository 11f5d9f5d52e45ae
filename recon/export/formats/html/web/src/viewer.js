import { Box3, ColorManagement, LinearSRGBColorSpace, Quaternion, Scene, Vector3, WebGLRenderer } from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { Lens } from "./lens.js";
import { frustum, grid } from "./marks.js";
import { loadModel } from "./model.js";
import { Picker } from "./pick.js";
import { Ruler } from "./ruler.js";
import { boxPose, Flight, photoPose } from "./views.js";

// Show the photo's colours unmodified.
ColorManagement.enabled = false;

const UNTILT_MS = 400;
const AROUND_MARK_M = 0.1;

/** Draws the scene, only when something has changed. */
export class Viewer {
  /** Throws if WebGL 2 is not available. */
  constructor(data, canvas) {
    this.data = data;
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.renderer.autoClear = false;
    this.lens = new Lens(data.camera);
    this.scene = new Scene();
    this.marks = new Scene();
    this.box = new Box3(new Vector3().fromArray(data.near_low_m), new Vector3().fromArray(data.near_high_m));
    this.ruler = new Ruler(this.lens, { interval: data.scale_interval, guess: data.guess });
    this.dirty = true;
    // The driver may have been restarted; three.js then uploads everything again when it draws.
    canvas.addEventListener("webglcontextrestored", () => (this.dirty = true));
  }

  async load(progress) {
    const anisotropy = this.renderer.capabilities.getMaxAnisotropy();
    this.model = await loadModel(this.data, this.lens, Math.min(anisotropy, 8), progress);
    this.scene.add(this.model.object);
    this.picker = new Picker(this.renderer, this.scene, this.model, this.lens);
    // The view of a panorama turns around a point 1 cm ahead: a mark as small as that would stand in it.
    this.frustumDepth = this.data.around ? AROUND_MARK_M : 0.12 * this.data.centre_depth_m;
    this.frustum = frustum(this.lens, this.frustumDepth);
    this.grid = grid(this.box, this.data.floor_m, this.lens);
    this.otherFrusta = this.data.other_cameras.map((photo) => frustum(new Lens(photo), this.frustumDepth));
    this.marks.add(this.frustum, ...this.otherFrusta, this.grid.object);
    this.#control();
  }

  #control() {
    const { lens } = this;
    this.controls = new OrbitControls(lens, this.renderer.domElement);
    this.controls.enableDamping = true;
    this.controls.dampingFactor = 0.15;
    this.controls.zoomToCursor = true;
    this.controls.maxDistance = 20 * this.model.sphere.radius;
    this.controls.listenToKeyEvents(window);
    this.controls.addEventListener("change", () => this.#turned());
    this.flight = new Flight(lens, this.controls);
    this.show("photo", { now: true });
  }

  /** The controls keep the view level: remove the tilt of a tilted photo gradually. */
  #turned() {
    this.dirty = true;
    if (!this.steady) return;
    this.steady = false;
    const tilt = this.lens.quaternion.clone().invert().multiply(this.steadyAt);
    this.tilt = { tilt, start: performance.now() };
  }

  #untilt() {
    const left = 1 - (performance.now() - this.tilt.start) / UNTILT_MS;
    if (left <= 0) this.tilt = null;
    else this.lens.quaternion.multiply(new Quaternion().slerp(this.tilt.tilt, left * left));
    this.dirty = true;
  }

  /** Shows the scene from `photo`, `front`, `side` or `top`. */
  show(name, options) {
    const { lens, data } = this;
    const pose = name === "photo" ? photoPose(lens, data.centre_depth_m) : boxPose(name, this.box, lens);
    // The controls would level the photo's camera: keep them inactive until the user rotates the view.
    this.steady = true;
    this.steadyAt = pose.quaternion;
    this.tilt = null;
    this.flight.to(pose, options);
    this.dirty = true;
  }

  /** Makes this point the centre of rotation. */
  turnAround(point) {
    const { lens } = this;
    const forward = new Vector3(0, 0, -1).applyQuaternion(lens.quaternion);
    // Move the target along the axis only, and the camera sideways, so that the view slides instead of jumping.
    const offset = point.clone().sub(this.controls.target);
    const along = forward.dot(offset);
    const sideways = offset.clone().addScaledVector(forward, -along);
    const pose = {
      position: lens.position.clone().add(sideways),
      quaternion: lens.quaternion.clone(),
      target: point.clone(),
    };
    this.steady = false;
    this.flight.to(pose);
    this.dirty = true;
  }

  /** Fits the drawing to the window, whose lowest `bottom` CSS px are covered by the toolbar. */
  resize(width, height, bottom) {
    const ratio = Math.min(window.devicePixelRatio, 2);
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.lens.fit(width, height, bottom);
    this.model.setPixels(ratio * this.lens.rect.scale * this.lens.photo.fy);
    this.dirty = true;
  }

  start() {
    this.renderer.setAnimationLoop(() => this.#frame());
  }

  #frame() {
    if (this.flight.flying) {
      this.flight.step();
      this.dirty = true;
    } else if (!this.steady) {
      this.controls.update();
      if (this.tilt) this.#untilt();
    }
    if (this.dirty) this.draw();
  }

  draw() {
    const { renderer, lens } = this;
    this.dirty = false;
    lens.clip(this.model.sphere);
    lens.updateMatrixWorld();
    const fromPhoto = lens.position.distanceTo(new Vector3().setFromMatrixPosition(lens.home));
    // Hide the frusta when the camera is inside the first: the view is to look like the photo.
    this.frustum.visible = this.frustumShown && fromPhoto > 0.5 * this.frustumDepth;
    for (const other of this.otherFrusta) other.visible = this.frustum.visible;
    this.grid.object.visible = this.gridShown;
    renderer.setClearColor(0, 0);
    renderer.clear();
    renderer.render(this.scene, lens);
    renderer.render(this.marks, lens);
    this.ruler.draw();
  }
}
