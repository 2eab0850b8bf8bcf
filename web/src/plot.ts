/** A chart by uPlot: axes in the page's colours, vertical marks, box zoom, and keys for those without a mouse. */

import uPlot from "uplot";
import type { Mark } from "./server";
import { colours } from "./theme";

export interface PlotOptions {
  series: uPlot.Series[];
  bands?: uPlot.Band[];
  /** The whole range of y for the data as they are. */
  range(data: uPlot.AlignedData): [number, number];
  labels?(values: number[]): string[];
  logarithmic?: boolean;
  /** The index of the data under the pointer, null when it is away. */
  hover?(index: number | null): void;
  /** Where the marks' words stand: where the curve is not. */
  wordsBelow?: boolean;
  /** Another range of x is seen. */
  zoomed?(): void;
}

type Range = [number, number];

const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
const AXIS = { grid: { width: 1 }, ticks: { show: false } };
const MARK_WORDS: Record<string, string> = {
  pause: "paused",
  resume: "resumed",
  stop: "stopped",
  save: "saved",
  learning_rate: "rate",
  epochs: "epochs",
};

export class Plot {
  private plot: uPlot | null = null;
  private data: uPlot.AlignedData;
  private zoom: { x: Range; y: Range } | null = null;
  private boxing = false;
  private step: number | null = null;
  private marks: Mark[] = [];
  private size = { width: 0, height: 0 };

  constructor(
    private readonly host: HTMLElement,
    private options: PlotOptions,
  ) {
    this.data = [[], ...options.series.map(() => [])] as uPlot.AlignedData;
    host.addEventListener("keydown", (event) => this.key(event));
    host.addEventListener("dblclick", () => this.reset());
    host.addEventListener("pointerdown", (event) => this.touch(event));
  }

  get zoomed(): boolean {
    return this.zoom !== null;
  }

  /** The range of x that is seen. */
  get window(): [number, number] {
    return this.zoom?.x ?? [-Infinity, Infinity];
  }

  /** Other lines in the same place. */
  change(options: PlotOptions): void {
    this.options = options;
    this.data = [[], ...options.series.map(() => [])] as uPlot.AlignedData;
    this.zoom = null;
    this.rebuild();
  }

  set(data: uPlot.AlignedData, step: number | null, marks: Mark[]): void {
    [this.data, this.step, this.marks] = [data, step, marks];
    this.plot?.setData(data);
  }

  resize(width: number, height: number): void {
    if (width < 20 || height < 20) return;
    this.size = { width, height };
    if (this.plot) this.plot.setSize(this.size);
    else this.rebuild();
  }

  box(on: boolean): void {
    this.boxing = on;
    this.host.classList.toggle("boxing", on);
  }

  reset(): void {
    this.zoom = null;
    this.plot?.setData(this.data);
    this.options.zoomed?.();
  }

  rebuild(): void {
    if (!this.size.width) return;
    this.plot?.destroy();
    this.plot = new uPlot(this.settings(), this.data, this.host);
  }

  private settings(): uPlot.Options {
    const { options } = this;
    const axis = { ...AXIS, stroke: () => colours.quiet, font: FONT, grid: { width: 1, stroke: () => colours.rule } };
    return {
      ...this.size,
      padding: [8, 24, 0, 0],
      legend: { show: false },
      cursor: {
        x: true,
        y: false,
        points: { show: !options.bands, size: 6 },
        drag: { x: true, y: true, uni: 12, setScale: false },
        bind: { mousedown: (_, __, handler) => (event) => (this.boxing ? handler(event) : null), dblclick: () => null },
      },
      scales: {
        x: { time: false, range: () => this.zoom?.x ?? this.wholeX() },
        y: { distr: options.logarithmic ? 3 : 1, range: () => this.zoom?.y ?? options.range(this.data) },
      },
      axes: [
        { ...axis, size: 26, gap: 4, space: 64, incrs: STEPS, values: (_, all) => all.map(stepLabel) },
        {
          ...axis,
          size: 50,
          gap: 6,
          space: 34,
          ...(options.logarithmic ? { filter: powers, grid: { ...axis.grid, filter: powers } } : {}),
          values: (_, all) => this.yLabels(all),
        },
      ],
      series: [{}, ...options.series],
      bands: options.bands,
      hooks: {
        setSelect: [(plot) => this.select(plot)],
        setCursor: [(plot) => options.hover?.(plot.cursor.idx ?? null)],
        draw: [(plot) => this.drawn(plot)],
      },
    };
  }

  /** uPlot hears only mice; a finger draws its box here. */
  private touch(start: PointerEvent): void {
    const plot = this.plot;
    if (!plot || !this.boxing || start.pointerType === "mouse") return;
    const box = plot.over.getBoundingClientRect();
    const at = (event: PointerEvent) => [
      Math.min(box.width, Math.max(0, event.clientX - box.left)),
      Math.min(box.height, Math.max(0, event.clientY - box.top)),
    ];
    const [x, y] = at(start);
    const move = (event: PointerEvent) => {
      const [u, v] = at(event);
      const select = { left: Math.min(x, u), top: Math.min(y, v), width: Math.abs(u - x), height: Math.abs(v - y) };
      plot.setSelect(select, event.type === "pointerup");
    };
    const end = (event: PointerEvent) => {
      for (const type of ["pointermove", "pointerup", "pointercancel"] as const) this.host.removeEventListener(type, type === "pointermove" ? move : end);
      if (event.type === "pointerup") move(event);
    };
    this.host.setPointerCapture(start.pointerId);
    this.host.addEventListener("pointermove", move);
    this.host.addEventListener("pointerup", end);
    this.host.addEventListener("pointercancel", end);
  }

