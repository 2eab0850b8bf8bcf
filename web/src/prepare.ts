/** A drawing becomes what the network was trained on: fitted into a box, centred by its mass. */

/** The share of the side that the strokes fill: MNIST's 20 of 28; scikit-learn's digits fill all 8 rows. */
const boxSide = (side: number) => (side <= 16 ? side : Math.round((side * 20) / 28));

/** `ink` is width x height values 0..255; the answer is side x side of them. */
export function prepareDigit(ink: Uint8ClampedArray | Uint8Array, width: number, height: number, rows: number, columns: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rows * columns);
  const bounds = inkBounds(ink, width, height);
  if (!bounds) return out;
  const [left, top, right, bottom] = bounds;
  const side = Math.min(boxSide(rows), boxSide(columns));
  const scale = side / Math.max(right - left, bottom - top);
  const [w, h] = [Math.max(1, Math.round((right - left) * scale)), Math.max(1, Math.round((bottom - top) * scale))];
  const small = shrink(ink, width, bounds, w, h);
  const [x, y] = massCentre(small, w, h);
  const shiftX = clamp(Math.round(columns / 2 - x), 0, columns - w);
  const shiftY = clamp(Math.round(rows / 2 - y), 0, rows - h);
  for (let v = 0; v < h; v++) for (let u = 0; u < w; u++) out[(v + shiftY) * columns + u + shiftX] = Math.round(small[v * w + u]);
  return out;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

function inkBounds(ink: ArrayLike<number>, width: number, height: number): [number, number, number, number] | null {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (ink[y * width + x] > 16) {
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y + 1);
      }
  return right > left ? [left, top, right, bottom] : null;
}

/** Means of areas, edges counted by the part that lies inside. */
function shrink(ink: ArrayLike<number>, width: number, [left, top, right, bottom]: number[], w: number, h: number): Float32Array {
  const out = new Float32Array(w * h);
  const [stepX, stepY] = [(right - left) / w, (bottom - top) / h];
  for (let v = 0; v < h; v++)
    for (let u = 0; u < w; u++) {
      const [x0, x1] = [left + u * stepX, left + (u + 1) * stepX];
      const [y0, y1] = [top + v * stepY, top + (v + 1) * stepY];
      let sum = 0;
      for (let y = Math.floor(y0); y < Math.min(bottom, Math.ceil(y1)); y++) {
        const tall = Math.min(y + 1, y1) - Math.max(y, y0);
        for (let x = Math.floor(x0); x < Math.min(right, Math.ceil(x1)); x++)
          sum += ink[y * width + x] * tall * (Math.min(x + 1, x1) - Math.max(x, x0));
      }
      out[v * w + u] = sum / (stepX * stepY);
    }
  return out;
}

function massCentre(values: Float32Array, w: number, h: number): [number, number] {
  let [sum, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const value = values[y * w + x];
      sum += value;
      sumX += value * (x + 0.5);
      sumY += value * (y + 0.5);
    }
  return sum ? [sumX / sum, sumY / sum] : [w / 2, h / 2];
}
