/** Digits that nobody has written: what the network takes matplotlib's fonts for (data set `font-digits`). */

import { layout, wrongFirst } from "./cells";
import { el, setHidden, setText } from "./dom";
import { PictureCanvas } from "./panes/pictures";
import { Pictures } from "./pictures";
import { ServerError, type PrintedAnswer } from "./server";
import type { RunState } from "./state";
import { onTheme } from "./theme";

const PACE = 1000;
const CELL = 34;

export class Printed {
  readonly element: HTMLElement;
  private readonly cells = new PictureCanvas("Printed digits, wrong answers tinted");
  private readonly tally = el("figcaption");
  private answer: PrintedAnswer | null = null;
  private timer = 0;
  private asked = -PACE;
  private closed = false;
  private readonly offTheme: () => void;

  constructor(
    private readonly run: RunState,
    private readonly visible: () => boolean,
  ) {
    this.element = el("figure", { class: "printed" }, this.cells.canvas, this.tally);
    run.on(["view", "snapshot"], () => this.want());
    this.offTheme = onTheme(() => this.draw());
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.offTheme();
  }

  /** At most once a second, and only while it is looked at. */
  want(): void {
    const digits = this.run.classes.join("") === "0123456789" && this.run.about?.facts?.model?.input_shape?.[2] === 1;
    setHidden(this.element, !digits);
    if (!digits || this.timer || this.closed || !this.visible()) return;
    const wait = Math.max(0, this.asked + PACE - performance.now());
    this.timer = window.setTimeout(() => void this.ask(), wait);
  }

  private async ask(): Promise<void> {
    this.asked = performance.now();
    const at = this.run.at;
    try {
      this.answer = await this.run.server.askPrinted(this.run.id, at);
      this.draw();
    } catch (error) {
      this.answer = null;
      const absent = error instanceof ServerError && error.status === 503;
      setText(this.tally, absent ? "" : (error as Error).message);
    }
    this.timer = 0;
    if (this.run.at !== at) this.want();
  }

  private draw(): void {
    if (!this.answer) return;
    const { pixels, shape, labels, answers } = this.answer;
    const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
    const pictures = new Pictures(bytes, shape);
    const columns = this.element.clientWidth < 12 * CELL ? 8 : 12;
    const { ratio, width, height } = this.cells.size(columns * CELL, Math.ceil(labels.length / columns) * CELL);
    const grid = layout({ left: 0, top: 0, width, height }, labels.length, pictures, columns, CELL * ratio);
    const order = labels.map((_, i) => i);
    this.cells.draw(grid, { pictures, order, labels, answers, confidence: null, classes: this.run.classes });
    const { errors } = wrongFirst(labels, answers);
    this.cells.canvas.dataset.errors = String(errors);
    setText(this.tally, `Printed, not written (font-digits): ${labels.length - errors} of ${labels.length} right`);
  }
}
