// GLB and PLY files of the scene in the page, y up, in metres.

const GLB_HEADER = 12;
const CHUNK_HEADER = 8;
const FLOAT = 5126;
const UINT = 5125;
const USHORT = 5123;
const POINTS = 0;
const TRIANGLES = 4;
const LARGEST_LINEAR = 65535;

/** sRGB bytes as linear values of 16 bits, which glTF wants in vertices. */
const LINEAR = Uint16Array.from({ length: 256 }, (_, value) => {
  const srgb = value / 255;
  return Math.round(LARGEST_LINEAR * (srgb <= 0.04045 ? srgb / 12.92 : ((srgb + 0.055) / 1.055) ** 2.4));
});

const padded = (length) => Math.ceil(length / 4) * 4;

function bounds(positions) {
  const [min, max] = [Array(3).fill(Infinity), Array(3).fill(-Infinity)];
  for (let i = 0; i < positions.length; i++) {
    if (positions[i] < min[i % 3]) min[i % 3] = positions[i];
    if (positions[i] > max[i % 3]) max[i % 3] = positions[i];
  }
  return { min, max };
}

function rgbaOf(rgb) {
  const rgba = new Uint16Array((rgb.length / 3) * 4).fill(LARGEST_LINEAR);
  for (let i = 0, k = 0; i < rgb.length; i += 3, k += 4) for (let c = 0; c < 3; c++) rgba[k + c] = LINEAR[rgb[i + c]];
  return rgba;
}

/** The photo's camera; glTF knows no shift, so that its centre is the middle of the picture. */
function cameraOf({ fy, width, height, scene_T_gl }, factor) {
  const matrix = scene_T_gl.map((value, i) => (i >= 12 && i < 15 ? value * factor : value));
  const perspective = { yfov: 2 * Math.atan(height / (2 * fy)), aspectRatio: width / height, znear: 0.01 };
  return { cameras: [{ type: "perspective", perspective }], node: { name: "photo camera", camera: 0, matrix } };
}

/**
 * A binary glTF file: a mesh with the photo as its texture, or coloured points.
 * @param scene `{positions, uv, faces, jpeg}` of a mesh, or `{positions, rgb}`; `jpeg` is a Uint8Array
 * @param camera the photo's, of the page's data
 * @param factor by which the positions were multiplied
 * @returns parts of a Blob
 */
export function glb(scene, camera, factor, generator) {
  const count = scene.positions.length / 3;
  const views = [];
  const accessors = [];
  const parts = [];
  let length = 0;
  const add = (array, accessor) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (accessor) accessors.push({ bufferView: views.length, ...accessor });
    views.push({ buffer: 0, byteOffset: length, byteLength: bytes.length });
    parts.push(bytes, new Uint8Array(padded(bytes.length) - bytes.length));
    length += padded(bytes.length);
  };
  add(scene.positions, { componentType: FLOAT, count, type: "VEC3", ...bounds(scene.positions) });
  const primitive = { attributes: { POSITION: 0 }, material: 0, mode: POINTS };
  const material = { name: "photo", doubleSided: true, extensions: { KHR_materials_unlit: {} }, pbrMetallicRoughness: { metallicFactor: 0 } };
  const more = {};
  if (scene.faces) {
    add(scene.uv, { componentType: FLOAT, count, type: "VEC2" });
    add(scene.faces, { componentType: UINT, count: scene.faces.length, type: "SCALAR" });
    add(scene.jpeg);
    Object.assign(primitive, { indices: 2, mode: TRIANGLES });
    primitive.attributes.TEXCOORD_0 = 1;
    material.pbrMetallicRoughness.baseColorTexture = { index: 0 };
    more.images = [{ bufferView: 3, mimeType: "image/jpeg" }];
    more.textures = [{ source: 0 }];
  } else {
    add(rgbaOf(scene.rgb), { componentType: USHORT, normalized: true, count, type: "VEC4" });
    primitive.attributes.COLOR_0 = 1;
  }
  const { cameras, node } = cameraOf(camera, factor);
  const text = JSON.stringify({
    asset: { version: "2.0", generator },
    extensionsUsed: ["KHR_materials_unlit"],
    scene: 0,
    scenes: [{ nodes: [0, 1] }],
    nodes: [{ name: "scene", mesh: 0 }, node],
    cameras,
    meshes: [{ primitives: [primitive] }],
    materials: [material],
    ...more,
    accessors,
    bufferViews: views,
    buffers: [{ byteLength: length }],
  });
  const json = new TextEncoder().encode(text.padEnd(text.length + padded(new Blob([text]).size) - new Blob([text]).size));
  return [
    new Uint32Array([0x46546c67, 2, GLB_HEADER + 2 * CHUNK_HEADER + json.length + length]),
    new Uint32Array([json.length, 0x4e4f534a]),
    json,
    new Uint32Array([length, 0x004e4942]),
    ...parts,
  ];
}

/**
 * A binary PLY file with coloured vertices.
 * @param scene `{positions, rgb, faces}`; without faces, a cloud
 * @returns parts of a Blob
 */
export function ply({ positions, rgb, faces }, generator) {
  const count = positions.length / 3;
  const lines = ["ply", "format binary_little_endian 1.0", `comment ${generator}, y up, metres`, `element vertex ${count}`];
  lines.push(...["x", "y", "z"].map((name) => `property float ${name}`));
  lines.push(...["red", "green", "blue"].map((name) => `property uchar ${name}`));
  if (faces) lines.push(`element face ${faces.length / 3}`, "property list uchar uint vertex_indices");
  const vertices = new DataView(new ArrayBuffer(15 * count));
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      vertices.setFloat32(15 * i + 4 * c, positions[3 * i + c], true);
      vertices.setUint8(15 * i + 12 + c, rgb[3 * i + c]);
    }
  }
  const triangles = new DataView(new ArrayBuffer(faces ? (13 * faces.length) / 3 : 0));
  for (let i = 0, at = 0; at < triangles.byteLength; at += 13, i += 3) {
    triangles.setUint8(at, 3);
    for (let c = 0; c < 3; c++) triangles.setUint32(at + 1 + 4 * c, faces[i + c], true);
  }
  return [`${lines.join("\n")}\nend_header\n`, vertices, triangles];
}

/** The photo's colours at texture coordinates from its top-left corner, sRGB bytes. */
export function coloursAt(uv, { data, width, height }) {
  const rgb = new Uint8Array((uv.length / 2) * 3);
  for (let i = 0; i < uv.length / 2; i++) {
    const x = Math.min(Math.max(Math.floor(uv[2 * i] * width), 0), width - 1);
    const y = Math.min(Math.max(Math.floor(uv[2 * i + 1] * height), 0), height - 1);
    rgb.set(data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3), 3 * i);
  }
  return rgb;
}
