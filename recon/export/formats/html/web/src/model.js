import {
  Box3,
  BufferAttribute,
  BufferGeometry,
  DoubleSide,
  LinearFilter,
  LinearMipmapLinearFilter,
  Mesh,
  NoBlending,
  NoColorSpace,
  Points,
  ShaderMaterial,
  Sphere,
  Texture,
  Vector3,
  Vector4,
} from "three";
import { photoBlob, unpack } from "./unpack.js";

const NO_CUT = 3e38;

// Colours are shown unmodified: no lighting, no colour conversion.
const MESH_VERTEX = `
varying vec2 vUv;
varying vec3 vView;
varying float vHeight;
void main() {
  vUv = uv;
  vHeight = position.y;
  vec4 view = modelViewMatrix * vec4(position, 1.0);
  vView = view.xyz;
  gl_Position = projectionMatrix * view;
}`;

const MESH_FRAGMENT = `
uniform sampler2D photo;
uniform float shape;
uniform float cut;
varying vec2 vUv;
varying vec3 vView;
varying float vHeight;
void main() {
  if (vHeight > cut) discard;
  vec3 normal = normalize(cross(dFdx(vView), dFdy(vView)));
  vec3 clay = vec3(0.16, 0.17, 0.19) + vec3(0.66, 0.65, 0.62) * abs(dot(normal, normalize(vec3(0.35, 0.5, 0.8))));
  gl_FragColor = vec4(mix(texture2D(photo, vUv).rgb, clay, shape), 1.0);
}`;

// Encodes the bits of the depth as a colour, which any WebGL 2 device reads back exactly.
const MESH_PICK_FRAGMENT = `
uniform float cut;
varying vec3 vView;
varying float vHeight;
void main() {
  if (vHeight > cut) discard;
  uint bits = floatBitsToUint(-vView.z);
  gl_FragColor = vec4(uvec4(bits, bits >> 8, bits >> 16, bits >> 24) & 255u) / 255.0;
}`;

// A point has the size of its pixel's footprint on the surface, or of its voxel, so that there are no gaps from the
// photo's position.
const CLOUD_VERTEX = `
uniform vec4 photoPlane;
uniform float voxel;
uniform float pixels;
uniform float size;
attribute vec3 rgb;
varying vec3 vColour;
varying float vHeight;
flat varying int vNumber;
void main() {
  vHeight = position.y;
  vColour = rgb;
  vNumber = gl_VertexID + 1;
  vec4 view = modelViewMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * view;
  float footprint = max(dot(photoPlane.xyz, position) + photoPlane.w, voxel);
  gl_PointSize = clamp(size * pixels * footprint / max(-view.z, 1e-6), 1.0, 256.0);
}`;

const CLOUD_FRAGMENT = `
uniform float cut;
varying vec3 vColour;
varying float vHeight;
void main() {
  if (vHeight > cut) discard;
  gl_FragColor = vec4(vColour, 1.0);
}`;

const CLOUD_PICK_FRAGMENT = `
uniform float cut;
varying float vHeight;
flat varying int vNumber;
void main() {
  if (vHeight > cut) discard;
  gl_FragColor = vec4(ivec4(vNumber, vNumber >> 8, vNumber >> 16, vNumber >> 24) & 255) / 255.0;
}`;

/**
 * Creates the drawable object from the data in the page.
 * @returns `{object, pickMaterial, positions, colours, sphere, setPixels, setSize, setShape, setCut}`
 */
