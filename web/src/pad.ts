/** A pad to draw on. The ink is the opacity of a transparent canvas, whatever the page's colours are. */

import { el } from "./dom";
import { prepareDigit } from "./prepare";

export const SIDE = 280;
const STROKE = 22;

export type Point = [number, number];

export class Pad {
  readonly canvas = el("canvas", { width: SIDE, height: SIDE, class: "pad", tabindex: 0, role: "img", "aria-label": "Draw here" });
  /** Whether there are strokes on it. */
  drawn = false;
  private readonly context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  private last: Point | null = null;

  /** Tells when there is more ink; `takesInk` says whether a pointer draws at all. */
  constructor(
    private readonly changed: () => void,
    private readonly takesInk: () => boolean = () => true,
  ) {
    this.canvas.addEventListener("pointerdown", (event) => {
      if (!this.takesInk()) return;
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      this.last = this.at(event);
      this.follow(event);
    });
    this.canvas.addEventListener("pointermove", (event) => this.last && this.follow(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.last = null));
  }

  /** A stroke between two points, 0 to SIDE; from a point to itself it is a dot. */
  line(from: Point, to: Point): void {
    this.context.lineWidth = STROKE;
    this.context.lineCap = "round";
    this.context.lineJoin = "round";
    this.context.strokeStyle = "#000";
    this.context.beginPath();
    this.context.moveTo(...from);
    this.context.lineTo(to[0] + 0.01, to[1]);
    this.context.stroke();
    this.drawn = true;
    this.changed();
  }

  clear(): void {
    this.context.clearRect(0, 0, SIDE, SIDE);
    this.canvas.classList.remove("photo");
    this.drawn = false;
  }

  /** A picture in place of strokes. */
  showPhoto(paint: (context: CanvasRenderingContext2D, side: number) => void): void {
    this.clear();
    paint(this.context, SIDE);
    this.canvas.classList.add("photo");
  }

  /** The strokes as a network was taught to see them: rows x columns values, 0 to 255. */
  digit(rows: number, columns: number): Uint8Array<ArrayBuffer> {
    const { data } = this.context.getImageData(0, 0, SIDE, SIDE);
    const ink = new Uint8Array(SIDE * SIDE);
    for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3];
    return prepareDigit(ink, SIDE, SIDE, rows, columns);
  }

  private at(event: PointerEvent): Point {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }

  private follow(event: PointerEvent): void {
    const to = this.at(event);
    this.line(this.last!, to);
    this.last = to;
  }
}
