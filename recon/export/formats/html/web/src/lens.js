import { Matrix4, PerspectiveCamera, Vector3 } from "three";

/**
 * The camera of the view. It has the photo's intrinsics for any window size, so that the scene matches the photo pixel
 * by pixel from the photo's position. The photo is fitted into the window above the toolbar.
 */
export class Lens extends PerspectiveCamera {
  constructor(photo) {
    super();
    this.photo = photo;
    this.rect = { left: 0, top: 0, width: 1, height: 1 };
    this.window = { width: 1, height: 1, free: 1 };
    this.home = new Matrix4().fromArray(photo.scene_T_gl);
  }

  /** Fits the photo into a window whose lowest `bottom` px are covered. All in CSS px. */
  fit(width, height, bottom) {
    const { photo } = this;
    const free = Math.max(height - bottom, height / 4);
    const scale = Math.min(width / photo.width, free / photo.height);
    this.window = { width, height, free };
    this.rect = {
      left: (width - scale * photo.width) / 2,
      top: (free - scale * photo.height) / 2,
      width: scale * photo.width,
      height: scale * photo.height,
      scale,
    };
    // OrbitControls uses these two to convert pixels to metres.
    this.fov = (2 * 180 * Math.atan(height / (2 * photo.fy * scale))) / Math.PI;
    this.aspect = width / height;
    this.updateProjectionMatrix();
  }

  /** Tangents of the visible half angles, horizontal and vertical (the smaller of both sides). */
  get reach() {
    const { photo, rect } = this;
    const { width, free } = this.window;
    const cx = rect.left + photo.cx * rect.scale;
    const cy = rect.top + photo.cy * rect.scale;
    return {
      x: Math.min(cx, width - cx) / (photo.fx * rect.scale),
      y: Math.min(cy, free - cy) / (photo.fy * rect.scale),
    };
  }

  updateProjectionMatrix() {
    if (!this.photo) return; // called by the constructor of PerspectiveCamera
    const { photo, rect, near, far } = this;
    const fx = photo.fx * rect.scale;
    const fy = photo.fy * rect.scale;
    const cx = rect.left + photo.cx * rect.scale;
    const cy = rect.top + photo.cy * rect.scale;
    const left = (-cx / fx) * near;
    const right = ((this.window.width - cx) / fx) * near;
    const top = (cy / fy) * near;
    const bottom = (-(this.window.height - cy) / fy) * near;
    this.projectionMatrix.makePerspective(left, right, top, bottom, near, far);
    this.projectionMatrixInverse.copy(this.projectionMatrix).invert();
  }

  /** Sets near and far planes around a sphere, tightly, since the depth buffer has only 24 bits. */
  clip(sphere) {
    const distance = sphere.center.distanceTo(this.position);
    this.far = distance + 3 * sphere.radius;
    this.near = Math.max(distance - 1.5 * sphere.radius, 2e-4 * this.far);
    this.updateProjectionMatrix();
  }

  /** Window position of a point in CSS px; null if it is behind the camera. */
  project(point) {
    const ndc = new Vector3().copy(point).applyMatrix4(this.matrixWorldInverse);
    if (ndc.z >= 0) return null;
    ndc.applyMatrix4(this.projectionMatrix);
    return { x: ((ndc.x + 1) / 2) * this.window.width, y: ((1 - ndc.y) / 2) * this.window.height };
  }

  /** The scene point at a window position (CSS px) and a depth along the optical axis. */
  unproject(x, y, depth) {
    const e = this.projectionMatrix.elements;
    const ndcX = (2 * x) / this.window.width - 1;
    const ndcY = 1 - (2 * y) / this.window.height;
    const point = new Vector3(((ndcX + e[8]) / e[0]) * depth, ((ndcY + e[9]) / e[5]) * depth, -depth);
    return point.applyMatrix4(this.matrixWorld);
  }
}