export async function loadModel(data, lens, maxAnisotropy, progress) {
  const { arrays } = data;
  const size = (name) => arrays[name].count * arrays[name].columns;
  const isMesh = data.shape === "mesh";
  const targets = { position: new Float32Array(size("position")) };
  if (isMesh) {
    targets.uv = new Float32Array(size("uv"));
    targets.face = new Uint32Array(size("face"));
  } else {
    targets.rgb = new Uint8Array(size("rgb"));
  }
  const scales = { position: data.position_step_m, uv: data.uv_steps.map((steps) => 1 / steps) };
  await unpack(arrays, targets, scales, progress);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(targets.position, 3));
  const sphere = new Box3().setFromArray(targets.position).getBoundingSphere(new Sphere());
  geometry.boundingSphere = sphere;
  // Nothing above this height is drawn, or picked.
  const cut = { value: NO_CUT };
  const made = isMesh
    ? await mesh(geometry, targets, maxAnisotropy, cut)
    : cloud(geometry, targets, data, lens, cut);
  made.object.frustumCulled = false;
  const setCut = (height) => (cut.value = height ?? NO_CUT);
  return { positions: targets.position, sphere, setCut, ...made };
}

async function mesh(geometry, targets, maxAnisotropy, cut) {
  geometry.setAttribute("uv", new BufferAttribute(targets.uv, 2));
  geometry.setIndex(new BufferAttribute(targets.face, 1));
  const photo = photoBlob();
  const material = new ShaderMaterial({
    uniforms: { photo: { value: await texture(photo, maxAnisotropy) }, shape: { value: 0 }, cut },
    vertexShader: MESH_VERTEX,
    fragmentShader: MESH_FRAGMENT,
    side: DoubleSide,
  });
  return {
    object: new Mesh(geometry, material),
    colours: { uv: targets.uv, faces: targets.face, photo },
    pickMaterial: new ShaderMaterial({
      uniforms: { cut },
      vertexShader: MESH_VERTEX,
      fragmentShader: MESH_PICK_FRAGMENT,
      side: DoubleSide,
      blending: NoBlending,
    }),
    setPixels() {},
    setSize() {},
    setShape(on) {
      material.uniforms.shape.value = on ? 1 : 0;
    },
  };
}

async function texture(blob, maxAnisotropy) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  await image.decode();
  const photo = new Texture(image);
  photo.colorSpace = NoColorSpace;
  photo.flipY = false;
  photo.minFilter = LinearMipmapLinearFilter;
  photo.magFilter = LinearFilter;
  photo.anisotropy = maxAnisotropy;
  photo.needsUpdate = true;
  photo.onUpdate = () => URL.revokeObjectURL(image.src);
  return photo;
}

function cloud(geometry, targets, data, lens, cut) {
  geometry.setAttribute("rgb", new BufferAttribute(targets.rgb, 3, true));
  const forward = new Vector3(0, 0, -1).transformDirection(lens.home);
  const place = new Vector3().setFromMatrixPosition(lens.home);
  // Depth from the photo's camera, times the pixel footprint at a depth of 1.
  const span = data.spacing_px / Math.max(data.camera.fx, data.camera.fy);
  const plane = new Vector4(forward.x, forward.y, forward.z, -forward.dot(place)).multiplyScalar(span);
  const uniforms = {
    photoPlane: { value: plane },
    voxel: { value: data.voxel_m },
    pixels: { value: 1 },
    size: { value: 1 },
    cut,
  };
  const material = new ShaderMaterial({
    uniforms,
    vertexShader: CLOUD_VERTEX,
    fragmentShader: CLOUD_FRAGMENT,
  });
  return {
    object: new Points(geometry, material),
    colours: { rgb: targets.rgb },
    pickMaterial: new ShaderMaterial({
      // Ignore the size slider for picking, so that no point hides its neighbour.
      uniforms: { ...uniforms, size: { value: 1 } },
      vertexShader: CLOUD_VERTEX,
      fragmentShader: CLOUD_PICK_FRAGMENT,
      blending: NoBlending,
    }),
    /** Focal length of the view in drawing buffer pixels. */
    setPixels(pixels) {
      uniforms.pixels.value = pixels;
    },
    setSize(size) {
      uniforms.size.value = size;
    },
    setShape() {},
  };
}
