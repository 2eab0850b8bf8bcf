/** One card that follows the pointer: a cell's picture, large, with what it is and what was answered. */

import { el, putAbove } from "./dom";
import type { Pictures } from "./pictures";

const SIDE = 112;
const canvas = el("canvas", { width: SIDE, height: SIDE });
const words = el("div", { class: "words" });
const card = el("div", { class: "tooltip", role: "tooltip", hidden: true }, canvas, words);

export interface Told {
  pictures: Pictures;
  index: number;
  wrong: boolean;
  lines: string[];
}

export function showTooltip(told: Told, x: number, y: number): void {
  putAbove(card);
  told.pictures.paint(canvas, told.index, SIDE, told.wrong);
  canvas.classList.toggle("wrong", told.wrong);
  words.replaceChildren(...told.lines.map((line, i) => el("div", { text: line, class: i ? "" : "first" })));
  card.hidden = false;
  const { width, height } = card.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? x - width - 12 : x + 16;
  const top = Math.min(Math.max(8, y - height / 2), innerHeight - height - 8);
  card.style.transform = `translate(${Math.round(Math.max(8, left))}px, ${Math.round(top)}px)`;
}

export function hideTooltip(): void {
  card.hidden = true;
}

// A finger leaves no cell: the card goes when another place is touched, or the page is moved.
document.addEventListener("pointerdown", (event) => (event.composedPath()[0] as Element).closest?.("canvas.cells") ?? hideTooltip(), true);
document.addEventListener("scroll", hideTooltip, { passive: true });
