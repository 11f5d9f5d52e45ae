import { SceneFrame } from "./frame.js";
import { ask, post } from "./service.js";
import { forPage } from "./words.js";

const $ = (id) => document.getElementById(id);
const FILES = {
  "scene.glb": ["GLB", "mesh for Blender and others"],
  "scene.ply": ["PLY", "point cloud"],
  "scene.html": ["Web page", "this view, as one file"],
  "depth.png": ["Depth", "16 bits, millimetres"],
  "scene.npz": ["Scene", "for recon itself"],
};
const MOST_LINES = 4;
const view = new SceneFrame($("frame"), { measured, cleared: () => setLengths([]) });
let photo = null; // the file, to run it again
let scene = null; // the service's answer
let replaced = null; // the scene that stays if running the photo again fails
let events = null; // of the job that runs
let sending = null; // aborts the upload
let lengths = []; // {positions, answer, known}

function show(state) {
  document.body.dataset.state = state;
}

function say(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

async function start(file) {
  photo = file;
  const form = new FormData();
  for (const input of $("form").querySelectorAll("[name]")) {
    const unit = input.name === "camera-height" ? "m" : "";
    if (input.value.trim()) form.append(input.name, withUnit(input.value, unit));
  }
  form.append("photo", file);
  say($("problem"), null);
  $("thumbnail").parentElement.hidden = false;
  URL.revokeObjectURL($("thumbnail").src);
  $("thumbnail").src = URL.createObjectURL(file);
  $("decisions").replaceChildren();
  stage("Sending the photo …");
  show("busy");
  const { signal } = (sending = new AbortController());
  try {
    scene = await ask("scenes", { method: "POST", body: form, signal });
    watch();
  } catch (error) {
    if (!signal.aborted) fail(error.message);
  }
}

const withUnit = (text, unit) => (/^[\d.,\s]+$/.test(text) ? text.trim() + unit : text.trim());

function stage(text, share) {
  $("stage").textContent = text;
  if (share === undefined) $("share").removeAttribute("value");
  else $("share").value = share;
}

function watch() {
  stage(scene.ahead ? `Waiting for ${scene.ahead} other photos …` : "Waiting …");
  events = new EventSource(`scenes/${scene.id}/events`);
  const on = (kind, act) => events.addEventListener(kind, (event) => act(JSON.parse(event.data)));
  on("stage", ({ message, share }) => stage(`${message}\u00a0…`, share));
  on("progress", ({ message, share }) => stage(`${message}\u00a0…`, share));
  for (const kind of ["decision", "warning"]) on(kind, ({ message }) => decide(forPage(message)));
  // A browser reconnects automatically, unless the service refuses: then its answer says why.
  events.addEventListener("error", () => events?.readyState === EventSource.CLOSED && ended());
  on("state", ({ message }) => {
    if (message === "done" || message === "failed" || message === "removed") ended();
  });
}

/** A photo of a format that browsers do not show. */
$("thumbnail").addEventListener("error", () => ($("thumbnail").parentElement.hidden = true));

function decide(message) {
  const line = document.createElement("li");
  line.textContent = message;
  $("decisions").append(line);
  if ($("decisions").children.length > MOST_LINES) $("decisions").firstElementChild.remove();
}

async function ended() {
  events.close();
  events = null;
  try {
    scene = await ask(`scenes/${scene.id}`);
    if (scene.error) throw new Error(scene.error.message);
    if (knownLengths().length) await rescale().catch(forget);
    await open();
  } catch (error) {
    fail(error.message);
  }
}

/** Runs the photo again with the focal length that was entered; the scene stays until the new one is there. */
function rerun() {
  $("form").querySelector("[name=focal-35mm]").value = $("focal").value;
  [replaced, scene] = [scene, null];
  start(photo);
}

function fail(message) {
  if (replaced) {
    drop(scene);
    [scene, replaced] = [replaced, null];
    show("done");
    say($("focal-refused"), message && forPage(message));
    return;
  }
  leave();
  say($("problem"), message && forPage(message));
}

function leave() {
  URL.revokeObjectURL($("thumbnail").src);
  $("thumbnail").removeAttribute("src");
  for (const input of document.querySelectorAll("#drop input")) input.value = "";
  history.replaceState(null, "", location.pathname);
  view.close();
  say($("refused"), null);
  scene = photo = null;
  lengths = [];
  show("start");
}

/** Removes what the service holds of this photo. */
function remove() {
  sending?.abort();
  events?.close();
  events = null;
  drop(scene);
}

function drop(one) {
  if (one) fetch(`scenes/${one.id}`, { method: "DELETE", keepalive: true }).catch(() => {});
}

async function open() {
  history.replaceState(null, "", `#${scene.id}`);
  drop(replaced);
  replaced = null;
  $("name").textContent = scene.photo.name;
  describe();
  $("camera-form").hidden = !photo;
  $("focal").value = $("form").querySelector("[name=focal-35mm]").value;
  say($("focal-refused"), null);
  for (const each of lengths) each.answer = null; // of the scene before
  setLengths(lengths);
  const links = Object.entries(FILES).map(([name, words]) => {
    const link = Object.assign(document.createElement("a"), { href: `scenes/${scene.id}/${name}?download=true` });
    link.append(words[0], Object.assign(document.createElement("span"), { textContent: words[1] }));
    return link;
  });
  list($("files"), links);
  show("done");
  await reopen();
  await redraw();
}

/** Shows the camera, the metres and the warnings of the scene. */
function describe() {
  $("facts").textContent = facts();
  list($("warnings"), scene.warnings.map(forPage));
}

function list(parent, items) {
  parent.replaceChildren(
    ...items.map((item) => {
      const line = document.createElement("li");
      line.append(item);
      return line;
    }),
  );
}

function facts() {
  const { depth, intrinsics, model, rough } = scene;
  // As many digits as the scale's interval leaves open.
  const metres = (value) => value.toFixed(depth.scale_interval <= 0.1 ? 2 : value < 10 ? 1 : 0);
  const reach = `${metres(depth.nearest_m)} to ${metres(depth.farthest_m)} m deep`;
  const scale = depth.scale === null ? "" : `, ${depth.scale}`;
  const camera = `camera ${intrinsics.fov_x_deg.toFixed(0)}° wide`;
  return `${reach}${scale}; ${camera}; model ${model}${rough ? " (rough)" : ""}`;
}

/** Until the view is there, the photo stands in its place, or the view of before. */
async function reopen() {
  if (photo && !view.viewer) $("still").src = $("thumbnail").src;
  else $("still").removeAttribute("src");
  making("Making the 3D view …");
  try {
    await view.open(`scenes/${scene.id}/scene.html?version=${scene.version}`);
  } catch (error) {
    making(error.message);
  }
}

function making(text) {
  $("making").hidden = false;
  $("making").querySelector("p").textContent = text;
}

/** A new length in the view: the service knows its interval. */
async function measured(positions, shown) {
  const one = { positions, shown, answer: null, known: null };
  setLengths([...lengths, one]);
  await measure(one);
  setLengths(lengths);
}

async function measure(one) {
  try {
    one.answer = await post(`scenes/${scene.id}/measure`, { positions: one.positions });
    one.problem = view.agrees(one.shown, one.answer) ? null : "One end is not on a surface that the photo shows.";
  } catch (error) {
    one.problem = error.message;
  }
  if (one.answer && !one.problem) view.label(one.shown, one.answer.label);
}

function setLengths(all) {
  lengths = all;
  $("how").hidden = lengths.length > 0;
  $("lengths").replaceChildren(...lengths.map(row));
  say($("scale").querySelector("span"), scene?.known.length ? knownText(scene) : null);
  $("scale").hidden = !scene?.known.length;
}

function knownText({ known, residuals }) {
  const rejected = residuals.filter((each) => !each.used).length;
  if (rejected) return `The scale is set by ${known.length - rejected} of ${known.length} known lengths; the rest was rejected.`;
  return `The scale is set by ${known.length === 1 ? "a known length" : `${known.length} known lengths`}.`;
}

function row(one) {
  const line = $("length").content.cloneNode(true).firstElementChild;
  const [value, errors, form, input] = [".value", ".errors", "form", "input"].map((which) => line.querySelector(which));
  value.textContent = one.problem ? "no interval" : (one.answer?.label ?? "…");
  errors.textContent = one.problem ?? measuredText(one.answer) ?? one.answer?.warnings[0] ?? one.answer?.unknown ?? "";
  form.hidden = !one.answer || Boolean(one.problem);
  input.value = one.known ?? "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) calibrate(one, withUnit(input.value, "m"));
  });
  return line;
}

