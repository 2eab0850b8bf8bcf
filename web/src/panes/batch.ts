/** Pane 3: the pictures of the next batch, wrong ones first. */

import { layout, wrongFirst } from "../cells";
import { el, setText } from "../dom";
import type { RunState } from "../state";
import { Pane, waiting } from "./pane";
import { PictureCanvas } from "./pictures";

export class BatchPane extends Pane {
  private readonly cells = new PictureCanvas("Pictures of the current batch, wrong answers first");
  private readonly tally = el("output", { class: "tally" });

  constructor(run: RunState) {
    super(run, 3, "Training batch");
    this.body.append(this.cells.canvas);
    this.legend.append(this.tally);
    run.on(["snapshot", "about"], () => this.want(true));
    run.on(["curves"], () => !run.shown && this.want());
  }

  draw(): void {
    const batch = this.run.shown?.batch;
    const place = this.cells.size(this.width, this.height);
    this.waitFor(batch ? "" : waiting(this.run, "The first snapshot comes soon."));
    if (!batch) return;
    const { order, errors } = wrongFirst(batch.labels, batch.answers);
    const room = { left: 0, top: 0, width: place.width, height: place.height };
    const columns = order.length === 100 ? 10 : 0;
    const grid = layout(room, order.length, batch.pictures, this.width > 1.9 * this.height ? 0 : columns);
    grid.left = Math.floor((place.width - grid.columns * grid.width) / 2);
    this.cells.draw(grid, { ...batch, order, classes: this.run.classes });
    this.cells.canvas.dataset.errors = String(errors);
    setText(this.tally, `${errors} of ${order.length} wrong`);
  }

  override resized(): void {
    this.want(true);
  }
}
