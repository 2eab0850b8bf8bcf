/** One picture of what is to be seen: every canvas where it stands, and the titles. For saving, and for the movie. */

import { colours } from "./theme";

/** Draws `root` onto `canvas`, in `scale` pixels a CSS pixel. */
export function paintPage(root: HTMLElement, canvas: HTMLCanvasElement, caption: string, scale: number): void {
  const box = root.getBoundingClientRect();
  const captionHeight = 34;
  const [width, height] = [Math.round(box.width * scale), Math.round((box.height + captionHeight) * scale)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, box.width, box.height + captionHeight);
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  context.font = "600 14px system-ui, sans-serif";
  context.fillText(caption, 12, captionHeight / 2);
  context.translate(-box.left, captionHeight - box.top);
  for (const pane of root.querySelectorAll<HTMLElement>(".pane")) if (!pane.hidden) paintPane(context, pane);
}

const TEXTS = "h2, .tally, .key, .key span, .value, .empty, .line-key:not([hidden]) div";

function paintPane(context: CanvasRenderingContext2D, pane: HTMLElement): void {
  for (const canvas of pane.querySelectorAll("canvas")) {
    const at = canvas.getBoundingClientRect();
    if (at.width && at.height) context.drawImage(canvas, at.left, at.top, at.width, at.height);
  }
  for (const text of pane.querySelectorAll<HTMLElement>(TEXTS)) paintText(context, text);
  for (const swatch of pane.querySelectorAll(".key i, .line-key i")) paintSwatch(context, swatch);
  for (const chooser of pane.querySelectorAll("select")) paintChoice(context, chooser);
}

/** The stroke of a legend. */
function paintSwatch(context: CanvasRenderingContext2D, swatch: Element): void {
  const { left, top, width } = swatch.getBoundingClientRect();
  const style = getComputedStyle(swatch);
  context.strokeStyle = style.borderTopColor;
  context.lineWidth = parseFloat(style.borderTopWidth);
  context.setLineDash(style.borderTopStyle === "dashed" ? [4, 2] : []);
  context.beginPath();
  context.moveTo(left, top + context.lineWidth / 2);
  context.lineTo(left + width, top + context.lineWidth / 2);
  context.stroke();
  context.setLineDash([]);
}

/** Which layer is seen. */
function paintChoice(context: CanvasRenderingContext2D, chooser: HTMLSelectElement): void {
  const { right, top, width, height } = chooser.getBoundingClientRect();
  if (!width) return;
  context.font = "12.5px system-ui, sans-serif";
  context.fillStyle = colours.quiet;
  context.textAlign = "right";
  context.fillText(chooser.selectedOptions[0]?.text ?? "", right, top + height / 2);
  context.textAlign = "left";
}

function paintText(context: CanvasRenderingContext2D, element: HTMLElement): void {
  const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim());
  for (const node of own) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const at = range.getBoundingClientRect();
    if (!at.width) continue;
    const style = getComputedStyle(element);
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.fillStyle = style.color;
    context.fillText(node.textContent!.trim(), at.left, at.top + at.height / 2);
  }
}
