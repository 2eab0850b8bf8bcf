/** The confusion matrix of the snapshot shown, and the pictures behind a cell of it. */

import { layout } from "./cells";
import { button, el, setHidden, setText } from "./dom";
import { redraw } from "./frames";
import { PictureCanvas } from "./panes/pictures";
import { waiting } from "./panes/pane";
import type { RunState } from "./state";
import { colours, onTheme } from "./theme";
import { className, count, percent } from "./text";

const MOST_NUMBERED = 20;
const MOST_PICTURES = 400;

export class Confusion {
  readonly element: HTMLElement;
  private readonly place = el("div", { class: "matrix" });
  private readonly heading = el("h2", { text: "Wrong pictures" });
  private readonly note = el("output", { class: "tally" });
  private readonly empty = el("p", { class: "empty", hidden: true });
  private readonly all = button("All wrong ones", "Show every wrong picture again", () => this.pick(null), { class: "small", hidden: true });
  private readonly cells = new PictureCanvas("Pictures, surest mistakes first");
  private readonly body = el("div", { class: "body" });
  private picked: [number, number] | null = null;
  private buttons: HTMLButtonElement[] = [];
  private canvas: HTMLCanvasElement | null = null;
  private counts = new Int32Array(0);
  private observer: ResizeObserver;
  private offTheme: () => void;

  constructor(private readonly run: RunState) {
    this.body.append(this.empty, this.cells.canvas);
    this.element = el(
      "div",
      { class: "confusion-view", hidden: true },
      el("section", { class: "pane", "aria-label": "Confusion matrix" }, el("header", {}, el("h2", { text: "Confusion" }), el("span", { class: "tally", text: "rows: true class · columns: answer" })), this.place),
      el("section", { class: "pane", "aria-label": "Pictures" }, el("header", {}, this.heading, el("div", { class: "legend" }, this.note, this.all)), this.body),
    );
    run.on(["snapshot", "images", "about"], () => this.want());
    this.observer = new ResizeObserver(() => this.want());
    this.observer.observe(this.body);
    this.offTheme = onTheme(() => this.want());
  }

  close(): void {
    this.observer.disconnect();
    this.offTheme();
  }

  want(): void {
    if (!this.element.hidden && !(this.run.frozen && this.run.at === null)) redraw(this, true);
  }

  draw(): void {
    const { labels, shown, images } = this.run;
    const answers = shown?.watched?.answers;
    const words = answers && labels && images ? "" : waiting(this.run, "The first evaluation comes soon.");
    setText(this.empty, words || "");
    setHidden(this.empty, !words);
    if (words || !answers || !labels) return;
    this.tally(labels, answers);
    const classes = this.run.classes.length;
    if (classes <= MOST_NUMBERED) this.table(classes);
    else this.squares(classes);
    this.pictures();
  }

  private tally(labels: Uint16Array, answers: Uint16Array): void {
    const size = this.run.classes.length;
    if (this.counts.length !== size * size) this.counts = new Int32Array(size * size);
    this.counts.fill(0);
    for (let i = 0; i < labels.length; i++) this.counts[labels[i] * size + answers[i]]++;
  }

  /** How deep a cell's colour is: its share of the row, a wrong one's against the deepest wrong one. */
  private shares(size: number): Float32Array {
    const shares = new Float32Array(size * size);
    let worst = 0;
    for (let row = 0; row < size; row++) {
      let sum = 0;
      for (let column = 0; column < size; column++) sum += this.counts[row * size + column];
      for (let column = 0; column < size; column++) {
        const share = this.counts[row * size + column] / (sum || 1);
        shares[row * size + column] = share;
        if (row !== column) worst = Math.max(worst, share);
      }
    }
    return shares.map((share, i) => (Math.floor(i / size) === i % size ? share : share / (worst || 1)));
  }

  private table(size: number): void {
    if (this.buttons.length !== size * size) this.buildTable(size);
    const shares = this.shares(size);
    this.buttons.forEach((cell, i) => {
      const number = this.counts[i];
      const [row, column] = [Math.floor(i / size), i % size];
      setText(cell, number ? count(number) : "");
      cell.style.setProperty("--share", shares[i].toFixed(3));
      cell.className = number ? (row === column ? "right" : "wrong") : "none";
      const words = this.words(row, column, number);
      cell.title = words;
      cell.setAttribute("aria-label", words);
      cell.setAttribute("aria-pressed", String(this.picked?.[0] === row && this.picked?.[1] === column));
    });
  }

