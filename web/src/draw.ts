/** Draw a digit, or bring a picture, and see what the network makes of it. */

import { saidOf } from "./confident";
import { button, el, setText } from "./dom";
import { Pictures } from "./pictures";
import { prepareDigit } from "./prepare";
import { Printed } from "./printed";
import { ServerError } from "./server";
import type { RunState } from "./state";
import { onTheme } from "./theme";
import { className, percent } from "./text";

const PAD = 280;
const PACE = 50;
const MOST_BARS = 10;

export class Drawing {
  readonly element: HTMLElement;
  private readonly pad = el("canvas", { width: PAD, height: PAD, class: "pad", tabindex: 0, role: "img", "aria-label": "Draw here" });
  private readonly context = this.pad.getContext("2d", { willReadFrequently: true })!;
  private readonly preview = el("canvas", { class: "preview", width: 140, height: 140, role: "img", "aria-label": "What the network gets" });
  private readonly bars = el("div", { class: "bars" });
  private readonly note = el("p", { class: "quiet", role: "status" });
  private readonly hint = el("p", { class: "quiet" });
  private readonly file = el("input", { type: "file", accept: "image/*", "aria-label": "Choose a picture" });
  private last: [number, number] | null = null;
  private drawn = false;
  private pixels: Uint8Array<ArrayBuffer> | null = null;
  private timer = 0;
  private sent = 0;
  private busy = false;
  private stale = false;
  private offTheme: () => void;
  private readonly printed: Printed;

  constructor(private readonly run: RunState) {
    this.printed = new Printed(run, () => !this.element.hidden);
    const clear = button("Clear", "Wipe the pad", () => this.clear());
    this.element = el(
      "div",
      { class: "drawing-view", hidden: true },
      el("section", { class: "pane", "aria-label": "Pad" }, el("header", {}, el("h2", { text: "Draw" })), el("div", { class: "padding" }, this.pad, el("div", { class: "row" }, clear, this.file), this.hint, this.printed.element)),
      el("section", { class: "pane", "aria-label": "Answer" }, el("header", {}, el("h2", { text: "What it answers" })), el("div", { class: "padding answer-row" }, el("figure", {}, this.preview, el("figcaption", { text: "what the network gets" })), el("div", { class: "grow" }, this.bars, this.note))),
    );
    this.listen();
    run.on(["about", "images"], () => this.prepareView());
    run.on(["view", "snapshot"], () => this.pixels && this.want());
    this.offTheme = onTheme(() => this.redrawPreview());
  }

  close(): void {
    clearTimeout(this.timer);
    this.offTheme();
    this.printed.close();
  }

  shown(): void {
    this.prepareView();
    this.printed.want();
  }

  private get shape(): [number, number, number] {
    return (this.run.about?.facts?.model?.input_shape as [number, number, number]) ?? [28, 28, 1];
  }

  /** Strokes for a network of grey ink; a picture for the others. */
  private get strokes(): boolean {
    return this.shape[2] === 1 && (this.run.images?.ink ?? true);
  }

  private prepareView(): void {
    const [height, width, channels] = this.shape;
    this.file.hidden = this.strokes;
    setText(
      this.hint,
      this.strokes
        ? `Fitted and centred to ${width} x ${height} pixels, as the training pictures were.`
        : `Drop or choose a picture; it is cut to ${width} x ${height} x ${channels}, shorter side first.`,
    );
    if (!this.bars.childElementCount) this.showBars(new Array(this.run.classes.length).fill(0));
    if (!this.pixels) this.redrawPreview();
  }

