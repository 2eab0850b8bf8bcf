/** Steering: what a person asks of the trainer, and what the server answered. */

import { announce, button, el, giveKeysBack, setHidden, setText } from "./dom";
import type { RunState } from "./state";
import { rate } from "./text";

export class Controls {
  readonly element: HTMLElement;
  private readonly answer = el("output", { class: "answer" });
  private readonly pause = button("Pause training", "Pause or go on (Shift-Space)", () => this.togglePause());
  private readonly rateField = el("input", { type: "number", min: 0, step: "any", "aria-label": "Learning rate", required: true });
  private readonly epochsField = el("input", { type: "number", min: 0, step: "any", value: 1, "aria-label": "More epochs", required: true });
  private wantsPause: boolean | null = null;

  constructor(private readonly run: RunState) {
    this.element = el(
      "div",
      { class: "controls", role: "group", "aria-label": "Steer the training", hidden: true },
      this.pause,
      button("Save now", "Write a checkpoint", () => void this.ask("save", null, "save")),
      this.form("Learning rate", this.rateField, "Set", "learning_rate"),
      this.form("More epochs", this.epochsField, "Add", "epochs"),
      button("Stop and keep …", "Stop the training and keep what it has learned", () => this.confirmStop(), { class: "grave" }),
      this.answer,
    );
    run.on(["about", "curves", "connection"], () => this.update());
  }

  get allowed(): boolean {
    return this.run.running && !this.run.gone && this.run.about?.read_only === false;
  }

  togglePause(): void {
    if (!this.allowed) return;
    this.wantsPause = !(this.wantsPause ?? this.run.paused);
    void this.ask(this.wantsPause ? "pause" : "resume", null, this.wantsPause ? "pause" : "go on");
    this.update();
  }

  private form(label: string, field: HTMLInputElement, verb: string, request: string): HTMLFormElement {
    const form = el("form", {}, el("label", {}, label, field), el("button", { text: verb }));
    form.noValidate = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = field.valueAsNumber;
      if (!(value > 0)) return this.say(`${label} must be a number above 0.`);
      void this.ask(request, value, `${label.toLowerCase()} ${value}`);
      giveKeysBack(field);
    });
    return form;
  }

  private update(): void {
    setHidden(this.element, !this.allowed);
    const { paused, curves } = this.run;
    if (this.wantsPause === paused) this.wantsPause = null;
    setText(this.pause, (this.wantsPause ?? paused) ? "Go on" : "Pause training");
    if (!this.rateField.value && curves.train.rate.length) this.rateField.value = rate(Math.max(...curves.train.rate.map((r) => r ?? 0)));
  }

  private async ask(request: string, value: number | null, words: string): Promise<void> {
    this.say(`Asking: ${words} …`);
    try {
      await this.run.server.sendRequest(this.run.id, request, value);
      this.say(`Asked: ${words}. The trainer takes it after its chunk.`);
    } catch (error) {
      this.wantsPause = null;
      this.say(`Not done (${words}): ${(error as Error).message}`);
      this.update();
    }
  }

  private say(words: string): void {
    setText(this.answer, words);
    this.answer.title = words;
    announce(words);
  }

  private confirmStop(): void {
    const dialog = el(
      "dialog",
      { "aria-label": "Stop the training?" },
      el(
        "form",
        { method: "dialog" },
        el("h2", { text: "Stop the training?" }),
        el("p", { text: "What it has learned is evaluated, tested and kept. A stopped run is finished." }),
        el("div", { class: "row" }, el("button", { value: "no", text: "Go on training", autofocus: true }), el("button", { value: "yes", class: "grave", text: "Stop and keep" })),
      ),
    );
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") void this.ask("stop", null, "stop and keep");
      dialog.remove();
    });
    this.element.after(dialog);
    dialog.showModal();
  }
}
