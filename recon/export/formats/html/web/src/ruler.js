const SVG = "http://www.w3.org/2000/svg";

/** Formats a length with as many digits as depth from a photo justifies; `stated`: the scale is the user's. */
export function metres(length, { interval = null, guess = false, stated = false } = {}) {
  if (guess) return `≈ ${Number(length.toPrecision(stated ? 3 : 2))} m${stated ? "" : " (guess)"}`;
  const places = length < 1 ? 3 : length < 100 ? 2 : 1;
  const half = interval === null || stated ? "" : ` ± ${(interval * length).toFixed(places)}`;
  return `${length.toFixed(places)}${half} m`;
}

const UNITS = { m: 1, cm: 0.01, mm: 0.001, ft: 0.3048, in: 0.0254, "": 1 };

/** A typed length in m, such as 2.03, 80 cm or 6 ft; null if it is none. */
export function parseLength(text) {
  const [, number, unit] = /^\s*(\d+(?:[.,]\d*)?|[.,]\d+)\s*(m|cm|mm|ft|in|)\s*$/i.exec(text) ?? [];
  const length = Number(number?.replace(",", ".")) * UNITS[unit?.toLowerCase()];
  return length > 0 && length < 1e6 ? length : null;
}

/** Distances between pairs of points, drawn over the scene. */
export class Ruler {
  constructor(lens, precision) {
    Object.assign(this, { lens, precision });
    this.svg = document.getElementById("lines");
    this.labels = document.getElementById("labels");
    this.measurements = [];
    this.factor = 1; // true over shown lengths
  }

  /** The last complete measurement; undefined if there is none. */
  get last() {
    return this.measurements.findLast(({ length }) => length !== null);
  }

  /** Sets the factor that makes the last measurement this long, m; null: as in the file. */
  setScale(length) {
    this.factor = length === null ? 1 : length / this.last.length;
    for (const { label, length: shown } of this.measurements) if (label) label.textContent = this.#text(shown);
  }

  /** With a stated length, the interval of the file holds no more. */
  #text(length) {
    return metres(length * this.factor, { ...this.precision, stated: this.factor !== 1 });
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
      last.label.textContent = this.#text(last.length);
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
    const x = within((line.x1 + line.x2) / 2, label.offsetWidth / 2);
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

/** The middle of a label as far in the window as shows all of it; unchanged for one that is outside. */
function within(x, half) {
  return x < 0 || x > innerWidth ? x : Math.max(half, Math.min(innerWidth - half, x));
}

function element(name, attributes, className = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value.toFixed(1));
  if (className) made.setAttribute("class", className);
  return made;
}