  private words(row: number, column: number, number: number): string {
    const { classes } = this.run;
    const name = className(classes, row);
    return row === column ? `${name}: ${count(number)} right` : `${name} taken for ${className(classes, column)}: ${count(number)}`;
  }

  private buildTable(size: number): void {
    const { classes } = this.run;
    const upright = classes.some((name) => [...name].length > 4);
    const head = el("tr", {}, el("td", {}));
    for (const name of classes) head.append(el("th", { scope: "col" }, el("div", { class: upright ? "upright" : "", text: name, title: name })));
    const body = el("tbody", {});
    this.buttons = [];
    for (let row = 0; row < size; row++) {
      const line = el("tr", {}, el("th", { scope: "row" }, el("div", { class: "name", text: classes[row], title: classes[row] })));
      for (let column = 0; column < size; column++) {
        const cell = button("", "", () => this.pick([row, column]));
        this.buttons.push(cell);
        line.append(el("td", {}, cell));
      }
      body.append(line);
    }
    this.place.replaceChildren(el("table", { class: "confusion" }, el("thead", {}, head), body));
  }

  /** Too many classes for numbers: a square of colour for each cell. */
  private squares(size: number): void {
    if (!this.canvas) {
      this.canvas = el("canvas", { class: "squares", role: "img", "aria-label": `Confusion of ${size} classes` });
      this.canvas.addEventListener("click", (event) => this.pick(this.cellAt(event, size)));
      this.canvas.addEventListener("pointermove", (event) => {
        const [row, column] = this.cellAt(event, size);
        this.canvas!.title = this.words(row, column, this.counts[row * size + column]);
      });
      this.place.replaceChildren(this.canvas);
    }
    const side = Math.max(2, Math.floor(600 / size));
    this.canvas.width = this.canvas.height = side * size;
    const context = this.canvas.getContext("2d")!;
    const kinds = [colours.wrong, colours.right];
    this.shares(size).forEach((share, i) => {
      if (!this.counts[i]) return;
      const [row, column] = [Math.floor(i / size), i % size];
      context.fillStyle = `rgb(${kinds[Number(row === column)]} / ${0.25 + 0.75 * share})`;
      context.fillRect(column * side, row * side, side, side);
    });
  }

  private cellAt(event: MouseEvent, size: number): [number, number] {
    const box = this.canvas!.getBoundingClientRect();
    const at = (value: number, whole: number) => Math.min(size - 1, Math.max(0, Math.floor((value / whole) * size)));
    return [at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width)];
  }

  private pick(cell: [number, number] | null): void {
    const same = cell && this.picked?.[0] === cell[0] && this.picked?.[1] === cell[1];
    this.picked = same ? null : cell;
    this.want();
  }

  /** The pictures of the cell picked, else every wrong one, the surest first. */
  private pictures(): void {
    const { labels, shown, images, classes } = this.run;
    const { answers, confidence } = shown!.watched!;
    const chosen: number[] = [];
    const picked = this.picked;
    for (let i = 0; i < labels!.length; i++) {
      const fits = picked ? labels![i] === picked[0] && answers[i] === picked[1] : labels![i] !== answers[i];
      if (fits) chosen.push(i);
    }
    chosen.sort((a, b) => confidence[b] - confidence[a]);
    setText(this.heading, picked ? this.words(picked[0], picked[1], chosen.length) : "Wrong pictures, surest first");
    setHidden(this.all, !picked);
    const part = picked ? "" : `, ${percent(chosen.length / labels!.length)} of ${count(labels!.length)}`;
    const cut = chosen.length > MOST_PICTURES ? `, the first ${MOST_PICTURES} shown` : "";
    setText(this.note, `${count(chosen.length)}${part}${cut}`);
    const order = chosen.slice(0, MOST_PICTURES);
    const box = this.cells.size(this.body.clientWidth, this.body.clientHeight);
    if (!order.length) return;
    const room = { left: 0, top: 0, width: box.width, height: box.height };
    const grid = layout(room, order.length, images!, 0, 72 * box.ratio);
    grid.columns = Math.max(1, Math.floor(room.width / grid.width));
    grid.rows = Math.ceil(order.length / grid.columns);
    this.cells.draw(grid, { pictures: images!, order, labels: labels!, answers, confidence, classes });
  }
}
