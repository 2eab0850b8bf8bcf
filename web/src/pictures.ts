/** Small pictures, scaled once to a cell's size and kept: a pane of a thousand is then a thousand copies of rows. */

import { colours, isDark, rgb, type Rgb } from "./theme";

const MOST_PIXELS = 6_000_000;
const TINT_STRENGTH = 0.42;

export class Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Light strokes on black: shown as ink on the page's paper, as on a real sheet. */
  readonly ink: boolean;
  private kept = new Map<number, Uint32Array>();
  private keptFor = "";

  constructor(
    private readonly data: Uint8Array,
    shape: number[],
    mayBeInk = shape[3] === 1,
  ) {
    [this.count, this.height, this.width, this.channels] = shape;
    this.ink = mayBeInk && this.darkEdge();
  }

  /** The picture as side x side pixels, tinted where the answer is wrong. */
  cell(index: number, width: number, height: number, wrong: boolean): Uint32Array {
    const kind = `${width} ${height} ${isDark()} ${colours.paper}`;
    if (kind !== this.keptFor || this.kept.size * width * height > MOST_PIXELS) {
      this.kept.clear();
      this.keptFor = kind;
    }
    const key = index * 2 + Number(wrong);
    let cell = this.kept.get(key);
    if (!cell) this.kept.set(key, (cell = this.scale(index, width, height, wrong)));
    return cell;
  }

  /** Pictures to look at: one on a canvas of its own. */
  paint(canvas: HTMLCanvasElement, index: number, side: number, wrong = false): void {
    const scale = Math.min(side / this.width, side / this.height);
    const [w, h] = [Math.round(this.width * scale), Math.round(this.height * scale)];
    if (canvas.width !== w) canvas.width = w;
    if (canvas.height !== h) canvas.height = h;
    const image = new ImageData(w, h);
    new Uint32Array(image.data.buffer).set(this.scale(index, w, h, wrong));
    canvas.getContext("2d")!.putImageData(image, 0, 0);
  }

  /** Means of areas when it shrinks, nearest pixel when it grows: an enlarged digit keeps its pixels. */
  private scale(index: number, width: number, height: number, wrong: boolean): Uint32Array {
    const out = new Uint32Array(width * height);
    const colour = this.palette(wrong);
    const start = index * this.height * this.width * this.channels;
    const sum: Rgb = [0, 0, 0];
    for (let y = 0; y < height; y++) {
      const top = Math.floor((y * this.height) / height);
      const bottom = Math.max(top + 1, Math.floor(((y + 1) * this.height) / height));
      for (let x = 0; x < width; x++) {
        const left = Math.floor((x * this.width) / width);
        const right = Math.max(left + 1, Math.floor(((x + 1) * this.width) / width));
        this.mean(start, top, bottom, left, right, sum);
        out[y * width + x] = colour(sum);
      }
    }
    return out;
  }

  private mean(start: number, top: number, bottom: number, left: number, right: number, sum: Rgb): void {
    const { channels, data } = this;
    sum[0] = sum[1] = sum[2] = 0;
    for (let v = top; v < bottom; v++)
      for (let u = left, at = start + (v * this.width + left) * channels; u < right; u++, at += channels) {
        sum[0] += data[at];
        if (channels > 2) {
          sum[1] += data[at + 1];
          sum[2] += data[at + 2];
        }
      }
    const area = (bottom - top) * (right - left);
    sum[0] /= area;
    sum[1] = channels > 2 ? sum[1] / area : sum[0];
    sum[2] = channels > 2 ? sum[2] / area : sum[0];
  }

  private palette(wrong: boolean): (value: Rgb) => number {
    const paper = rgb(wrong ? colours.tint : isDark() ? colours.raised : colours.paper);
    const ink = rgb(colours.ink);
    const tint = rgb(colours.orange);
    if (this.ink)
      return ([value]) => {
        const share = value / 255;
        return packed(mix(paper[0], ink[0], share), mix(paper[1], ink[1], share), mix(paper[2], ink[2], share));
      };
    if (!wrong) return ([r, g, b]) => packed(r, g, b);
    return ([r, g, b]) =>
      packed(mix(r, tint[0], TINT_STRENGTH), mix(g, tint[1], TINT_STRENGTH), mix(b, tint[2], TINT_STRENGTH));
  }

  private darkEdge(): boolean {
    let sum = 0;
    let seen = 0;
    for (let i = 0; i < Math.min(this.count, 50); i++)
      for (let y = 0; y < this.height; y++)
        for (const x of y === 0 || y === this.height - 1 ? Array(this.width).keys() : [0, this.width - 1]) {
          sum += this.data[((i * this.height + y) * this.width + x) * this.channels];
          seen++;
        }
    return sum < 72 * seen;
  }
}

const mix = (from: number, to: number, share: number) => from + (to - from) * share;
const packed = (r: number, g: number, b: number) =>
  ((255 << 24) | ((b + 0.5) << 16) | ((g + 0.5) << 8) | (r + 0.5)) >>> 0;
