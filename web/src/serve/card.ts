/** A picture and what was answered to it. */

import { showBars } from "../bars";
import { button, el, setHidden, setText } from "../dom";
import { percent } from "../text";
import { Refused, type Answer } from "./server";
import { DECISIONS, noteWords, refusalWords } from "./words";

export class Card {
  readonly element: HTMLElement;
  private readonly label = el("span", { class: "label" });
  private readonly figure = el("span", { class: "figure" });
  private readonly decision = el("p", { class: "decision", hidden: true });
  private readonly bars = el("div", { class: "bars" });
  private readonly facts = el("p", { class: "quiet facts" });
  private readonly notes = el("ul", { class: "notes", hidden: true });
  private readonly trouble = el("p", { class: "trouble", hidden: true });
  private readonly said = el("p", { class: "quiet", hidden: true });
  private readonly again: HTMLButtonElement;
  private readonly curl = el("code");
  private readonly copied = el("span", { class: "quiet", role: "status" });
  private readonly same: HTMLElement;

  constructor(
    readonly title: string,
    picture: HTMLElement,
    askAgain: () => void,
  ) {
    this.again = button("Ask again", "Send this picture once more", askAgain, { hidden: true });
    this.same = el(
      "details",
      { class: "same", hidden: true },
      el("summary", { text: "Ask the same with curl" }),
      el("div", { class: "line" }, this.curl, button("Copy", "Copy the line", () => void this.copy(), { class: "small" })),
      this.copied,
    );
    this.element = el(
      "article",
      { class: "card", "aria-label": title },
      el("figure", {}, picture, el("figcaption", { text: title, title })),
      el("div", { class: "answer" }, el("h2", {}, this.label, this.figure), this.decision, this.trouble, this.said, this.bars, this.facts, this.notes, this.again, this.same),
    );
  }

  /** The question is under way. */
  wait(words = "Asking …"): void {
    this.expectMore();
    setHidden(this.again, true);
    this.tell(words, "");
  }

  /** What it says is not the last word: it stays until the next answer comes. */
  expectMore(): void {
    this.element.setAttribute("aria-busy", "true");
  }

  show(answer: Answer): void {
    this.settle("answered");
    setText(this.label, answer.label);
    setText(this.figure, percent(answer.probability, 1));
    this.showDecision(answer);
    showBars(this.bars, answer.topk.map(({ label, probability }) => ({ name: label, probability })));
    const score = answer.unknown_score === null ? [] : [`unknown score ${answer.unknown_score.toFixed(2)}, larger is stranger`];
    setText(this.facts, [...score, `answered in ${Number(answer.ms.toPrecision(2))} ms`].join(" · "));
    const notes = (answer.notes ?? []).map(noteWords);
    this.notes.replaceChildren(...notes.map((text) => el("li", { text })));
    setHidden(this.notes, !notes.length);
    this.tell("", "");
  }

  refuse(refused: Refused): void {
    this.settle("refused");
    this.tell(refusalWords(refused), refused.said);
    setHidden(this.again, ![0, 401, 408, 500, 503].includes(refused.status));
  }

  /** Something that this page found itself. */
  fail(words: string): void {
    this.settle("refused");
    this.tell(words, "");
  }

  offerCurl(line: string): void {
    setText(this.curl, line);
    setHidden(this.same, false);
  }

  private settle(state: "answered" | "refused"): void {
    this.element.removeAttribute("aria-busy");
    this.element.dataset.state = state;
    setHidden(this.again, true);
  }

  private showDecision({ decision }: Answer): void {
    setHidden(this.decision, decision === null);
    if (decision === null) return;
    this.decision.dataset.decision = decision;
    this.decision.replaceChildren(el("b", { text: decision }), ` ${DECISIONS[decision] ?? ""}`);
  }

  private tell(trouble: string, said: string): void {
    setText(this.trouble, trouble);
    setHidden(this.trouble, !trouble);
    setText(this.said, said);
    setHidden(this.said, !said);
  }

  /** Without a clipboard (a page over plain http from elsewhere has none) the line is selected instead. */
  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.curl.textContent!);
      setText(this.copied, "Copied.");
    } catch {
      getSelection()?.selectAllChildren(this.curl);
      setText(this.copied, "Selected: now copy it.");
    }
  }
}
