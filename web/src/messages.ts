/**
 * The server by messages of a notebook; src/saccade/view/live/conversation.py is at the other end.
 *
 * A kernel that runs a cell hears nothing, but it can speak: it tells unasked what the page would ask for next. So a
 * question is answered by its own answer, or by what was told at its address; and only a few questions are on the way
 * at a time, or a kernel that was busy for an hour would have to answer thousands.
 */

import { Kept } from "./kept";
import { readJson, runAddress, serverError, ServerError, type CurvesAnswer, type Listener, type Transport } from "./server";

/** What of anywidget's model is used. */
export interface Model {
  get(name: "run_id"): string;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: "msg:custom", listener: (content: any, buffers: DataView[]) => void): void;
  on(event: "comm:close", listener: () => void): void;
}

interface Question {
  id: string;
  method: "GET" | "POST";
  address: string;
  body?: Uint8Array<ArrayBuffer>;
  /** The kernel has heard it. */
  taken: boolean;
  answered(bytes: ArrayBuffer): void;
  refused(error: ServerError): void;
}

/** Who follows: takes what comes after an offset, or null once the run is gone. */
type Take = (after: number, answer: CurvesAnswer | null) => void;

const MOST_SENT = 4;
/** Milliseconds after which a kernel that has not taken a request is busy. */
const PATIENCE = 2000;
const BUSY = "the kernel is busy with a cell, and hears this when the cell has ended";

const talks = new WeakMap<Model, Messages>();

/** One for all places where a widget is shown. */
export function messagesOf(model: Model): Transport {
  if (!talks.has(model)) talks.set(model, new Messages(model));
  return talks.get(model)!;
}

class Messages implements Transport {
  readonly lostWords = "The kernel has gone: run the cell again";
  /** By id, in the order they were asked. */
  private readonly open = new Map<string, Question>();
  private readonly waiting: Question[] = [];
  private readonly sent = new Set<string>();
  private readonly kept = new Kept();
  private readonly followers = new Set<Take>();
  private readonly closed = new Set<() => void>();
  /** Other windows may be connected to the same kernel, and hear the same answers. */
  private readonly prefix = Math.random().toString(36).slice(2);
  private count = 0;

  constructor(private readonly model: Model) {
    model.on("msg:custom", (content, buffers) => this.hear(content ?? {}, buffers));
    model.on("comm:close", () => this.closed.forEach((tell) => tell()));
  }

  ask(method: "GET" | "POST", address: string, body?: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
    const known = method === "GET" ? this.kept.find(address) : undefined;
    if (known) return Promise.resolve(known);
    return new Promise((answered, refused) => {
      const id = `${this.prefix}-${this.count++}`;
      const question = { id, method, address, body, taken: false, answered, refused };
      this.open.set(id, question);
      if (method === "POST") return this.request(question);
      this.waiting.push(question);
      this.sendNext();
    });
  }

  follow(run: string, offset: () => number, listener: Listener): { close(): void } {
    let behind = false;
    const take: Take = (after, answer) => {
      if (!answer) return listener.gone();
      const now = offset();
      // Everything is told again now and then, for those who were not there before.
      if (after === 0 && now > 0 && !behind) return;
      if (after > now) {
        if (!behind) void this.askCurves(run, now, take);
        behind = true;
        return;
      }
      behind = false;
      if (answer.offset > now || answer.restart) listener.curves({ ...answer, after });
    };
    const closed = () => listener.connected(false);
    this.followers.add(take);
    this.closed.add(closed);
    void this.askCurves(run, offset(), take);
    return {
      close: () => {
        this.followers.delete(take);
        this.closed.delete(closed);
      },
    };
  }

  private async askCurves(run: string, after: number, take: Take): Promise<void> {
    try {
      take(after, readJson(await this.ask("GET", `${runAddress(run)}/curves?after=${after}`)));
    } catch (error) {
      if (error instanceof ServerError && error.status === 404) take(after, null);
    }
  }

  private sendNext(): void {
    while (this.sent.size < MOST_SENT && this.waiting.length) {
      const question = this.waiting.shift()!;
      // It may have been answered by what was told.
      if (!this.open.has(question.id)) continue;
      this.sent.add(question.id);
      this.send(question);
    }
  }

  private send({ id, method, address, body }: Question): void {
    this.model.send({ id, method, address }, undefined, body ? [body.buffer] : []);
  }

  /** Whoever asks for something to be done learns soon that it was not heard. */
  private request(question: Question): void {
    this.send(question);
    setTimeout(() => {
      if (!question.taken && this.open.delete(question.id)) question.refused(new ServerError(504, BUSY));
    }, PATIENCE);
  }

  private hear(content: any, buffers: DataView[]): void {
    const { id, taken, address, status } = content;
    const view = buffers?.[0];
    const bytes = view ? (view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer) : new ArrayBuffer(0);
    if (typeof address === "string") return this.told(address, status, bytes);
    const question = this.open.get(id);
    if (taken && question) question.taken = true;
    else if (!taken) this.answer(id, status, bytes);
  }

  private answer(id: string, status: number, bytes: ArrayBuffer): void {
    const question = this.open.get(id);
    this.open.delete(id);
    if (this.sent.delete(id)) this.sendNext();
    if (!question) return;
    if (status < 400) question.answered(bytes);
    else question.refused(serverError(status, bytes));
  }

  private told(address: string, status: number, bytes: ArrayBuffer): void {
    for (const question of [...this.open.values()])
      if (question.method === "GET" && answers(address, question.address)) {
        this.open.delete(question.id);
        if (status < 400) question.answered(bytes);
        else question.refused(serverError(status, bytes));
      }
    const [, after] = address.split("/curves?after=");
    if (after !== undefined) this.toldCurves(Number(after), status, bytes);
    else if (status < 400) this.kept.put(address, bytes);
  }

  private toldCurves(after: number, status: number, bytes: ArrayBuffer): void {
    const answer = status < 400 ? readJson<CurvesAnswer>(bytes) : null;
    // The log was cut back: the same steps come again, with other numbers.
    if (answer?.restart && after > 0) this.kept.clear();
    if (answer || status === 404) for (const take of [...this.followers]) take(after, answer);
  }
}

/** Whether what was told at one address answers a question at another: more bands than were asked for do no harm. */
function answers(told: string, asked: string): boolean {
  if (told === asked) return true;
  const [[place, after], [wanted, from]] = [told, asked].map((address) => address.split("/bands?after="));
  return after !== undefined && from !== undefined && place === wanted && Number(after) <= Number(from);
}