  private listen(): void {
    this.pad.addEventListener("pointerdown", (event) => {
      if (!this.strokes) return;
      event.preventDefault();
      this.pad.setPointerCapture(event.pointerId);
      this.last = this.at(event);
      this.line(event);
    });
    this.pad.addEventListener("pointermove", (event) => this.last && this.line(event));
    for (const end of ["pointerup", "pointercancel"]) this.pad.addEventListener(end, () => (this.last = null));
    this.pad.addEventListener("dragover", (event) => event.preventDefault());
    this.pad.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.takeFile(file);
    });
    this.file.addEventListener("change", () => this.file.files?.[0] && void this.takeFile(this.file.files[0]));
  }

  private at(event: PointerEvent): [number, number] {
    const box = this.pad.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * PAD, ((event.clientY - box.top) / box.height) * PAD];
  }

  /** Black on the transparent pad: the ink is the opacity, whatever the page's colours are. */
  private line(event: PointerEvent): void {
    const to = this.at(event);
    this.context.lineWidth = 22;
    this.context.lineCap = "round";
    this.context.lineJoin = "round";
    this.context.strokeStyle = "#000";
    this.context.beginPath();
    this.context.moveTo(...this.last!);
    this.context.lineTo(to[0] + 0.01, to[1]);
    this.context.stroke();
    this.last = to;
    this.drawn = true;
    this.want();
  }

  private clear(): void {
    this.context.clearRect(0, 0, PAD, PAD);
    this.pad.classList.remove("photo");
    this.pixels = null;
    this.drawn = false;
    this.file.value = "";
    this.showBars(new Array(this.run.classes.length).fill(0));
    setText(this.note, "");
    this.redrawPreview();
  }

  private async takeFile(file: File): Promise<void> {
    const [height, width, channels] = this.shape;
    let picture: ImageBitmap;
    try {
      picture = await createImageBitmap(file);
    } catch {
      return setText(this.note, `${file.name} is not a picture that this browser reads.`);
    }
    const canvas = new OffscreenCanvas(width, height);
    cover(canvas.getContext("2d")!, picture, width, height);
    this.context.clearRect(0, 0, PAD, PAD);
    cover(this.context, picture, PAD, PAD);
    this.pad.classList.add("photo");
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
    const pixels = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++)
      if (channels === 1) pixels[i] = Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
      else for (let c = 0; c < channels; c++) pixels[channels * i + c] = data[4 * i + c];
    this.pixels = pixels;
    this.want();
  }

  /** At most twenty times a second, and never two questions at once. */
  private want(): void {
    if (this.element.hidden) return;
    if (this.timer || this.busy) {
      this.stale = true;
      return;
    }
    const wait = Math.max(0, this.sent + PACE - performance.now());
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.send();
    }, wait);
  }

  private async send(): Promise<void> {
    this.stale = false;
    this.busy = true;
    this.sent = performance.now();
    if (this.strokes && this.drawn) this.pixels = this.fromPad();
    this.redrawPreview();
    try {
      if (!this.pixels) return;
      const answer = await this.run.server.sendDrawing(this.run.id, this.pixels, this.run.at);
      this.showBars(answer.probabilities);
      setText(this.note, saidOf(answer));
    } catch (error) {
      const absent = error instanceof ServerError && error.status === 503;
      setText(this.note, absent ? "No answering process is there for this run, so drawings get no answer." : (error as Error).message);
    } finally {
      this.busy = false;
      if (this.stale) this.want();
    }
  }

  private fromPad(): Uint8Array<ArrayBuffer> {
    const { data } = this.context.getImageData(0, 0, PAD, PAD);
    const ink = new Uint8Array(PAD * PAD);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3];
    return prepareDigit(ink, PAD, PAD, this.shape[0], this.shape[1]);
  }

  private redrawPreview(): void {
    const [height, width, channels] = this.shape;
    const pixels = this.pixels ?? new Uint8Array(height * width * channels);
    new Pictures(pixels, [1, height, width, channels], this.strokes).paint(this.preview, 0, 140);
  }

  private showBars(probabilities: number[]): void {
    const { classes } = this.run;
    const all = probabilities.map((probability, index) => ({ probability, index }));
    const few = all.length <= MOST_BARS;
    const chosen = few ? all : all.sort((a, b) => b.probability - a.probability).slice(0, MOST_BARS);
    const best = Math.max(...probabilities, 0);
    while (this.bars.childElementCount < chosen.length)
      this.bars.append(el("div", { class: "bar-row" }, el("span", { class: "name" }), el("span", { class: "bar" }, el("i")), el("span", { class: "figure" })));
    chosen.forEach(({ probability, index }, i) => {
      const row = this.bars.children[i] as HTMLElement;
      setText(row.children[0], className(classes, index));
      (row.children[1].firstElementChild as HTMLElement).style.transform = `scaleX(${probability})`;
      setText(row.children[2], percent(probability, 1));
      row.classList.toggle("best", best > 0 && probability === best);
    });
  }
}

/** The shorter side fits, the middle is kept. */
function cover(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  picture: ImageBitmap,
  width: number,
  height: number,
): void {
  const scale = Math.max(width / picture.width, height / picture.height);
  const [w, h] = [picture.width * scale, picture.height * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
}
