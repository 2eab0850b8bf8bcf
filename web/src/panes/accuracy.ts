/** Pane 1: accuracy from none to all, or close up. */

import { button } from "../dom";
import type { Value } from "../server";
import type { RunState } from "../state";
import { percent } from "../text";
import { CurvePane } from "./curve";

export class AccuracyPane extends CurvePane {
  private close_up = false;

  constructor(run: RunState) {
    super(run, 1, "Accuracy", "accuracy");
    const closer = button("↕", "Close up: only the range of the watched curve's later part", () => {
      this.close_up = !this.close_up;
      closer.setAttribute("aria-pressed", String(this.close_up));
      this.resetZoom();
    });
    closer.setAttribute("aria-pressed", "false");
    closer.className = "small";
    closer.setAttribute("aria-label", "Close up");
    this.legend.append(closer);
  }

  protected range(): [number, number] {
    if (!this.close_up) return [0, 1];
    const values = this.run.curves.watched.accuracy.filter((value) => value !== null);
    const later = values.slice(Math.floor(values.length / 4));
    if (!later.length) return [0, 1];
    const [low, high] = [Math.min(...later), Math.max(...later)];
    const margin = Math.max(0.002, (high - low) * 0.15);
    return [Math.max(0, low - margin), Math.min(1, high + margin)];
  }

  protected labels(values: number[]): string[] {
    const digits = values.length > 1 && values[1] - values[0] < 0.0099 ? (values[1] - values[0] < 0.00099 ? 2 : 1) : 0;
    return values.map((value) => `${(100 * value).toFixed(digits)} %`);
  }

  protected words(value: Value): string {
    return percent(value);
  }
}
