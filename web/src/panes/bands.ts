/** Panes 4 and 5: percentile bands over time, of whatever is chosen; gradient norms; weights and maps as pictures. */

import type uPlot from "uplot";
import { el, setText } from "../dom";
import { plain, Plot, type PlotOptions } from "../plot";
import type { RunState } from "../state";
import { colours, LINES } from "../theme";
import { rate } from "../text";
import { Pane, waiting } from "./pane";
import { FilterCanvas } from "./filters";

// Four nested fills, the middle darkest, as in the original window: each covers what is left of the last.
const ALPHA = 1.6 / 7;
const MOST_NAMED = 10;

type Kind = "bands" | "norms" | "maps" | "pictures";

export class BandsPane extends Pane {
  override pace = 250;
  private readonly host = el("div", { class: "plot", tabindex: 0, role: "img" });
  private readonly filters = new FilterCanvas();
  private readonly chooser: HTMLSelectElement;
  private readonly key = el("div", { class: "line-key", hidden: true });
  private readonly note = el("output", { class: "tally" });
  private readonly plot: Plot;
  private known = "";
  private choice: string;

  constructor(run: RunState, number: number, title: string, first: "weight" | "bias") {
    super(run, number, title);
    this.choice = first;
    this.chooser = el("select", { "aria-label": `What graph ${number} shows` });
    this.chooser.addEventListener("change", () => this.choose());
    this.legend.append(this.note, this.chooser);
    this.host.setAttribute("aria-label", title);
    this.body.append(this.host, this.filters.canvas, this.key);
    this.filters.canvas.hidden = true;
    this.plot = new Plot(this.host, this.bandOptions());
    this.fill();
    run.on(["bands"], () => this.want());
    run.on(["curves"], () => !run.bands.steps.length && this.want());
    run.on(["view"], () => this.want(true));
    run.on(["snapshot"], () => this.want(this.kind === "maps" || this.kind === "pictures"));
  }

