/** A pen for the keyboard: arrows move it, the space bar puts it down and lifts it, Delete wipes the pad. */

import { el } from "../dom";
import { SIDE, type Pad, type Point } from "../pad";

const STEP = SIDE / 28;
const WAYS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The pad with the pen above it. */
export function withPen(pad: Pad, wipe: () => void): HTMLElement {
  const nib = el("i", { class: "nib" });
  const held = new Set<string>();
  let at: Point = [SIDE / 2, SIDE / 4];
  let down = false;
  const show = () => {
    nib.style.left = `${(100 * at[0]) / SIDE}%`;
    nib.style.top = `${(100 * at[1]) / SIDE}%`;
    nib.classList.toggle("down", down);
  };
  const move = () => {
    const to = [0, 1].map((axis) => {
      const way = [...held].reduce((sum, key) => sum + WAYS[key][axis], 0);
      return Math.min(SIDE, Math.max(0, at[axis] + way * STEP));
    }) as Point;
    if (down) pad.line(at, to);
    at = to;
  };
  const { canvas } = pad;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-describedby", "pen");
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in WAYS) {
      held.add(event.key); // two at once go aslant
      move();
    } else if (event.key === " ") {
      down = !down;
      if (down) pad.line(at, at);
    } else if (event.key === "Delete" || event.key === "Backspace") wipe();
    else return;
    event.preventDefault();
    show();
  });
  canvas.addEventListener("keyup", (event) => held.delete(event.key));
  canvas.addEventListener("blur", () => {
    held.clear();
    down = false;
    show();
  });
  show();
  const words = "With the keyboard: arrows move the pen, the space bar puts it down and lifts it, Delete wipes the pad.";
  return el("div", { class: "sheet" }, canvas, nib, el("p", { id: "pen", class: "quiet", text: words }));
}
