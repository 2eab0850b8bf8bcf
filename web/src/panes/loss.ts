/** Pane 2: loss, on a range that the wild first steps do not set. */

import { lossTop } from "../curves";
import { plain } from "../plot";
import type { Value } from "../server";
import type { RunState } from "../state";
import { decimal } from "../text";
import { CurvePane } from "./curve";

export class LossPane extends CurvePane {
  constructor(run: RunState) {
    super(run, 2, "Loss", "loss");
  }

  private top = 1;

  override draw(): void {
    const { train, watched } = this.run.curves;
    this.top = lossTop(train.loss, watched.loss);
    super.draw();
  }

  protected range(): [number, number] {
    return [0, this.top ?? 1];
  }

  protected labels(values: number[]): string[] {
    return values.map((value) => plain(value));
  }

  protected words(value: Value): string {
    return decimal(value);
  }
}