  private yLabels(values: number[]): string[] {
    const labels = this.options.labels;
    if (!this.options.logarithmic) return labels ? labels(values) : values.map((value) => plain(value));
    return values.map((value) =>
      value === null ? "" : value >= 0.01 && value <= 100 ? plain(value) : value.toExponential(0).replace("+", ""),
    );
  }

  private wholeX(): Range {
    const steps = this.data[0];
    const end = Math.max(steps.length ? steps[steps.length - 1] : 0, 1);
    return [0, end];
  }

  private select(plot: uPlot): void {
    const { left, top, width, height } = plot.select;
    if (width > 4 || height > 4) {
      const whole = { x: this.zoom?.x ?? this.wholeX(), y: this.zoom?.y ?? this.options.range(this.data) };
      const x: Range = width > 4 ? [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")] : whole.x;
      const y: Range = height > 4 ? [plot.posToVal(top + height, "y"), plot.posToVal(top, "y")] : whole.y;
      this.zoom = { x, y };
    }
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    plot.setData(this.data);
    this.options.zoomed?.();
  }

  /** + and - zoom about the middle, the arrows move: the box zoom of a keyboard. */
  private key(event: KeyboardEvent): void {
    const moves: Record<string, [number, number, number]> = {
      "+": [0.6, 0, 0],
      "=": [0.6, 0, 0],
      "-": [1 / 0.6, 0, 0],
      ArrowLeft: [1, -0.15, 0],
      ArrowRight: [1, 0.15, 0],
      ArrowUp: [1, 0, 0.15],
      ArrowDown: [1, 0, -0.15],
    };
    const move = moves[event.key];
    if (!move || event.target !== this.host) return;
    event.preventDefault();
    const [factor, right, up] = move;
    const change = ([low, high]: Range, shift: number): Range => {
      const middle = (low + high) / 2 + shift * (high - low);
      const half = ((high - low) / 2) * factor;
      return [middle - half, middle + half];
    };
    const now = this.zoom ?? { x: this.wholeX(), y: this.options.range(this.data) };
    this.zoom = { x: change(now.x, right), y: this.options.logarithmic ? now.y : change(now.y, up) };
    this.plot?.setData(this.data);
    this.options.zoomed?.();
  }

  private drawn(plot: uPlot): void {
    this.lines(plot);
    const steps = plot.data[0];
    this.host.dataset.last = String(steps[steps.length - 1] ?? "");
  }

  /** Vertical lines: what somebody did to the run, and where the slider stands. */
  private lines(plot: uPlot): void {
    const context = plot.ctx;
    const { left, top, width, height } = plot.bbox;
    const ratio = devicePixelRatio;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    let free = -Infinity;
    for (const mark of this.marks) {
      if (!Number.isFinite(mark.step)) continue;
      const x = Math.round(plot.valToPos(mark.step, "x", true));
      stroke(context, x, top, height, colours.quiet, [3 * ratio, 3 * ratio], ratio);
      const words = (MARK_WORDS[mark.request] ?? mark.request) + (mark.value === null ? "" : ` ${plain(mark.value)}`);
      context.font = `${11 * ratio}px system-ui, sans-serif`;
      context.fillStyle = colours.quiet;
      const room = context.measureText(words).width;
      const before = x + room + 6 * ratio > left + width;
      const start = before ? x - room - 4 * ratio : x + 4 * ratio;
      // A label that would lie on the last one is left out; the line stays.
      if (start > free) {
        context.textAlign = "left";
        context.textBaseline = this.options.wordsBelow ? "bottom" : "top";
        context.fillText(words, start, this.options.wordsBelow ? top + height - 3 * ratio : top + 3 * ratio);
        free = start + room;
      }
    }
    if (this.step !== null) {
      const x = Math.round(plot.valToPos(this.step, "x", true));
      stroke(context, x, top, height, colours.ink, [], ratio);
    }
    context.restore();
  }
}

function stroke(
  context: CanvasRenderingContext2D,
  x: number,
  top: number,
  height: number,
  colour: string,
  dash: number[],
  ratio: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = ratio;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(x + 0.5, top);
  context.lineTo(x + 0.5, top + height);
  context.stroke();
  context.setLineDash([]);
}

const STEPS = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6, 7].map((power) => digit * 10 ** power)).sort((a, b) => a - b);

const isPower = (value: number | null) => value !== null && Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;

/** Of a logarithmic axis only the powers of ten. */
const powers = (_: uPlot, all: number[]) => all.map((one) => (isPower(one) ? one : null));

const stepLabel = (value: number) => (value >= 1e6 ? `${plain(value / 1e6)} M` : value.toLocaleString("en"));

export const plain = (value: number) => Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 6 });
