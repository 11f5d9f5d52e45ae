import { Panel, showFacts } from "./panel.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);

/** For scripts and tests: `ready`, `problem` (an error text), `viewer` and `panel`. */
const state = { ready: false, problem: null };
window.recon = state;

function fail(text) {
  state.problem = text;
  $("problem").textContent = text;
  $("problem").hidden = false;
  $("loading").hidden = true;
}

/** Ends when the photo is on the screen, or will not be soon: unpacking the scene then keeps the browser busy. */
async function photoShown() {
  // Where the scene will show it: above the toolbar.
  $("photo")?.style.setProperty("height", `${$("bar").getBoundingClientRect().top - 8}px`);
  await $("photo")?.decode().catch(() => {});
  const drawn = new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  // No frame is drawn in a hidden tab.
  await Promise.race([drawn, new Promise((resolve) => setTimeout(resolve, 200))]);
}

async function open() {
  const data = JSON.parse($("data").textContent);
  showFacts(data);
  if (typeof DecompressionStream === "undefined") {
    fail("This browser is too old: open the page in a current Firefox, Chrome, Edge or Safari.");
    return;
  }
  let viewer;
  try {
    viewer = new Viewer(data, $("view"));
  } catch {
    fail(
      "This page needs WebGL 2, which is not available or disabled: open it in a current Firefox, Chrome, Edge or " +
        "Safari with hardware acceleration.",
    );
    return;
  }
  const bar = $("loading").querySelector("progress");
  await photoShown();
  try {
    await viewer.load((done) => (bar.value = done));
  } catch (error) {
    fail(`The scene in this page cannot be read; the file may be truncated. Export it again. (${error.message})`);
    return;
  }
  const panel = new Panel(viewer);
  viewer.start();
  viewer.draw();
  $("loading").hidden = true;
  $("photo")?.remove();
  Object.assign(state, { ready: true, viewer, panel });
}

open();
