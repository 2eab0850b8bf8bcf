/** A canvas of cells that can be pointed at, by pointer, finger or arrow keys. */

import { drawCells, placeAt, type CellSheet, type Grid } from "../cells";
import { announce, el, fit } from "../dom";
import { className, percent } from "../text";
import { hideTooltip, showTooltip } from "../tooltip";

export interface Shown extends CellSheet {
  confidence: ArrayLike<number> | null;
}

export class PictureCanvas {
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private shown: Shown | null = null;
  private grid: Grid | null = null;
  private ratio = 1;
  private picked = -1;

  constructor(label: string) {
    this.canvas = el("canvas", { class: "cells", tabindex: 0, role: "img", "aria-label": label });
    this.context = this.canvas.getContext("2d")!;
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hideTooltip());
    this.canvas.addEventListener("blur", hideTooltip);
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  size(width: number, height: number): { context: CanvasRenderingContext2D; ratio: number; width: number; height: number } {
    this.ratio = fit(this.canvas, width, height);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    return { context: this.context, ratio: this.ratio, width: this.canvas.width, height: this.canvas.height };
  }

  draw(grid: Grid, shown: Shown): void {
    [this.grid, this.shown] = [grid, shown];
    drawCells(this.context, grid, shown);
    // What was drawn, in device pixels, for whoever reads the picture back.
    const { left, top, columns, width, height } = grid;
    Object.assign(this.canvas.dataset, { left, top, columns, cellWidth: width, cellHeight: height });
  }

  private point(event: PointerEvent): void {
    if (!this.grid) return;
    const place = placeAt(this.grid, event.offsetX * this.ratio, event.offsetY * this.ratio);
    this.tell(place, event.clientX, event.clientY);
  }

  private key(event: KeyboardEvent): void {
    if (!this.grid || !this.shown) return;
    const moves: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.grid.columns,
      ArrowUp: -this.grid.columns,
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const last = Math.min(this.shown.order.length, this.grid.columns * this.grid.rows) - 1;
    this.picked = this.picked < 0 ? 0 : Math.min(last, Math.max(0, this.picked + move));
    const box = this.canvas.getBoundingClientRect();
    const { left, top, columns, width, height } = this.grid;
    const x = left + ((this.picked % columns) + 1) * width;
    const y = top + (Math.floor(this.picked / columns) + 0.5) * height;
    const lines = this.tell(this.picked, box.left + x / this.ratio, box.top + y / this.ratio);
    announce(lines.join(", "));
  }

  private tell(place: number, x: number, y: number): string[] {
    const shown = this.shown;
    if (!shown || place < 0 || place >= shown.order.length) {
      hideTooltip();
      return [];
    }
    const index = shown.order[place];
    const { classes, labels, answers, confidence, pictures } = shown;
    const wrong = answers !== null && answers[index] !== labels[index];
    const lines = [className(classes, labels[index])];
    if (answers) {
      const sure = confidence ? `, ${percent(confidence[index] / 255, 0)} sure` : "";
      lines.push(`${wrong ? "taken for " + className(classes, answers[index]) : "answered right"}${sure}`);
    }
    lines.push(`picture ${(index + 1).toLocaleString("en")}`);
    showTooltip({ pictures, index, wrong, lines }, x, y);
    return lines;
  }
}
