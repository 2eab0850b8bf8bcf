/** The page of one run: panes, confusion, drawing; the tools above, the slider below. */

import { Confusion } from "./confusion";
import { Controls } from "./controls";
import { announce, button, download, el, setText } from "./dom";
import { Drawing } from "./draw";
import { forget } from "./frames";
import { help, listen, type Key } from "./keys";
import { fileName, Movie } from "./movie";
import { AccuracyPane } from "./panes/accuracy";
import { BandsPane } from "./panes/bands";
import { BatchPane } from "./panes/batch";
import { LossPane } from "./panes/loss";
import type { Pane } from "./panes/pane";
import { WatchedPane } from "./panes/watched";
import { paintPage } from "./picture";
import type { Server } from "./server";
import { Slider } from "./slider";
import { RunState } from "./state";
import { Summary } from "./summary";
import { toggleTheme } from "./theme";
import { count } from "./text";
import { VIEWS } from "./views";

const TABS = ["panes", "confusion", "draw"] as const;
type Tab = (typeof TABS)[number];

/** Where the page of a run is: in a tab, or in a notebook. */
export interface Home {
  root: HTMLElement;
  server: Server;
  /** Whose keys it hears. */
  keys: Document | ShadowRoot;
  /** It has the tab for itself: the address, the title, the choice of light or dark, a way to the other runs. */
  tab: boolean;
}

/** `place` says what to show first: view, tab, step. */
export function runPage(home: Home, id: string, place: URLSearchParams): () => void {
  return new RunPage(home, id, place).close;
}

class RunPage {
  private readonly run: RunState;
  private readonly panes: Pane[];
  private readonly grid = el("main", { class: "panes" });
  private readonly slider: Slider;
  private readonly controls: Controls;
  private readonly confusion: Confusion;
  private readonly drawing: Drawing;
  private readonly movie: Movie;
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly notice = el("output", { class: "notice" });
  private readonly keys: Key[];
  private readonly dialog: HTMLDialogElement;
  private readonly unlisten: () => void;
  private boxing = false;
  private key = "0";
  private shownTab: Tab = "panes";
  private timer = 0;
  private address = location.hash;

  constructor(
    private readonly home: Home,
    id: string,
    place: URLSearchParams,
  ) {
    const run = (this.run = new RunState(id, home.server));
    this.panes = [
      new AccuracyPane(run),
      new LossPane(run),
      new BatchPane(run),
      new BandsPane(run, 4, "Weights", "weight"),
      new BandsPane(run, 5, "Biases", "bias"),
      new WatchedPane(run),
    ];
    this.grid.append(...this.panes.map((pane) => pane.element));
    this.slider = new Slider(run);
    this.controls = new Controls(run);
    this.confusion = new Confusion(run);
    this.drawing = new Drawing(run);
    this.movie = new Movie(run, this.slider, this.grid, () => this.caption(), (on, words) => this.recording(on, words));
    this.keys = this.allKeys();
    this.dialog = help(this.keys);
    this.unlisten = listen(this.keys, home.keys);
    const page = el(
      "div",
      { class: "run-page", tabindex: -1 },
      this.header(new Summary(run)),
      this.toolbar(),
      this.controls.element,
      this.grid,
      this.confusion.element,
      this.drawing.element,
      this.slider.element,
      this.dialog,
    );
    home.root.replaceChildren(page);
    if (home.tab) run.on(["about"], () => (document.title = `${run.about?.name ?? "run"} · saccade`));
    this.view(VIEWS.some((one) => one.key === place.get("view")) ? place.get("view")! : "0");
    const tab = TABS.find((one) => one === place.get("tab"));
    if (tab) this.tab(tab);
    if (/^\d+$/.test(place.get("step") ?? "")) run.show(Number(place.get("step")));
    run.on(["view"], () => this.remember());
    this.remember();
  }

