/** What all panes share: a titled frame, its size, and the wish to be drawn. */

import { el, setHidden, setText } from "../dom";
import { forget, redraw, type Drawn } from "../frames";
import type { RunState } from "../state";
import { onTheme } from "../theme";

export abstract class Pane implements Drawn {
  readonly element: HTMLElement;
  readonly body = el("div", { class: "body" });
  readonly legend = el("div", { class: "legend" });
  protected readonly name: Text;
  readonly empty = el("p", { class: "empty", hidden: true });
  pace = 0;
  protected width = 0;
  protected height = 0;
  private observer: ResizeObserver;
  private offTheme: () => void;

  constructor(
    protected readonly run: RunState,
    readonly number: number,
    readonly title: string,
  ) {
    this.name = document.createTextNode(title);
    const heading = el("h2", {}, el("kbd", { text: String(number), "aria-hidden": true }), this.name);
    heading.id = `pane-${number}`;
    this.body.append(this.empty);
    this.element = el(
      "section",
      { class: "pane", "data-pane": number, "aria-labelledby": heading.id },
      el("header", {}, heading, this.legend),
      this.body,
    );
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.body);
    this.offTheme = onTheme(() => {
      this.retheme();
      redraw(this, true);
    });
  }

  abstract draw(): void;

  protected resized(): void {}
  protected retheme(): void {}
  resetZoom(): void {}
  boxZoom(_on: boolean): void {}

  /** Drawn soon, unless the display is frozen; a slider that somebody moves works then too. */
  want(now = false): void {
    if (!this.run.frozen || (now && this.run.at !== null)) redraw(this, now);
  }

  /** What is being waited for; nothing once it is there. */
  protected waitFor(words: string): void {
    setText(this.empty, words);
    setHidden(this.empty, !words);
  }

  close(): void {
    this.observer.disconnect();
    this.offTheme();
    forget(this);
  }

  private measure(): void {
    const { clientWidth: width, clientHeight: height } = this.body;
    if (!width || !height || (width === this.width && height === this.height)) return;
    [this.width, this.height] = [width, height];
    this.resized();
    redraw(this, true);
  }
}

/** Words for a pane that has nothing yet. */
export function waiting(run: RunState, what: string): string {
  if (run.gone) return "The run's folder is gone.";
  if (!run.loaded || !run.about) return "Reading the run …";
  if (run.state === "running" && run.curves.step === 0) return "Compiling; the first steps come soon.";
  if (run.state === "running") return what;
  if (run.state === "empty") return "The run is starting.";
  return `This run kept no ${what.startsWith("The first evaluation") ? "pictures" : "snapshots"}.`;
}
