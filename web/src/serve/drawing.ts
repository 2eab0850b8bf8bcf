/** A pad for networks of grey pictures. It is asked while somebody draws, with the very pixels that the network sees. */

import { button, el, setHidden } from "../dom";
import { Paced } from "../paced";
import { Pad } from "../pad";
import { Pictures } from "../pictures";
import { Card } from "./card";
import { curlOfPixels } from "./curl";
import { withPen } from "./pen";
import { Refused, type Info, type Question, type Server } from "./server";

/** Milliseconds from one question to the next; so long after the last stroke the answer is said. */
const PACE = 50;
const SETTLED = 800;
const PREVIEW = 96;

export class Drawing {
  readonly element: HTMLElement;
  readonly card: Card;
  private readonly pad = new Pad(() => this.want());
  private readonly preview = el("canvas", { class: "thumbnail", role: "img", "aria-label": "What the network gets" });
  private readonly paced = new Paced(PACE, () => this.ask());
  private saying = 0;

  constructor(
    private readonly server: Server,
    private readonly info: Info,
    private readonly say: (words: string) => void,
    private readonly needKey: () => void,
  ) {
    this.card = new Card("What the network sees", this.preview, () => this.want());
    setHidden(this.card.element, true);
    const wipe = () => this.wipe();
    const hint = `Draw here. It is fitted and centred to ${info.input.width} × ${info.input.height} pixels, as pictures of digits are.`;
    this.element = el("div", { class: "draw" }, withPen(this.pad, wipe), el("div", { class: "beneath" }, el("p", { class: "quiet", text: hint }), button("Clear", "Wipe the pad", wipe)));
  }

  /** Asks again, with a key that was not there before. */
  useKey(): void {
    if (this.pad.drawn) this.want();
  }

  private want(): void {
    this.card.expectMore();
    this.paced.want();
  }

  private wipe(): void {
    this.pad.clear();
    setHidden(this.card.element, true);
  }

  private async ask(): Promise<void> {
    if (!this.pad.drawn) return;
    const { height, width } = this.info.input;
    const body = this.pad.digit(height, width);
    const question: Question = { body, type: "application/octet-stream" };
    new Pictures(body, [1, height, width, 1], false).paint(this.preview, 0, PREVIEW);
    if (this.card.element.hidden) this.card.wait();
    setHidden(this.card.element, false);
    try {
      const answer = await this.server.predict(question);
      if (!this.pad.drawn) return; // it was wiped meanwhile
      this.card.show(answer);
      clearTimeout(this.saying);
      this.saying = window.setTimeout(() => this.say(`Your drawing: ${answer.label}`), SETTLED);
    } catch (error) {
      const refused = error as Refused;
      this.card.refuse(refused);
      if (refused.status === 401) this.needKey();
      if (refused.status === 503) setTimeout(() => this.want(), 1000 * refused.seconds);
    }
    this.card.offerCurl(curlOfPixels(question, this.server.hasKey));
    if (this.paced.stale) this.card.expectMore(); // there are strokes that this was not the answer to
  }
}
