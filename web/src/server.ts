/** What the server tells, and its addresses; how it is reached is a transport's affair (network.ts, messages.ts). */

import type { DrawingAnswer } from "./confident";
import { decodePack, type Pack } from "./pack";

export interface RunRow {
  id: string;
  name: string;
  state: string;
  data: string | null;
  model: string | null;
  parameters: number | null;
  step: number | null;
  total_steps: number | null;
  created: string | null;
  watched_accuracy: number | null;
  test_accuracy: number | null;
}

export interface Interval {
  accuracy: number;
  low: number;
  high: number;
  loss: number;
  n: number;
}

export interface About {
  id: string;
  name: string;
  state: string;
  read_only: boolean;
  // run.json has many shapes: what is read of it is checked where it is read.
  facts: Record<string, any>;
  classes: string[];
  metrics: { test: Interval | null; validation: Interval | null; step_read?: number } | null;
  snapshots: number[];
  images: boolean;
}

export interface Mark {
  step: number;
  request: string;
  value: number | null;
  source: string;
}

export interface CurvesAnswer {
  /** What it comes after, where that may not be what was asked for. */
  after?: number;
  offset: number;
  /** This answer is everything: forget what came before. */
  restart?: boolean;
  /** Steps whose snapshot is gone: the trainer keeps five hundred. */
  dropped?: number[];
  state: string;
  step: number;
  total_steps: number | null;
  images_per_second: number | null;
  train: { step: number[]; loss: Value[]; accuracy: Value[]; rate: Value[] };
  watched: { step: number[]; loss: Value[]; accuracy: Value[] };
  snapshots: number[];
  marks: Mark[];
}

/** A value of a curve; null where training gave none (a loss that is not finite). */
export type Value = number | null;

export class ServerError extends Error {
  constructor(
    readonly status: number,
    words: string,
  ) {
    super(words);
  }
}

export interface PrintedAnswer {
  /** Base64 of the bytes. */
  pixels: string;
  shape: number[];
  labels: number[];
  answers: number[];
  step: number;
}

/** How the server is reached: by the network from a page of its own, by messages from a notebook. */
export interface Transport {
  /** The bytes of the answer; an answer that is none (a status from 400 on) is thrown as a ServerError. */
  ask(method: "GET" | "POST", address: string, body?: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  /** Tells what is new of a run from the offset on, until it is closed. */
  follow(run: string, offset: () => number, listener: Listener): { close(): void };
  /** What is said while nobody answers. */
  readonly lostWords: string;
}

export interface Listener {
  curves(answer: CurvesAnswer): void;
  gone(): void;
  refused(): void;
  connected(yes: boolean): void;
}

export const runAddress = (id: string) => `/api/runs/${encodeURIComponent(id)}`;

export const readJson = <T>(bytes: ArrayBuffer) => JSON.parse(new TextDecoder().decode(bytes)) as T;

const stepped = (address: string, step: number | null) => (step === null ? address : `${address}?step=${step}`);

const written = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The words of an answer that is an error. */
export function serverError(status: number, bytes: ArrayBuffer): ServerError {
  try {
    return new ServerError(status, readJson<{ error: string }>(bytes).error);
  } catch {
    return new ServerError(status, `the server answered ${status}`);
  }
}

/** The addresses of docs/reference/live.md. */
export class Server {
  constructor(private readonly transport: Transport) {}

  get lostWords(): string {
    return this.transport.lostWords;
  }

  listRuns = () => this.json<{ read_only: boolean; runs: RunRow[] }>("/api/runs");
  getAbout = (id: string) => this.json<About>(runAddress(id));
  getCurves = (id: string, after: number) => this.json<CurvesAnswer>(`${runAddress(id)}/curves?after=${after}`);
  getImages = (id: string) => this.pack(`${runAddress(id)}/images`);
  getBands = (id: string, after: number) => this.pack(`${runAddress(id)}/bands?after=${after}`);
  getSnapshot = (id: string, step: number) => this.pack(`${runAddress(id)}/snapshots/${step}`);

  async sendRequest(id: string, request: string, value: number | null): Promise<void> {
    await this.transport.ask("POST", `${runAddress(id)}/control`, written({ request, value }));
  }

  async sendDrawing(id: string, pixels: Uint8Array<ArrayBuffer>, step: number | null): Promise<DrawingAnswer> {
    return readJson(await this.transport.ask("POST", stepped(`${runAddress(id)}/answer`, step), pixels));
  }

  askPrinted = (id: string, step: number | null) => this.json<PrintedAnswer>(stepped(`${runAddress(id)}/printed`, step));

  follow(id: string, offset: () => number, listener: Listener): { close(): void } {
    return this.transport.follow(id, offset, listener);
  }

  private async json<T>(address: string): Promise<T> {
    return readJson(await this.transport.ask("GET", address));
  }

  private async pack(address: string): Promise<Pack> {
    return decodePack(await this.transport.ask("GET", address));
  }
}
