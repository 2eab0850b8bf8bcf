/** The time slider: every pane goes to its snapshot; at the right end it follows the newest. */

import { lastAt } from "./curves";
import { announce, button, el, setText } from "./dom";
import type { RunState } from "./state";
import { count } from "./text";

const PLAY_PACE = 80;

export class Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  private readonly play: HTMLButtonElement;
  private readonly live: HTMLButtonElement;
  private readonly place = el("output", { class: "place" });
  private timer = 0;
  private ended: (() => void) | null = null;

  constructor(private readonly run: RunState) {
    this.input = el("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Snapshot" });
    this.input.addEventListener("input", () => this.moved());
    this.play = button("▶", "Play through the snapshots", () => this.toggle(), { class: "icon", "aria-label": "Play" });
    this.live = button("Live", "Follow the newest snapshot", () => this.follow(), { class: "small live" });
    this.element = el("footer", { class: "slider" }, this.play, this.input, this.place, this.live);
    run.on(["view", "curves", "about"], () => this.update());
    this.update();
  }

  get playing(): boolean {
    return this.timer !== 0;
  }

  follow(): void {
    this.stop();
    this.run.show(null);
    announce(this.run.running ? "following the training" : "at the last snapshot");
  }

  toggle(): void {
    if (this.playing) this.stop();
    else this.start();
  }

  /** From where it stands, or from the start if it stands at the end. */
  start(ended?: () => void): void {
    const { snapshots, at } = this.run;
    if (snapshots.length < 2) return ended?.();
    if (at === null || at === snapshots.at(-1)) this.run.show(snapshots[0]);
    this.ended = ended ?? null;
    this.timer = window.setInterval(() => this.next(), PLAY_PACE);
    this.update();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = 0;
    this.update();
    const ended = this.ended;
    this.ended = null;
    ended?.();
  }

  private next(): void {
    const { snapshots, at, shown } = this.run;
    // The panes set the pace: no snapshot is passed over because the next one is already due.
    if (at !== null && shown?.step !== at) return;
    const next = snapshots[lastAt(snapshots, at ?? 0) + 1];
    if (next === undefined) return this.stop();
    this.run.show(next);
  }

  private moved(): void {
    if (this.playing) this.stop();
    const index = Number(this.input.value);
    const atEnd = index >= this.run.snapshots.length - 1;
    this.run.show(atEnd ? null : this.run.snapshots[index]);
  }

  private update(): void {
    const { snapshots, at, curves } = this.run;
    const last = Math.max(0, snapshots.length - 1);
    const index = at === null ? last : Math.max(0, lastAt(snapshots, at));
    if (this.input.max !== String(last)) this.input.max = String(last);
    if (this.input.value !== String(index)) this.input.value = String(index);
    this.input.style.setProperty("--share", String(last ? index / last : 1));
    this.input.disabled = this.play.disabled = snapshots.length < 2;
    const step = at ?? (this.run.running ? curves.step : (snapshots.at(-1) ?? curves.step));
    const words = `step ${count(step)}`;
    setText(this.place, words);
    this.input.setAttribute("aria-valuetext", `${words}, snapshot ${index + 1} of ${snapshots.length}`);
    setText(this.play, this.playing ? "❚❚" : "▶");
    this.play.setAttribute("aria-label", this.playing ? "Stop playing" : "Play");
    setText(this.live, this.run.running ? "Live" : "End");
    this.live.setAttribute("aria-pressed", String(at === null));
  }
}
