// Decodes the arrays that recon/export/formats/html/packing.py wrote to the page.

/** Decodes base64 text. */
function bytesOf(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The photo file stored in the page, which shows it while it unpacks the scene. */
export function photoBlob() {
  const { src } = document.getElementById("photo");
  return new Blob([bytesOf(src.slice(src.indexOf(",") + 1))], { type: "image/jpeg" });
}

/**
 * Unpacks all arrays of the page. Removes each element after reading it, so that a large scene is not in memory twice.
 * @param arrays `{name: {count, columns}}`
 * @param targets `{name: typed array of count * columns}`, filled with bytes (Uint8Array) or integers * scale
 * @param scales `{name: number, or one number per column}`
 * @param progress called with 0 to 1
 */
export async function unpack(arrays, targets, scales, progress) {
  const elements = [...document.querySelectorAll("script[data-array]")];
  const filled = {};
  for (const [index, element] of elements.entries()) {
    const name = element.dataset.array;
    const rows = Number(element.dataset.rows);
    const packed = await inflate(bytesOf(element.textContent));
    element.remove();
    const start = filled[name] ?? 0;
    const { columns } = arrays[name];
    const target = targets[name];
    if (target instanceof Uint8Array) unpackBytes(packed, rows, columns, target, start);
    else unpackIntegers(packed, rows, columns, target, start, scales[name] ?? 1);
    filled[name] = start + rows;
    progress((index + 1) / elements.length);
  }
  for (const [name, { count }] of Object.entries(arrays)) {
    if (filled[name] !== count) throw new Error(`${name}: expected ${count} rows, got ${filled[name]}`);
  }
}

function unpackBytes(packed, rows, columns, target, start) {
  for (let column = 0; column < columns; column++) {
    let value = 0;
    for (let row = 0; row < rows; row++) {
      value = (value + packed[column * rows + row]) & 255;
      target[(start + row) * columns + column] = value;
    }
  }
}

function unpackIntegers(packed, rows, columns, target, start, scale) {
  for (let column = 0; column < columns; column++) {
    const factor = Array.isArray(scale) ? scale[column] : scale;
    const a = 4 * column * rows;
    let value = 0;
    for (let row = 0; row < rows; row++) {
      const i = a + row;
      const zigzag =
        packed[i] | (packed[i + rows] << 8) | (packed[i + 2 * rows] << 16) | (packed[i + 3 * rows] << 24);
      value += (zigzag >>> 1) ^ -(zigzag & 1);
      target[(start + row) * columns + column] = value * factor;
    }
  }
}
