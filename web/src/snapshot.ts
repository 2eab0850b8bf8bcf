/** A snapshot as the panes take it. */

import type { Pack } from "./pack";
import { Pictures } from "./pictures";

export interface Cells {
  labels: Uint16Array;
  answers: Uint16Array;
  confidence: Uint8Array;
}

export interface Snapshot {
  step: number;
  batch: (Cells & { pictures: Pictures }) | null;
  watched: Omit<Cells, "labels"> | null;
  watchedStep: number;
  variables: string[];
  sampled: Uint8Array | null;
  maps: Pictures | null;
  weights: { data: Int8Array; shape: number[]; scale: number } | null;
}

export async function readSnapshot(step: number, pack: Pack): Promise<Snapshot> {
  const { arrays, header } = pack;
  const maps = arrays.maps;
  const weights = arrays.pictures;
  return {
    step,
    batch: await batch(pack),
    watched: arrays.watched_answers
      ? {
          answers: arrays.watched_answers.data as Uint16Array,
          confidence: arrays.watched_confidence.data as Uint8Array,
        }
      : null,
    watchedStep: Number(arrays.watched_step?.data[0] ?? header.watched_step ?? 0),
    variables: (header.variables as string[]) ?? [],
    sampled: (arrays.sampled?.data as Uint8Array) ?? null,
    maps: maps ? new Pictures(maps.data as Uint8Array, [...maps.shape, 1], false) : null,
    weights: weights
      ? {
          data: weights.data as Int8Array,
          shape: weights.shape,
          scale: Number(arrays.pictures_scale?.data[0] ?? header.pictures_scale ?? 1),
        }
      : null,
  };
}

/** The batch's pictures are one JPEG, ten a row: decoded by the browser, then cut up. */
async function batch({ arrays }: Pack): Promise<Snapshot["batch"]> {
  if (!arrays.batch_sheet || !arrays.batch_sheet.data.length) return null;
  const bytes = arrays.batch_sheet.data as Uint8Array<ArrayBuffer>;
  const [height, width] = arrays.batch_cell.data;
  const labels = arrays.batch_labels.data as Uint16Array;
  const sheet = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const canvas = new OffscreenCanvas(sheet.width, sheet.height);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(sheet, 0, 0);
  sheet.close();
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const cut = new Uint8Array(labels.length * height * width * 3);
  let grey = true;
  for (let i = 0, to = 0; i < labels.length; i++)
    for (let y = 0; y < height; y++) {
      let from = 4 * ((Math.floor(i / 10) * height + y) * canvas.width + (i % 10) * width);
      for (let x = 0; x < width; x++, from += 4) {
        const [r, g, b] = [pixels[from], pixels[from + 1], pixels[from + 2]];
        grey &&= r === g && g === b;
        cut[to++] = r;
        cut[to++] = g;
        cut[to++] = b;
      }
    }
  return {
    labels,
    answers: arrays.batch_answers.data as Uint16Array,
    confidence: arrays.batch_confidence.data as Uint8Array,
    pictures: new Pictures(cut, [labels.length, height, width, 3], grey),
  };
}
