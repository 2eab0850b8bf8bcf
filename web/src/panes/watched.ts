/** Pane 6: the watched pictures, all errors first, so that the frontier reads the accuracy. */

import { layout, wrongFirst, type Grid } from "../cells";
import { el, setText } from "../dom";
import type { RunState } from "../state";
import { colours } from "../theme";
import { count, percent } from "../text";
import { Pane, waiting } from "./pane";
import { PictureCanvas } from "./pictures";

const COLUMNS = 40;
const MOST = 1000;
const AXIS = 48;
const TICKS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];

export class WatchedPane extends Pane {
  private readonly cells = new PictureCanvas("Watched pictures, wrong answers first");
  private readonly tally = el("output", { class: "tally" });

  constructor(run: RunState) {
    super(run, 6, "Watched pictures");
    this.body.append(this.cells.canvas);
    this.legend.append(this.tally);
    run.on(["snapshot", "images", "about"], () => this.want(true));
    run.on(["curves"], () => !run.shown?.watched && this.want());
  }

  draw(): void {
    const { images, labels, shown, classes } = this.run;
    const place = this.cells.size(this.width, this.height);
    if (!images || !labels) return this.waitFor(waiting(this.run, "The first evaluation comes soon."));
    const watched = shown?.watched;
    const early = this.run.at !== null || !this.run.running;
    this.waitFor(watched ? "" : early ? "Before the first evaluation." : waiting(this.run, "The first evaluation comes soon."));
    if (!watched) return setText(this.tally, "");
    const { order, errors } = wrongFirst(labels, watched.answers);
    const visible = order.subarray(0, MOST);
    const axis = Math.round(AXIS * place.ratio);
    const room = { left: axis, top: 6 * place.ratio, width: place.width - axis, height: place.height - 12 * place.ratio };
    const grid = layout(room, visible.length, images, visible.length === MOST ? COLUMNS : 0);
    grid.left += Math.floor((room.width - grid.columns * grid.width) / 2);
    grid.top += Math.floor((room.height - grid.rows * grid.height) / 2);
    this.cells.draw(grid, { pictures: images, order: visible, labels, classes, ...watched });
    this.axis(place.context, place.ratio, grid, order.length, errors);
    this.cells.canvas.dataset.errors = String(errors);
    this.cells.canvas.dataset.total = String(order.length);
    this.tell(errors, order.length);
  }

  override resized(): void {
    this.want(true);
  }

  private tell(errors: number, total: number): void {
    const hidden = errors > MOST ? `, ${count(errors - MOST)} not shown` : "";
    const part = this.run.total > total ? ` of the first ${count(total)}` : ` of ${count(total)}`;
    setText(this.tally, `${count(errors)}${part} wrong${hidden}`);
  }

  /** Row r of the cells stands for the accuracy 1 - r * columns / total. */
  private axis(context: CanvasRenderingContext2D, ratio: number, grid: Grid, total: number, errors: number): void {
    const accuracyAt = grid.columns / total;
    const deepest = grid.rows * accuracyAt;
    const step = TICKS.find((tick) => deepest / tick <= 6) ?? 0.5;
    const digits = step >= 0.01 ? 0 : step >= 0.001 ? 1 : 2;
    const right = grid.left - 5 * ratio;
    const frontier = grid.top + Math.min(errors / grid.columns, grid.rows) * grid.height;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.font = `${11 * ratio}px system-ui, sans-serif`;
    context.fillStyle = colours.quiet;
    for (let below = 0; below <= deepest + 1e-9; below += step) {
      const y = grid.top + (below / accuracyAt) * grid.height;
      // The frontier's own figure stands there.
      if (Math.abs(y - frontier) < 15 * ratio && errors <= MOST) continue;
      context.fillText(percent(1 - below, digits), right, y);
    }
    this.frontier(context, ratio, grid, total, errors, right);
  }

  /** The stairs between wrong and right, with the accuracy beside. */
  private frontier(
    context: CanvasRenderingContext2D,
    ratio: number,
    grid: Grid,
    total: number,
    errors: number,
    right: number,
  ): void {
    if (errors > Math.min(MOST, total)) return;
    const row = Math.floor(errors / grid.columns);
    const x = grid.left + (errors % grid.columns) * grid.width;
    const y = grid.top + row * grid.height;
    const end = grid.left + grid.columns * grid.width;
    context.strokeStyle = colours.orange;
    context.lineWidth = 2 * ratio;
    context.beginPath();
    context.moveTo(grid.left - 4 * ratio, y + (errors % grid.columns ? grid.height : 0));
    if (errors % grid.columns) {
      context.lineTo(x, y + grid.height);
      context.lineTo(x, y);
    }
    context.lineTo(end, y);
    context.stroke();
    const middle = grid.top + (errors / grid.columns) * grid.height;
    context.font = `700 ${11 * ratio}px system-ui, sans-serif`;
    context.fillStyle = colours.ink;
    const accuracy = 1 - errors / total;
    context.fillText(percent(accuracy, accuracy >= 0.9995 ? 0 : 1), right, Math.max(middle, 8 * ratio));
  }
}
