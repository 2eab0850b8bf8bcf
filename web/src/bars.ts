/** Probabilities as bars; the largest is marked. */

import { el, setText } from "./dom";
import { percent } from "./text";

export interface Share {
  name: string;
  probability: number;
}

export function showBars(bars: HTMLElement, shares: Share[]): void {
  const best = Math.max(...shares.map((share) => share.probability), 0);
  while (bars.childElementCount > shares.length) bars.lastElementChild!.remove();
  while (bars.childElementCount < shares.length)
    bars.append(el("div", { class: "bar-row" }, el("span", { class: "name" }), el("span", { class: "bar" }, el("i")), el("span", { class: "figure" })));
  shares.forEach(({ name, probability }, i) => {
    const row = bars.children[i] as HTMLElement;
    setText(row.children[0], name);
    (row.children[1].firstElementChild as HTMLElement).style.transform = `scaleX(${probability})`;
    setText(row.children[2], percent(probability, 1));
    row.classList.toggle("best", best > 0 && probability === best);
  });
}
