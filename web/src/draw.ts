/** Draw a digit, or bring a picture, and see what the network makes of it. */

import { showBars } from "./bars";
import { saidOf } from "./confident";
import { button, el, setText } from "./dom";
import { Paced } from "./paced";
import { Pad } from "./pad";
import { Pictures } from "./pictures";
import { Printed } from "./printed";
import { ServerError } from "./server";
import type { RunState } from "./state";
import { onTheme } from "./theme";
import { className } from "./text";

/** Milliseconds from one question to the next. */
const PACE = 50;
const MOST_BARS = 10;

export class Drawing {
  readonly element: HTMLElement;
  private readonly pad = new Pad(() => this.want(), () => this.strokes);
  private readonly preview = el("canvas", { class: "preview", width: 140, height: 140, role: "img", "aria-label": "What the network gets" });
  private readonly bars = el("div", { class: "bars" });
  private readonly note = el("p", { class: "quiet", role: "status" });
  private readonly hint = el("p", { class: "quiet" });
  private readonly file = el("input", { type: "file", accept: "image/*", "aria-label": "Choose a picture" });
  private pixels: Uint8Array<ArrayBuffer> | null = null;
  private readonly paced = new Paced(PACE, () => this.send());
  private offTheme: () => void;
  private readonly printed: Printed;

  constructor(private readonly run: RunState) {
    this.printed = new Printed(run, () => !this.element.hidden);
    const clear = button("Clear", "Wipe the pad", () => this.clear());
    this.element = el(
      "div",
      { class: "drawing-view", hidden: true },
      el("section", { class: "pane", "aria-label": "Pad" }, el("header", {}, el("h2", { text: "Draw" })), el("div", { class: "padding" }, this.pad.canvas, el("div", { class: "row" }, clear, this.file), this.hint, this.printed.element)),
      el("section", { class: "pane", "aria-label": "Answer" }, el("header", {}, el("h2", { text: "What it answers" })), el("div", { class: "padding answer-row" }, el("figure", {}, this.preview, el("figcaption", { text: "what the network gets" })), el("div", { class: "grow" }, this.bars, this.note))),
    );
    this.listen();
    run.on(["about", "images"], () => this.prepareView());
    run.on(["view", "snapshot"], () => this.pixels && this.want());
    this.offTheme = onTheme(() => this.redrawPreview());
  }

  close(): void {
    this.paced.close();
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
    this.pad.canvas.addEventListener("dragover", (event) => event.preventDefault());
    this.pad.canvas.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.takeFile(file);
    });
    this.file.addEventListener("change", () => this.file.files?.[0] && void this.takeFile(this.file.files[0]));
  }

  private clear(): void {
    this.pad.clear();
    this.pixels = null;
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
    this.pad.showPhoto((context, side) => cover(context, picture, side, side));
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, width, height);
    const pixels = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++)
      if (channels === 1) pixels[i] = Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
      else for (let c = 0; c < channels; c++) pixels[channels * i + c] = data[4 * i + c];
    this.pixels = pixels;
    this.want();
  }

  private want(): void {
    if (!this.element.hidden) this.paced.want();
  }

  private async send(): Promise<void> {
    if (this.element.hidden) return;
    if (this.strokes && this.pad.drawn) this.pixels = this.pad.digit(this.shape[0], this.shape[1]);
    this.redrawPreview();
    try {
      if (!this.pixels) return;
      const answer = await this.run.server.sendDrawing(this.run.id, this.pixels, this.run.at);
      this.showBars(answer.probabilities);
      setText(this.note, saidOf(answer));
    } catch (error) {
      const absent = error instanceof ServerError && error.status === 503;
      setText(this.note, absent ? "No answering process is there for this run, so drawings get no answer." : (error as Error).message);
    }
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
    showBars(this.bars, chosen.map(({ probability, index }) => ({ name: className(classes, index), probability })));
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
