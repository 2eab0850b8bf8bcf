/** Draws many small pictures in rows: wrong ones tinted, with the true label bottom left and the answer bottom right. */

import type { Pictures } from "./pictures";
import { colours, isDark } from "./theme";
import { shortLabel } from "./text";

export interface CellSheet {
  pictures: Pictures;
  /** Which picture stands where, in reading order. */
  order: ArrayLike<number>;
  labels: ArrayLike<number>;
  answers: ArrayLike<number> | null;
  classes: string[];
}

/** Where the cells lie, in device pixels. */
export interface Grid {
  left: number;
  top: number;
  columns: number;
  rows: number;
  width: number;
  height: number;
  gap: number;
}

const SMALLEST_TAGGED = 13;

/** The largest cells of the pictures' shape that fit. */
export function layout(
  room: { left: number; top: number; width: number; height: number },
  shown: number,
  pictures: Pictures,
  fixedColumns = 0,
  most = Infinity,
): Grid {
  const aspect = pictures.width / pictures.height;
  const columns =
    fixedColumns || Math.max(1, Math.min(shown, Math.ceil(Math.sqrt((shown * room.width) / (room.height * aspect)))));
  const rows = Math.max(1, Math.ceil(shown / columns));
  const height = Math.max(2, Math.floor(Math.min(room.height / rows, room.width / columns / aspect, most)));
  const width = Math.max(2, Math.floor(height * aspect));
  return { left: room.left, top: room.top, columns, rows, width, height, gap: height >= 8 ? 1 : 0 };
}

export function drawCells(context: CanvasRenderingContext2D, grid: Grid, sheet: CellSheet): void {
  const { pictures, order, answers, labels } = sheet;
  const shown = Math.min(order.length, grid.columns * grid.rows);
  const image = new ImageData(grid.columns * grid.width, grid.rows * grid.height);
  const pixels = new Uint32Array(image.data.buffer);
  const [w, h] = [grid.width - grid.gap, grid.height - grid.gap];
  for (let place = 0; place < shown; place++) {
    const index = order[place];
    const wrong = answers !== null && answers[index] !== labels[index];
    const cell = pictures.cell(index, w, h, wrong);
    let to = Math.floor(place / grid.columns) * grid.height * image.width + (place % grid.columns) * grid.width;
    for (let y = 0; y < h; y++, to += image.width) pixels.set(cell.subarray(y * w, (y + 1) * w), to);
  }
  context.putImageData(image, grid.left, grid.top);
  if (answers && Math.min(w, h) >= SMALLEST_TAGGED) drawTags(context, grid, sheet, shown);
}

function drawTags(context: CanvasRenderingContext2D, grid: Grid, sheet: CellSheet, shown: number): void {
  const { order, answers, labels, classes } = sheet;
  const size = Math.max(7, Math.min(14, Math.round(grid.height * 0.3)));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "alphabetic";
  context.lineJoin = "round";
  context.lineWidth = Math.max(2, size / 4);
  context.strokeStyle = sheet.pictures.ink ? colours.tint : isDark() ? "#14171acc" : "#ffffffd0";
  // Letters that fit into half a cell beside the other label.
  const room = Math.max(1, Math.floor((grid.width / 2 - 2) / (size * 0.72)));
  const write = (text: string, x: number, y: number, colour: string) => {
    // In the smallest cells a rim would hide the digit.
    if (grid.height >= 20 || !sheet.pictures.ink) context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  };
  for (let place = 0; place < shown; place++) {
    const index = order[place];
    if (answers![index] === labels[index]) continue;
    const x = grid.left + (place % grid.columns) * grid.width;
    const y = grid.top + (Math.floor(place / grid.columns) + 1) * grid.height - grid.gap - Math.ceil(size / 7);
    context.textAlign = "left";
    write(shortLabel(classes, labels[index], room), x + 1.5, y, isDark() ? "#9bd6ff" : "#00507d");
    context.textAlign = "right";
    const answer = shortLabel(classes, answers![index], room);
    write(answer, x + grid.width - grid.gap - 1.5, y, isDark() ? "#ffc08a" : "#a03c00");
  }
}

/** Wrong ones first, each kind in its old order. */
export function wrongFirst(labels: ArrayLike<number>, answers: ArrayLike<number>): { order: Int32Array; errors: number } {
  const total = Math.min(labels.length, answers.length);
  const order = new Int32Array(total);
  let errors = 0;
  for (let i = 0; i < total; i++) if (answers[i] !== labels[i]) order[errors++] = i;
  let next = errors;
  for (let i = 0; i < total; i++) if (answers[i] === labels[i]) order[next++] = i;
  return { order, errors };
}

/** The place under a point of the canvas (device pixels), -1 outside. */
export function placeAt(grid: Grid, x: number, y: number): number {
  const column = Math.floor((x - grid.left) / grid.width);
  const row = Math.floor((y - grid.top) / grid.height);
  const inside = column >= 0 && column < grid.columns && row >= 0 && row < grid.rows;
  return inside ? row * grid.columns + column : -1;
}
