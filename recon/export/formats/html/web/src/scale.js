import { parseLength } from "./ruler.js";

const $ = (id) => document.getElementById(id);

/** Asks for the true length of the last measurement, and sets the ruler's scale; calls `done` with a text. */
export class ScaleDialog {
  constructor(ruler, done) {
    Object.assign(this, { ruler, done });
    this.form = $("scale").querySelector("form");
    this.form.addEventListener("submit", (event) => this.#answered(event.submitter.value));
  }

  /** Whether there is something to ask for, or a scale to take back. */
  get useful() {
    return this.ruler.last !== undefined || this.ruler.factor !== 1;
  }

  open() {
    if (!this.useful) return;
    $("known").value = "";
    const { last, factor } = this.ruler;
    $("now").textContent = last ? `, now ${last.label.textContent}` : "";
    for (const each of [$("known"), this.#button("set")]) each.disabled = !last;
    this.#button("original").disabled = factor === 1;
    $("scale").showModal();
  }

  #button(answer) {
    return this.form.querySelector(`[value=${answer}]`);
  }

  #answered(answer) {
    if (answer === "original") this.ruler.setScale(null);
    if (answer !== "set") return this.done(null);
    const length = parseLength($("known").value);
    if (length === null) return this.done("Not a length: expected such as 2.03 m, 80 cm or 6 ft");
    this.ruler.setScale(length);
    this.done(`Lengths × ${Number(this.ruler.factor.toPrecision(3))} in this page`);
  }
}
