// Opens a page in headless Chromium as a person would, with no network: node browse.mjs chromium page.html '[[...]]'
// Takes steps, prints JSON: {problem, requests, errors, photo_s, ready_s, processor_s, results}; one result for each
// step that asks for something; photo_s from opening the page until it shows the photo (null: it never does), ready_s
// until the scene is drawn, processor_s of all processes meanwhile.
//   ["key", "m"]   ["click", x, y]   ["drag", x0, y0, x1, y1]   ["wait", ms]
//   ["texts", ".label"]   ["photo"] where the photo's view is   ["screenshot", "file.png"]
//   ["press", "label"]   ["shown", ".label"] how many are visible   ["overflow"] px that stick out at the right
//   ["download", "button", "file"] saves what a click downloads
//   ["fill", "input", "text"]   ["type", "text"] key by key, wherever the focus is
//   ["attach", "input", "file"] chooses a file   ["until", "expression"] waits until it is true
//   ["eval", "expression"]   ["click-at", "expression"] clicks at the [x, y] that it gives
// {"program": false}: the page has no program of ours to wait for.   {"online": true}: a page of a server (http://...)
// {"touch": true}: as on a phone
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, page, stepsText, optionsText] = process.argv.slice(2);
const options = JSON.parse(optionsText ?? "{}");
const args = [
  "--no-sandbox",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  ...(options.args ?? []),
];
const browser = await chromium.launch({ executablePath, args });
const context = await browser.newContext({
  viewport: options.viewport,
  offline: !options.online,
  reducedMotion: "reduce",
  hasTouch: Boolean(options.touch),
  isMobile: Boolean(options.touch),
});
const tab = await context.newPage();
const requests = [];
const errors = [];
tab.on("request", (request) => requests.push(request.url()));
tab.on("pageerror", (error) => errors.push(String(error)));
tab.on("console", (message) => {
  if (message.type() === "error") errors.push(message.text());
});

const system = await browser.newBrowserCDPSession();
const processorTime = async () =>
  (await system.send("SystemInfo.getProcessInfo")).processInfo.reduce((sum, each) => sum + each.cpuTime, 0);

const until = async (asked) => {
  const deadline = Date.now() + 60_000;
  while (!(await tab.evaluate(asked))) {
    if (Date.now() > deadline) throw new Error(`never came true: ${asked}`);
    await tab.waitForTimeout(30);
  }
};

const acts = {
  key: (key) => tab.keyboard.press(key),
  click: (x, y) => tab.mouse.click(x, y),
  async drag(x0, y0, x1, y1) {
    await tab.mouse.move(x0, y0);
    await tab.mouse.down();
    await tab.mouse.move((x0 + x1) / 2, (y0 + y1) / 2);
    await tab.mouse.move(x1, y1);
    await tab.mouse.up();
  },
  wait: (ms) => tab.waitForTimeout(ms),
  texts: (selector) =>
    tab.evaluate((which) => [...document.querySelectorAll(which)].map((each) => each.textContent), selector),
  photo: () => tab.evaluate(() => window.recon.viewer.lens.rect),
  attach: (selector, file) => tab.setInputFiles(selector, file),
  until,
  eval: async (expression) => void (await tab.evaluate(expression)),
  async "click-at"(expression) {
    await tab.mouse.click(...(await tab.evaluate(expression)));
  },
  fill: (selector, text) => tab.fill(selector, text),
  type: (text) => tab.keyboard.type(text),
  press: (selector) => tab.click(selector),
  shown: (selector) =>
    tab.evaluate((which) => [...document.querySelectorAll(which)].filter((each) => each.offsetParent).length, selector),
  overflow: () => tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  async download(selector, path) {
    const [file] = await Promise.all([tab.waitForEvent("download"), tab.click(selector)]);
    await file.saveAs(path);
    return file.suggestedFilename();
  },
  screenshot: async (path) => (await tab.screenshot({ path, timeout: 180_000 })).length,
};

try {
  const [opened, used] = [Date.now(), await processorTime()];
  await tab.goto(page.startsWith("http://") ? page : pathToFileURL(page).href);
  if (options.program ?? true) await until(() => window.recon?.ready || window.recon?.problem);
  await tab.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const [ready_s, processor_s] = [(Date.now() - opened) / 1000, (await processorTime()) - used];
  const problem = await tab.evaluate(() => window.recon?.problem);
  const photo_s = await tab.evaluate(
    () =>
      new Promise((resolve) => {
        const observer = new PerformanceObserver((list) => {
          const photo = list.getEntries().find((entry) => entry.identifier === "photo");
          if (photo) resolve(photo.renderTime / 1000);
        });
        observer.observe({ type: "element", buffered: true });
        setTimeout(() => resolve(null), 1000);
      }),
  );
  const results = [];
  for (const [name, ...rest] of JSON.parse(stepsText)) {
    const result = await acts[name](...rest);
    if (result !== undefined) results.push(result);
  }
  process.stdout.write(JSON.stringify({ problem, requests, errors, photo_s, ready_s, processor_s, results }));
} finally {
  await browser.close();
}