/** Of a length that was given, what the scene measures: the model's own scale has a say, and so have other lengths. */
function measuredText(answer) {
  if (!answer?.given_m) return null;
  return answer.text.slice(answer.label.length).replace("; the scene", "The scene");
}

const knownLengths = () => lengths.filter((each) => each.known);

/** Has the service set the scale by the lengths that are known, or by none. */
async function rescale() {
  const known = knownLengths().map(({ positions: [from, to], known: length }) => ({ from, to, length }));
  scene = await post(`scenes/${scene.id}/calibrate`, { known });
}

function forget(error) {
  for (const each of lengths) each.known = null;
  say($("refused"), forPage(error.message));
}

/** Takes the true length of one measured length, or of none at all. A refusal changes nothing. */
async function calibrate(one, length) {
  const before = lengths.map((each) => [each, each.known]);
  for (const each of one ? [one] : lengths) each.known = length;
  say($("refused"), null);
  try {
    await rescale();
  } catch (error) {
    for (const [each, was] of before) each.known = was;
    say($("refused"), forPage(error.message));
    return;
  }
  describe();
  await reopen();
  await redraw();
}

/** Measures the lengths again in the scene as it is now, and draws them. */
async function redraw() {
  for (const each of lengths) {
    try {
      each.answer = await post(`scenes/${scene.id}/measure`, { positions: each.positions });
      each.problem = null;
    } catch (error) {
      each.problem = error.message;
    }
    // Meanwhile, lengths may have been cleared in the view, and others measured.
    if (each.problem || !lengths.includes(each)) continue;
    each.shown = view.draw(each.answer.details.points_cam_m);
    view.label(each.shown, each.answer.label);
  }
  setLengths(lengths);
}

// From here on the view shows the photo and its own progress.
$("frame").addEventListener("load", () => ($("making").hidden = true));
for (const id of ["file", "camera"]) $(id).addEventListener("change", ({ target }) => target.files[0] && start(target.files[0]));
$("still").addEventListener("error", () => $("still").removeAttribute("src"));
$("form").addEventListener("submit", (event) => event.preventDefault());
$("camera-form").addEventListener("submit", (event) => (event.preventDefault(), rerun()));
$("cancel").addEventListener("click", () => (remove(), fail(null)));
$("again").addEventListener("click", leave);
$("remove").addEventListener("click", () => (remove(), leave()));
$("original").addEventListener("click", () => calibrate(null, null));
addEventListener("pagehide", () => document.body.dataset.state === "busy" && remove());
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  const file = event.dataTransfer.files[0];
  if (file && document.body.dataset.state === "start") start(file);
});

const kept = location.hash.slice(1);
if (kept) {
  ask(`scenes/${encodeURIComponent(kept)}`)
    .then((found) => {
      scene = found;
      if (scene.state !== "done") throw new Error("The scene is not ready.");
      return open();
    })
    .catch((error) => fail(error.message));
}
