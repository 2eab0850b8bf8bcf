/** The page of a run as a notebook's widget: what anywidget calls. The styles stay inside a shadow root. */

import chartStyle from "uplot/dist/uPlot.min.css?inline";
import { el, lieOver } from "./dom";
import { messagesOf, type Model } from "./messages";
import notebookStyle from "./notebook.css?inline";
import { runPage } from "./run";
import { Server } from "./server";
import { addTheme, applyTheme, decideTheme } from "./theme";
import pageStyle from "./theme.css?inline";
import { hideTooltip } from "./tooltip";

/** A notebook may have another size of letters at its root: lengths in rem become those they are on our page. */
const style = [notebookStyle, chartStyle, pageStyle].join("\n").replace(/(\d*\.?\d+)rem\b/g, (_, size) => `${16 * size}px`);

// Letters are light where the paper is dark: so the theme is known in every notebook.
decideTheme(() => isLight(getComputedStyle(document.body).color));

/** What anywidget asks of a module: shows a widget in a place, and gives what takes it away again. */
function render({ model, el: place }: { model: Model; el: HTMLElement }): () => void {
  openLayer();
  const { host, shadow, root } = shadowed("saccade", { id: "root" });
  // JupyterLab: its shortcuts are not for who works in here.
  host.dataset.lmSuppressShortcuts = "true";
  place.append(host);
  const offTheme = addTheme(host);
  const close = runPage({ root, server: new Server(messagesOf(model)), keys: shadow, tab: false }, model.get("run_id"), new URLSearchParams());
  // The notebook has keys of its own: what was typed in here is not for it.
  shadow.addEventListener("keydown", (event) => event.stopPropagation());
  return () => {
    close();
    hideTooltip();
    offTheme();
    host.remove();
    closeLayer();
  };
}

function shadowed(name: string, attributes: { id?: string } = {}) {
  const host = el("div", { class: name });
  const shadow = host.attachShadow({ mode: "open" });
  const root = el("div", { class: "inside", ...attributes });
  shadow.append(el("style", { text: style }), root);
  return { host, shadow, root };
}

let layers = 0;
let layer: HTMLElement | null = null;
let offLayer = () => false;

/**
 * One for all widgets, at the end of the document: a cell may cut off, or move, what is fixed inside it. The colours are
 * read here too, for a notebook may put a widget into its document later.
 */
function openLayer(): void {
  if (layers++) return;
  const { host, root } = shadowed("saccade-above");
  layer = host;
  layer.style.cssText = "display: contents";
  document.body.append(layer);
  lieOver(root);
  offLayer = addTheme(layer);
  watchNotebook.observe(document.body, { attributes: true });
  watchNotebook.observe(document.documentElement, { attributes: true });
}

function closeLayer(): void {
  if (--layers) return;
  watchNotebook.disconnect();
  offLayer();
  layer?.remove();
  layer = null;
}

/** Notebooks say in an attribute of their page which theme they have; each has another one. */
const watchNotebook = new MutationObserver(() => requestAnimationFrame(applyTheme));

function isLight(colour: string): boolean {
  const [red, green, blue] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 128;
}

export default { render };
