import { BufferGeometry, Float32BufferAttribute, LineBasicMaterial, LineSegments, Vector3 } from "three";
import { LineMaterial } from "three/addons/lines/LineMaterial.js";
import { LineSegments2 } from "three/addons/lines/LineSegments2.js";
import { LineSegmentsGeometry } from "three/addons/lines/LineSegmentsGeometry.js";

const FRUSTUM_COLOUR = 0xf59e0b;

/** The photo's camera as a line pyramid of length `depth`, with a mark on its upper side. */
export function frustum(lens, depth) {
  const { photo } = lens;
  const corner = (u, v) =>
    new Vector3(((u - photo.cx) / photo.fx) * depth, (-(v - photo.cy) / photo.fy) * depth, -depth);
  const [w, h] = [photo.width, photo.height];
  const [tl, tr, br, bl] = [corner(0, 0), corner(w, 0), corner(w, h), corner(0, h)];
  const mark = [corner(0.4 * w, -0.03 * h), corner(0.6 * w, -0.03 * h), corner(0.5 * w, -0.16 * h)];
  const apex = new Vector3();
  const lines = [apex, tl, apex, tr, apex, br, apex, bl, tl, tr, tr, br, br, bl, bl, tl];
  lines.push(mark[0], mark[1], mark[1], mark[2], mark[2], mark[0]);
  const points = lines.flatMap((point) => point.clone().applyMatrix4(lens.home).toArray());
  const geometry = new LineSegmentsGeometry().setPositions(points);
  return new LineSegments2(geometry, new LineMaterial({ color: FRUSTUM_COLOUR, linewidth: 2 }));
}

/** A grid at height `y` that covers the scene: `{object, cell}`, with the cell size in m. */
export function grid({ min: low, max: high }, y, lens) {
  const place = new Vector3().setFromMatrixPosition(lens.home);
  const extent = Math.max(high.x - low.x, high.z - low.z);
  const cell = extent <= 60 ? 1 : 10 ** Math.ceil(Math.log10(extent / 60));
  const down = (value) => (Math.floor(value / cell) - 1) * cell;
  const up = (value) => (Math.ceil(value / cell) + 1) * cell;
  const [x0, x1] = [down(Math.min(low.x, place.x)), up(Math.max(high.x, place.x))];
  const [z0, z1] = [down(Math.min(low.z, place.z)), up(Math.max(high.z, place.z))];
  const points = [];
  for (let x = x0; x < x1 + cell / 2; x += cell) points.push(x, y, z0, x, y, z1);
  for (let z = z0; z < z1 + cell / 2; z += cell) points.push(x0, y, z, x1, y, z);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(points, 3));
  const material = new LineBasicMaterial({ color: 0x8a93a3, transparent: true, opacity: 0.55 });
  return { object: new LineSegments(geometry, material), cell };
}
