/** Elements without strings of HTML: whatever a name holds, it shows as text. */

type Attributes = Record<string, string | number | boolean | undefined>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "text") element.textContent = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

export function button(text: string, title: string, action: () => void, extra: Attributes = {}): HTMLButtonElement {
  const made = el("button", { type: "button", text, title, ...extra });
  made.addEventListener("click", (event) => {
    // After a click by pointer the keys belong to the page again; by keyboard the focus stays.
    if (event.detail > 0) giveKeysBack(made);
    action();
  });
  return made;
}

/** The focus goes from a field or button to the page it is on, which hears the keys. */
export function giveKeysBack(from: HTMLElement): void {
  from.blur();
  from.closest<HTMLElement>(".run-page")?.focus({ preventScroll: true });
}

/** Writes only what differs: the browser lays out again on every write. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element: HTMLElement, hidden: boolean): void {
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** A canvas as large as its place, in device pixels. */
export function fit(canvas: HTMLCanvasElement, width: number, height: number): number {
  const ratio = Math.min(window.devicePixelRatio || 1, 2.5);
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.width = `${w / ratio}px`;
  canvas.style.height = `${h / ratio}px`;
  return ratio;
}

let above: HTMLElement = document.body;

/** What lies over everything (the card at the pointer, what is said to screen readers) goes in here. */
export function lieOver(place: HTMLElement): void {
  above = place;
}

export function putAbove(element: HTMLElement): void {
  if (element.parentNode !== above) above.append(element);
}

const speaker = el("div", { role: "status", "aria-live": "polite", class: "unseen" });

/** Says it to screen readers. */
export function announce(text: string): void {
  putAbove(speaker);
  speaker.textContent = text;
}

/** Hands a file to the browser's downloads. */
export function download(blob: Blob, name: string): void {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
