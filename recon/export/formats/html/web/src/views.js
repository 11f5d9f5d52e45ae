import { Matrix4, Quaternion, Vector3 } from "three";

const FLIGHT_MS = 450;

/** The pose of the photo's camera; the centre of rotation is at the centre of the image. */
export function photoPose(lens, depth) {
  const position = new Vector3();
  const quaternion = new Quaternion();
  lens.home.decompose(position, quaternion, new Vector3());
  const target = new Vector3(0, 0, -depth).applyQuaternion(quaternion).add(position);
  return { position, quaternion, target };
}

const DIRECTIONS = {
  front: new Vector3(0, 0, 1),
  side: new Vector3(1, 0, 0),
  // Not exactly from above, so that the up direction is defined.
  top: new Vector3(0, 1, 1e-4),
};

/** A view from one side of the scene's box that fits the box and the photo's camera into the window. */
export function boxPose(name, box, lens) {
  const { min: low, max: high } = box.clone();
  // From the front, including the camera would only increase the distance.
  if (name !== "front") {
    const place = new Vector3().setFromMatrixPosition(lens.home);
    low.min(place);
    high.max(place);
  }
  const direction = DIRECTIONS[name].clone().normalize();
  const target = new Vector3().addVectors(low, high).multiplyScalar(0.5);
  const quaternion = new Quaternion().setFromRotationMatrix(
    new Matrix4().lookAt(direction, new Vector3(), new Vector3(0, 1, 0)),
  );
  const toView = quaternion.clone().invert();
  const { reach } = lens;
  let distance = 0.1;
  for (let corner = 0; corner < 8; corner++) {
    const at = new Vector3(
      (corner & 1 ? high : low).x,
      (corner & 2 ? high : low).y,
      (corner & 4 ? high : low).z,
    );
    at.sub(target).applyQuaternion(toView);
    const across = Math.max(Math.abs(at.x) / reach.x, Math.abs(at.y) / reach.y);
    distance = Math.max(distance, at.z + 1.08 * across);
  }
  return { position: direction.multiplyScalar(distance).add(target), quaternion, target };
}

/** Moves the camera to a pose; in one step if the system prefers reduced motion. */
export class Flight {
  constructor(lens, controls) {
    Object.assign(this, { lens, controls, run: null });
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  to(pose, { now = false } = {}) {
    const { lens } = this;
    const from = { position: lens.position.clone(), quaternion: lens.quaternion.clone() };
    const duration = now || this.calm.matches ? 0 : FLIGHT_MS;
    this.controls.enabled = false;
    this.run = { pose, from, start: performance.now(), duration };
    this.step();
  }

  get flying() {
    return this.run !== null;
  }

  /** One frame; call it while `flying`. */
  step() {
    const { lens, controls } = this;
    const { pose, from, start, duration } = this.run;
    const t = duration ? Math.min((performance.now() - start) / duration, 1) : 1;
    const eased = t * t * (3 - 2 * t);
    lens.position.lerpVectors(from.position, pose.position, eased);
    lens.quaternion.slerpQuaternions(from.quaternion, pose.quaternion, eased);
    if (t < 1) return;
    controls.target.copy(pose.target);
    controls.enabled = true;
    this.run = null;
  }
}
