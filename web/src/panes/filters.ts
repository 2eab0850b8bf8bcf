/** Weights and first-layer maps as pictures, side by side. */

import { el, fit } from "../dom";
import type { Pictures } from "../pictures";
import { colours, isDark, rgb } from "../theme";

interface Weights {
  data: Int8Array;
  shape: number[];
  scale: number;
}

export class FilterCanvas {
  readonly canvas = el("canvas", { class: "cells", role: "img", "aria-label": "Filters as pictures" });
  private readonly small = document.createElement("canvas");

  /** Blue is below zero, orange above, the paper is zero; kernels over colours keep their colours. */
  drawWeights(width: number, height: number, weights: Weights): void {
    const [count, h, w, channels] = weights.shape;
    const [below, above, zero] = [rgb(colours.blue), rgb(colours.orange), isDark() ? [20, 23, 26] : [255, 255, 255]];
    // Pictures are stretched to the strongest weight of all, so that they can be held against each other.
    const most = weights.data.reduce((so_far, value) => Math.max(so_far, Math.abs(value)), 1);
    this.grid(width, height, count, w, h, (index, image) => {
      for (let i = 0; i < w * h; i++) {
        const at = (index * w * h + i) * channels;
        for (let c = 0; c < 3; c++) {
          const value = weights.data[at + (channels >= 3 ? c : 0)] / most;
          const side = value > 0 ? above : below;
          image.data[4 * i + c] =
            channels >= 3 ? 127.5 + 127.5 * value : zero[c] + (side[c] - zero[c]) * Math.sqrt(Math.abs(value));
        }
        image.data[4 * i + 3] = 255;
      }
    });
  }

  /** What each filter answers to the first watched picture, which stands first. */
  drawMaps(width: number, height: number, maps: Pictures, images: Pictures | null): void {
    const first = images ? 1 : 0;
    this.grid(width, height, maps.count + first, maps.width, maps.height, (index, image) => {
      const pictures = first && index === 0 ? images! : maps;
      const cell = pictures.cell(Math.max(0, index - first), image.width, image.height, false);
      new Uint32Array(image.data.buffer).set(cell);
    });
  }

  private grid(
    width: number,
    height: number,
    count: number,
    w: number,
    h: number,
    paint: (index: number, image: ImageData) => void,
  ): void {
    fit(this.canvas, width, height);
    const context = this.canvas.getContext("2d")!;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = false;
    const aspect = w / h;
    const columns = Math.ceil(Math.sqrt((count * this.canvas.width) / (this.canvas.height * aspect)));
    const rows = Math.ceil(count / columns);
    const cell = Math.floor(Math.min(this.canvas.height / rows, this.canvas.width / columns / aspect));
    const gap = Math.max(2, Math.round(cell * 0.06));
    const left = Math.floor((this.canvas.width - columns * cell * aspect) / 2);
    const top = Math.floor((this.canvas.height - rows * cell) / 2);
    [this.small.width, this.small.height] = [w, h];
    const image = new ImageData(w, h);
    for (let i = 0; i < count; i++) {
      paint(i, image);
      this.small.getContext("2d")!.putImageData(image, 0, 0);
      const x = left + (i % columns) * cell * aspect;
      const y = top + Math.floor(i / columns) * cell;
      context.drawImage(this.small, x + gap / 2, y + gap / 2, cell * aspect - gap, cell - gap);
    }
  }
}
