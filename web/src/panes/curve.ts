/** Accuracy and loss: the training batch (thin) and the watched split (thick) over the steps. */

import type uPlot from "uplot";
import { lastAt, merge, thin } from "../curves";
import { el, setText } from "../dom";
import { Plot } from "../plot";
import type { Value } from "../server";
import type { RunState } from "../state";
import { colours } from "../theme";
import { Pane, waiting } from "./pane";

export abstract class CurvePane extends Pane {
  /** Five times a second is as often as an eye needs; the rest belongs to the training. */
  override pace = 200;
  protected readonly plot: Plot;
  private readonly train = el("output", { class: "value" });
  private readonly watched = el("output", { class: "value" });
  private readonly watchedName = el("span", { text: "watched" });
  private hovered: number | null = null;
  protected data: [number[], Value[], Value[]] = [[], [], []];

  constructor(
    run: RunState,
    number: number,
    title: string,
    private readonly what: "accuracy" | "loss",
  ) {
    super(run, number, title);
    this.legend.append(
      el("span", { class: "key train" }, el("i"), "batch", this.train),
      el("span", { class: "key watched" }, el("i"), this.watchedName, this.watched),
    );
    const host = el("div", { class: "plot", tabindex: 0, role: "img", "aria-label": title });
    this.body.append(host);
    this.plot = new Plot(host, {
      series: [
        { stroke: () => colours.orange, width: 1, spanGaps: true, points: { show: false } },
        { stroke: () => colours.blue, width: 2.5, spanGaps: true, points: { show: false } },
      ],
      range: () => this.range(),
      labels: (values) => this.labels(values),
      hover: (index) => this.hover(index),
      wordsBelow: what === "accuracy",
      zoomed: () => this.want(true),
    });
    run.on(["curves", "about"], () => this.want());
    run.on(["view"], () => this.want(true));
  }

  protected abstract range(): [number, number];
  protected abstract labels(values: number[]): string[];
  protected abstract words(value: Value): string;

  draw(): void {
    const { train, watched, marks } = this.run.curves;
    const [from, to] = this.plot.window;
    this.data = merge(
      thin(train.step, train[this.what], from, to, Math.max(200, 1.5 * this.width)),
      { step: watched.step, values: watched[this.what] },
    );
    this.plot.set(this.data as uPlot.AlignedData, this.run.stepShown, marks);
    this.waitFor(this.data[0].length ? "" : waiting(this.run, "The first steps come soon."));
    setText(this.watchedName, this.run.watchedName);
    this.readings();
  }

  override resized(): void {
    this.plot.resize(this.width, this.height);
  }

  override retheme(): void {
    this.plot.rebuild();
  }

  override resetZoom(): void {
    this.plot.reset();
  }

  override boxZoom(on: boolean): void {
    this.plot.box(on);
  }

  private hover(index: number | null): void {
    this.hovered = index === null ? null : this.data[0][index];
    this.readings();
  }

  /** The values under the pointer, else where the slider stands, else the newest. */
  private readings(): void {
    const step = this.hovered ?? this.run.stepShown ?? Infinity;
    const read = (lines: { step: number[] }, values: Value[]) => values[lastAt(lines.step, step)] ?? null;
    const { train, watched } = this.run.curves;
    setText(this.train, this.words(read(train, train[this.what])));
    setText(this.watched, this.words(read(watched, watched[this.what])));
  }
}