  draw(): void {
    this.fill();
    if (this.kind === "maps" || this.kind === "pictures") return this.drawFilters();
    const { bands, stepShown } = this.run;
    this.waitFor(bands.steps.length ? "" : waiting(this.run, "The first snapshot comes soon."));
    const lines = this.kind === "norms" ? this.chosenNorms().map((i) => bands.norms(i)) : bands.lines(this.which());
    this.plot.set([bands.steps, ...lines] as uPlot.AlignedData, stepShown, []);
    setText(this.note, this.sampled() ? "of 65,536 sampled values" : "");
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

  private get kind(): Kind {
    const [kind] = this.choice.split(":");
    return kind === "norms" || kind === "maps" || kind === "pictures" ? kind : "bands";
  }

  private which(): number | "weight" | "bias" | "logit" {
    const [kind, index] = this.choice.split(":");
    return kind === "variable" ? Number(index) : (kind as "weight");
  }

  private sampled(): boolean {
    const which = this.which();
    return this.kind === "bands" && typeof which === "number" && !!this.run.shown?.sampled?.[which];
  }

  private chosenNorms(): number[] {
    const [, index] = this.choice.split(":");
    return index === undefined ? this.run.bands.variables.map((_, i) => i) : [Number(index)];
  }

  private choose(): void {
    this.choice = this.chooser.value;
    const filters = this.kind === "maps" || this.kind === "pictures";
    this.host.hidden = filters;
    this.filters.canvas.hidden = !filters;
    if (!filters) this.plot.change(this.kind === "norms" ? this.normOptions() : this.bandOptions());
    setText(this.note, "");
    this.name.data = this.words();
    this.drawKey();
    this.want(true);
  }

  private words(): string {
    if (this.kind !== "bands") return { norms: "Gradients", maps: "Maps", pictures: "Filters" }[this.kind];
    const which = this.which();
    if (which === "logit") return "Logits";
    return this.ofWeights(which) ? "Weights" : "Biases";
  }

  private ofWeights(which: number | "weight" | "bias" | "logit"): boolean {
    return which === "weight" || (typeof which === "number" && /kernel$/.test(this.run.bands.variables[which] ?? ""));
  }

  /** Which line is whose, where there are many. */
  private drawKey(): void {
    const chosen = this.kind === "norms" ? this.chosenNorms() : [];
    this.key.hidden = chosen.length < 2;
    this.key.replaceChildren(
      ...chosen.slice(0, MOST_NAMED).map((i) => {
        const swatch = el("i", { class: i >= LINES.length ? "dashed" : "" });
        swatch.style.borderTopColor = LINES[i % LINES.length];
        return el("div", {}, swatch, this.run.bands.names[i]);
      }),
    );
  }

  /** Groups: everything together, then one group a layer, then what is pictures. */
  private fill(): void {
    const { variables, names } = this.run.bands;
    const shown = this.run.shown;
    const key = JSON.stringify([variables, !!shown?.maps, !!shown?.weights]);
    if (key === this.known) return;
    this.known = key;
    const option = (value: string, text: string) => el("option", { value, text });
    const groups: HTMLElement[] = [
      el(
        "optgroup",
        { label: "All layers" },
        option("weight", "All weights"),
        option("bias", "All biases"),
        option("logit", "Logits of the batch"),
        option("norms", "Gradient norms"),
      ),
    ];
    if (shown?.maps || shown?.weights) {
      const group = el("optgroup", { label: "As pictures" });
      if (shown.weights) group.append(option("pictures", "First layer's weights"));
      if (shown.maps) group.append(option("maps", "First layer's maps"));
      groups.push(group);
    }
    for (const [layer, indices] of layers(names)) {
      const group = el("optgroup", { label: layer });
      for (const i of indices) group.append(option(`variable:${i}`, names[i]));
      for (const i of indices) group.append(option(`norms:${i}`, `${names[i]}: gradient norm`));
      groups.push(group);
    }
    this.chooser.replaceChildren(...groups);
    this.chooser.value = this.choice;
  }

  private drawFilters(): void {
    const { shown, images } = this.run;
    const there = this.kind === "maps" ? shown?.maps : shown?.weights;
    this.waitFor(there ? "" : waiting(this.run, "The first snapshot comes soon."));
    if (!there || !shown) return;
    if (this.kind === "maps") this.filters.drawMaps(this.width, this.height, shown.maps!, images);
    else this.filters.drawWeights(this.width, this.height, shown.weights!);
  }

  private colour(): string {
    const which = this.which();
    if (which === "logit") return colours.purple;
    return this.ofWeights(which) ? colours.blue : colours.green;
  }

  private bandOptions(): PlotOptions {
    const fill = () => this.colour() + Math.round(ALPHA * 255).toString(16);
    return {
      series: Array.from({ length: 8 }, () => ({ width: 0, points: { show: false } })),
      bands: [0, 1, 2, 3].map((edge) => ({ series: [8 - edge, 1 + edge] as uPlot.Band.Bounds, fill })),
      range: spread,
      labels: (values) => values.map(plain),
      hover: (index) => this.hover(index),
    };
  }

  private normOptions(): PlotOptions {
    const series = this.chosenNorms().map((index) => ({
      stroke: LINES[index % LINES.length],
      dash: index >= LINES.length ? [6, 4] : undefined,
      width: 1.5,
      points: { show: false },
    }));
    return { series, range: magnitudes, logarithmic: true, hover: (index) => this.hover(index) };
  }

  /** In words what the pointer is on: least, middle half and largest, or the steepest variable. */
  private hover(index: number | null): void {
    const { bands } = this.run;
    if (index === null || bands.steps[index] === undefined) return setText(this.note, "");
    if (this.kind === "norms") {
      const [name, norm] = this.chosenNorms()
        .map((i) => [bands.names[i], bands.norms(i)[index] ?? 0] as const)
        .reduce((most, one) => (one[1] > most[1] ? one : most));
      return setText(this.note, `${name} ${rate(norm)}`);
    }
    const lines = bands.lines(this.which());
    setText(this.note, `${plain(lines[0][index] ?? 0)} … ${plain(lines[7][index] ?? 0)}`);
  }
}

function layers(names: string[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  names.forEach((name, i) => {
    const layer = name.slice(0, name.lastIndexOf(" "));
    found.set(layer, [...(found.get(layer) ?? []), i]);
  });
  return found;
}

function spread(data: uPlot.AlignedData): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const line of data.slice(1))
    for (const value of line)
      if (value !== null && value !== undefined) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
  if (!(low <= high)) return [-1, 1];
  const margin = (high - low) * 0.05 || 0.1;
  return [low - margin, high + margin];
}

function magnitudes(data: uPlot.AlignedData): [number, number] {
  let [low, high] = [Infinity, 0];
  for (const line of data.slice(1))
    for (const value of line)
      if (value) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
  return low <= high ? [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.01))] : [0.1, 10];
}