  /** The address says what is seen, so that a reload, a bookmark or a colleague sees the same. */
  private remember(): void {
    if (!this.home.tab) return;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const place = new URLSearchParams();
      if (this.key !== "0") place.set("view", this.key);
      if (this.shownTab !== "panes") place.set("tab", this.shownTab);
      if (this.run.at !== null) place.set("step", String(this.run.at));
      const query = place.toString();
      // Whoever has just left by a link is not called back: the address is another before anybody is told.
      if (location.hash !== this.address) return;
      history.replaceState(null, "", `#/run/${encodeURIComponent(this.run.id)}${query ? "?" + query : ""}`);
      this.address = location.hash;
    }, 300);
  }

  readonly close = (): void => {
    this.unlisten();
    clearTimeout(this.timer);
    if (this.slider.playing) this.slider.stop();
    this.panes.forEach((pane) => pane.close());
    this.confusion.close();
    this.drawing.close();
    this.run.close();
    this.home.root.replaceChildren();
  };

  private header(summary: Summary): HTMLElement {
    return el(
      "header",
      { class: "top" },
      this.home.tab
        ? el("a", { href: "#/", class: "brand", "aria-label": "All runs" }, el("span", { text: "saccade" }))
        : el("span", { class: "brand" }, el("span", { text: "saccade" })),
      el("div", { class: "title" }, el("div", { class: "line" }, summary.name, summary.state, summary.frozen, summary.lost), summary.tested),
      summary.figures,
    );
  }

  private toolbar(): HTMLElement {
    const views = el("div", { class: "group views", role: "group", "aria-label": "Graphs" });
    for (const view of VIEWS) {
      const text = view.key === "0" ? "All" : view.panes.length > 1 ? view.panes.join("+") : view.key;
      views.append(this.tool(`view-${view.key}`, text, `${view.name} (key ${view.key})`, () => this.view(view.key)));
    }
    const tools = el(
      "div",
      { class: "group", role: "group", "aria-label": "Tools" },
      this.tool("freeze", "Freeze", "Freeze the display; training goes on (Space)", () => this.freeze()),
      this.tool("box", "Box zoom", "Drag a box in a graph to zoom (O)", () => this.box()),
      this.tool("reset", "Reset zoom", "Show everything again (H)", () => this.reset()),
      this.tool("save", "Save picture", "Save the visible graphs as one PNG (Ctrl-S)", () => void this.save()),
      this.tool("movie", "Movie", "Record the graphs while the snapshots play", () => this.movie.toggle()),
    );
    const tabs = el(
      "div",
      { class: "group", role: "group", "aria-label": "What is shown" },
      this.tool("tab-panes", "Graphs", "The six graphs (G)", () => this.tab("panes")),
      this.tool("tab-confusion", "Confusion", "What is taken for what (C)", () => this.tab("confusion")),
      this.tool("tab-draw", "Draw", "Draw for the network (D)", () => this.tab("draw")),
    );
    const rest = el(
      "div",
      { class: "group end" },
      this.notice,
      ...(this.home.tab ? [this.tool("theme", "◐", "Light or dark", toggleTheme)] : []),
      this.tool("help", "?", "Keys", () => this.dialog.showModal()),
    );
    this.buttons.get("theme")?.setAttribute("aria-label", "Light or dark");
    this.buttons.get("help")!.setAttribute("aria-label", "Show the keys");
    return el("nav", { class: "toolbar", "aria-label": "Display" }, tabs, views, tools, rest);
  }

  private tool(name: string, text: string, title: string, action: () => void): HTMLButtonElement {
    const made = button(text, title, action, { "data-tool": name });
    this.buttons.set(name, made);
    return made;
  }

  private allKeys(): Key[] {
    return [
      ...VIEWS.map((view) => ({ key: view.key, shown: view.key, words: view.name, action: () => this.view(view.key) })),
      { key: "escape", shown: "Esc", words: "All", action: () => this.view("0") },
      { key: " ", shown: "Space", words: "freezes the display; training goes on", action: () => this.freeze() },
      { key: " ", shift: true, shown: "Shift-Space", words: "pauses the training itself", action: () => this.controls.togglePause() },
      { key: "o", shown: "O", words: "box zoom", action: () => this.box() },
      { key: "h", shown: "H", words: "resets the zooms", action: () => this.reset() },
      { key: "s", control: true, shown: "Ctrl-S", words: "saves the picture", action: () => void this.save() },
      { key: "p", shown: "P", words: "plays through the snapshots", action: () => this.slider.toggle() },
      { key: "l", shown: "L", words: "follows the newest snapshot", action: () => this.slider.follow() },
      { key: "g", shown: "G", words: "graphs", action: () => this.tab("panes") },
      { key: "c", shown: "C", words: "confusion and wrong pictures", action: () => this.tab("confusion") },
      { key: "d", shown: "D", words: "draw", action: () => this.tab("draw") },
      { key: "?", shown: "?", words: "these keys", action: () => this.dialog.showModal() },
    ];
  }

  private view(key: string): void {
    const view = VIEWS.find((one) => one.key === key)!;
    this.grid.dataset.shown = String(view.panes.length);
    for (const pane of this.panes) pane.element.hidden = !view.panes.includes(pane.number);
    this.key = key;
    this.tab("panes");
    if (key !== "0") announce(view.name);
  }

  private tab(tab: Tab): void {
    this.shownTab = tab;
    this.grid.hidden = tab !== "panes";
    this.confusion.element.hidden = tab !== "confusion";
    this.drawing.element.hidden = tab !== "draw";
    for (const one of TABS) this.press(`tab-${one}`, one === tab);
    for (const one of VIEWS) this.press(`view-${one.key}`, tab === "panes" && one.key === this.key);
    if (tab === "confusion") this.confusion.want();
    if (tab === "draw") this.drawing.shown();
    this.remember();
  }

  private press(name: string, on: boolean): void {
    this.buttons.get(name)?.setAttribute("aria-pressed", String(on));
  }

  private freeze(): void {
    const frozen = !this.run.frozen;
    this.run.freeze(frozen);
    this.press("freeze", frozen);
    announce(frozen ? "Display frozen; training goes on" : "Display follows again");
    // What was due to be drawn is not drawn any more.
    if (frozen) return this.panes.forEach(forget);
    this.panes.forEach((pane) => pane.want(true));
    this.confusion.want();
  }

  private box(): void {
    this.boxing = !this.boxing;
    this.panes.forEach((pane) => pane.boxZoom(this.boxing));
    this.press("box", this.boxing);
    this.tell(this.boxing ? "Drag a box in a graph." : "");
  }

  private reset(): void {
    this.panes.forEach((pane) => pane.resetZoom());
    announce("zooms reset");
  }

  private caption(): string {
    const { about, at, curves } = this.run;
    return `${about?.name ?? "run"} · step ${count(at ?? curves.step)}`;
  }

  private async save(): Promise<void> {
    const canvas = document.createElement("canvas");
    if (this.grid.hidden) this.tab("panes");
    // A graph that was just opened is measured in one frame and drawn in the next.
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    paintPage(this.grid, canvas, this.caption(), Math.max(2, devicePixelRatio));
    canvas.toBlob((blob) => blob && download(blob, `${fileName(this.run)}.png`), "image/png");
    this.tell("Picture saved.");
  }

  private recording(on: boolean, words: string): void {
    this.press("movie", on);
    setText(this.buttons.get("movie")!, on ? "Stop" : "Movie");
    this.tell(words);
  }

  private tell(words: string): void {
    setText(this.notice, words);
    if (words) announce(words);
  }
}
