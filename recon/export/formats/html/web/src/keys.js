const KEYS = {
  p: "photo",
  f: "front",
  s: "side",
  t: "top",
  m: "measure",
  c: "clear",
  l: "scale",
  d: "download",
  v: "frustum",
  g: "grid",
  x: "shape",
  b: "theme",
  i: "info",
  h: "hide",
  r: "reset",
  "?": "help",
  "+": "larger",
  "=": "larger",
  "-": "smaller",
  escape: "leave",
};
// With these a slider is moved from the keyboard; the scene gets all other keys.
const SLIDER_KEYS = /^(Arrow.*|Page.*|Home|End)$/;

/** Calls `act` with the name of the action whose key is pressed, except in dialogs. */
export function listenToKeys(act) {
  document.addEventListener("keydown", keepFromScene, { capture: true });
  addEventListener("keydown", (event) => {
    const name = KEYS[event.key.toLowerCase()];
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // a dialog that opens gets no letter
    act(name);
  });
}

/** Keys of an open dialog or of a slider turn nothing in the scene behind. */
function keepFromScene(event) {
  const ofSlider = event.target.type === "range" && SLIDER_KEYS.test(event.key);
  if (ofSlider || document.querySelector("dialog[open]")) event.stopPropagation();
}
