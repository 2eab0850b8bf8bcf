/** Ways to bring picture files: choose, drop anywhere on the page, paste. */

import { button, el } from "../dom";

/** `take` gets the files; `nothing` hears of what was dropped or pasted and is no file. */
export function bringFiles(take: (files: File[]) => void, nothing: () => void): HTMLElement {
  const chooser = el("input", { type: "file", accept: "image/*", multiple: true, class: "unseen", tabindex: -1, "aria-label": "Pictures" });
  chooser.addEventListener("change", () => {
    take([...(chooser.files ?? [])]);
    chooser.value = ""; // the same one may be chosen again
  });
  listenToDrops(take, nothing);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
  return el(
    "div",
    { class: "bring" },
    button("Choose pictures", "One or several", () => chooser.click(), { class: "chief" }),
    chooser,
    el("p", { class: "quiet", text: "or drop them anywhere on this page, or paste one" }),
  );
}

function listenToDrops(take: (files: File[]) => void, nothing: () => void): void {
  let inside = 0; // an element is entered before the last one is left
  const mark = (change: number) => {
    inside = Math.max(0, inside + change);
    document.body.classList.toggle("dropping", inside > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(-inside);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) take(files);
    else nothing();
  });
}
