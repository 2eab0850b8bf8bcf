/** The head of a run: its name, how it stands, and the figures that change. Widths are fixed, so nothing jumps. */

import { lastAt } from "./curves";
import { el, setHidden, setText } from "./dom";
import type { RunState } from "./state";
import { count, percent, rate, stateWords } from "./text";

const FIGURES = ["step", "accuracy", "learning rate", "images/s"] as const;

export class Summary {
  readonly name = el("h1", { text: " " });
  readonly state = el("span", { class: "state" });
  readonly frozen = el("span", { class: "chip frozen", text: "Display frozen; training goes on", hidden: true });
  readonly lost = el("span", { class: "chip lost", hidden: true });
  readonly tested = el("p", { class: "tested", hidden: true });
  readonly figures = el("dl", { class: "figures" });
  private readonly values: Record<string, HTMLElement> = {};
  private readonly accuracyName: HTMLElement;

  constructor(private readonly run: RunState) {
    for (const figure of FIGURES) {
      this.values[figure] = el("dd", { text: "–", "data-figure": figure });
      this.figures.append(el("div", {}, el("dt", { text: figure }), this.values[figure]));
    }
    this.accuracyName = this.figures.querySelectorAll("dt")[1];
    run.on(["about", "curves", "view", "connection", "images"], () => this.update());
    this.update();
  }

  private update(): void {
    const { run } = this;
    setText(this.name, run.about?.name ?? (run.problem || " "));
    this.name.title = run.about?.name ?? "";
    const state = run.gone ? "folder is gone" : run.paused ? "paused" : run.state === "running" && run.curves.step === 0 && run.loaded ? "compiling" : stateWords(run.state);
    setText(this.state, state);
    this.state.dataset.state = run.gone ? "gone" : run.paused ? "paused" : run.state;
    setText(this.frozen, run.running && !run.paused ? "Display frozen; training goes on" : "Display frozen");
    setHidden(this.frozen, !run.frozen);
    setText(this.lost, run.refused ? "Not let in: open the address that saccade printed" : run.server.lostWords);
    setHidden(this.lost, !run.refused && run.connected);
    setText(this.accuracyName, run.watchedTest ? "test, watched" : run.watchedName);
    if (!run.frozen) this.numbers();
    this.result();
  }

  private numbers(): void {
    const { curves, at } = this.run;
    const step = at ?? Infinity;
    const total = curves.totalSteps === null ? "" : ` / ${count(curves.totalSteps)}`;
    setText(this.values.step, `${count(at ?? curves.step)}${total}`);
    setText(this.values.accuracy, percent(curves.watched.accuracy[lastAt(curves.watched.step, step)]));
    setText(this.values["learning rate"], rate(curves.train.rate[lastAt(curves.train.step, step)]));
    setText(this.values["images/s"], count(curves.imagesPerSecond));
  }

  /** Finished runs say what was tested, with its interval. */
  private result(): void {
    const { run } = this;
    const test = run.about?.metrics?.test;
    const parts: string[] = [];
    if (test) parts.push(`Test accuracy ${percent(test.accuracy)} (95 % interval ${percent(test.low)} to ${percent(test.high)}, n = ${count(test.n)})`);
    if (run.watchedTest) parts.push("test watched during training");
    setText(this.tested, parts.join("; "));
    setHidden(this.tested, !parts.length);
  }
}
