/** The keys, in one table that the page's own help shows. */

import { el } from "./dom";

export interface Key {
  key: string;
  /** How it is written in the help. */
  shown: string;
  words: string;
  control?: boolean;
  shift?: boolean;
  action(): void;
}

const TYPING = "input:not([type=range]):not([type=checkbox]), textarea, select";

/** Hears the keys of the whole page, or those of a part of it that has the focus. */
export function listen(keys: Key[], within: Document | ShadowRoot): () => void {
  const listener = (event: Event) => {
    if (!(event instanceof KeyboardEvent)) return;
    const target = event.target as Element;
    if (event.defaultPrevented || event.altKey || within.querySelector("dialog[open]")) return;
    if (target.matches?.(TYPING)) return;
    // Space on a button presses that button.
    if (event.key === " " && target.matches?.("button, a, summary, input[type=checkbox]") && !event.shiftKey) return;
    const control = event.ctrlKey || event.metaKey;
    const found = keys.find(
      (key) =>
        key.key === event.key.toLowerCase() &&
        !!key.control === control &&
        (key.key !== " " || !!key.shift === event.shiftKey),
    );
    if (!found) return;
    event.preventDefault();
    found.action();
  };
  within.addEventListener("keydown", listener);
  return () => within.removeEventListener("keydown", listener);
}

/** The help: what the keys do. */
export function help(keys: Key[]): HTMLDialogElement {
  const close = el("button", { text: "Close", autofocus: true });
  const list = el("dl", {});
  for (const key of keys) list.append(el("div", {}, el("dt", {}, el("kbd", { text: key.shown })), el("dd", { text: key.words })));
  list.append(
    el("div", {}, el("dt", {}, el("kbd", { text: "Tab" })), el("dd", { text: "goes to a graph: + and - zoom, the arrows move it" })),
    el("div", {}, el("dt", {}, el("kbd", { text: "← →" })), el("dd", { text: "on the slider: one snapshot back or on; on pictures: from one to the next" })),
  );
  const dialog = el("dialog", { class: "help", "aria-label": "Keys" }, el("form", { method: "dialog" }, el("h2", { text: "Keys" }), list, close));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
