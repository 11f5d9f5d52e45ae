const SVG = "http://www.w3.org/2000/svg";

/** Formats a length with as many digits as depth from a photo justifies. */
export function metres(length, { interval = null, guess = false } = {}) {
  if (guess) return `≈ ${Number(length.toPrecision(2))} m (guess)`;
  const places = length < 1 ? 3 : length < 100 ? 2 : 1;
  const half = interval === null ? "" : ` ± ${(interval * length).toFixed(places)}`;
  return `${length.toFixed(places)}${half} m`;
}

/** Distances between pairs of points, drawn over the scene. */
export class Ruler {
  constructor(lens, precision) {
    Object.assign(this, { lens, precision });
    this.svg = document.getElementById("lines");
    this.labels = document.getElementById("labels");
    this.measurements = [];
  }

  get pending() {
    return this.measurements.at(-1)?.points.length === 1;
  }

  /** Adds the first or the second point of a measurement. */
  add(point) {
    if (this.pending) {
      const last = this.measurements.at(-1);
      last.points.push(point);
      last.length = last.points[0].distanceTo(point);
      last.label = document.createElement("div");
      last.label.className = "label";
      last.label.textContent = metres(last.length, this.precision);
      this.labels.append(last.label);
    } else {
      const group = document.createElementNS(SVG, "g");
      this.svg.append(group);
      this.measurements.push({ points: [point], group, label: null, length: null });
    }
    this.draw();
  }

  /** Removes a first point that has no second point. */
  cancel() {
    if (this.pending) this.measurements.pop().group.remove();
  }

  clear() {
    for (const { group, label } of this.measurements) {
      group.remove();
      label?.remove();
    }
    this.measurements = [];
  }

  draw() {
    for (const measurement of this.measurements) this.#drawOne(measurement);
  }

  #drawOne({ points, group, label }) {
    const dots = points.map((point) => this.lens.project(point));
    const line = points.length === 2 ? this.#visible(points) : null;
    const parts = [];
    if (line) parts.push(element("line", line, "under"), element("line", line));
    for (const dot of dots) if (dot) parts.push(element("circle", { cx: dot.x, cy: dot.y, r: 4.5 }));
    group.replaceChildren(...parts);
    if (!label) return;
    label.hidden = line === null;
    if (!line) return;
    const x = (line.x1 + line.x2) / 2;
    const y = (line.y1 + line.y2) / 2;
    label.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, calc(-100% - 9px))`;
  }

  /** The part of a line in front of the camera, in CSS px; null if there is none. */
  #visible([a, b]) {
    const depth = (point) => -point.clone().applyMatrix4(this.lens.matrixWorldInverse).z;
    const nearest = this.lens.near;
    const [da, db] = [depth(a), depth(b)];
    if (da < nearest && db < nearest) return null;
    const cut = (inside, outside, dIn, dOut) =>
      inside.clone().lerp(outside, ((dIn - nearest) / (dIn - dOut)) * 0.999);
    const p = this.lens.project(da < nearest ? cut(b, a, db, da) : a);
    const q = this.lens.project(db < nearest ? cut(a, b, da, db) : b);
    return p && q && { x1: p.x, y1: p.y, x2: q.x, y2: q.y };
  }
}

function element(name, attributes, className = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value.toFixed(1));
  if (className) made.setAttribute("class", className);
  return made;
}
