/** The server's addresses, and the socket that tells what is new. */

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

async function ask(address: string, options?: RequestInit): Promise<Response> {
  const response = await fetch(address, { credentials: "same-origin", ...options });
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  throw new ServerError(response.status, answer?.error ?? `the server answered ${response.status}`);
}

const run = (id: string) => `/api/runs/${encodeURIComponent(id)}`;

async function json<T>(address: string, options?: RequestInit): Promise<T> {
  return (await ask(address, options)).json();
}

async function pack(address: string, signal?: AbortSignal): Promise<Pack> {
  return decodePack(await (await ask(address, { signal })).arrayBuffer());
}

export const listRuns = () => json<{ read_only: boolean; runs: RunRow[] }>("/api/runs");
export const getAbout = (id: string) => json<About>(run(id));
export const getCurves = (id: string, after: number) =>
  json<CurvesAnswer>(`${run(id)}/curves?after=${after}`);
export const getImages = (id: string) => pack(`${run(id)}/images`);
export const getBands = (id: string, after: number) => pack(`${run(id)}/bands?after=${after}`);
export const getSnapshot = (id: string, step: number) => pack(`${run(id)}/snapshots/${step}`);

export const sendRequest = (id: string, request: string, value: number | null) =>
  json<{ accepted: boolean }>(`${run(id)}/control`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ request, value }),
  });

export const sendDrawing = (id: string, pixels: Uint8Array<ArrayBuffer>, step: number | null) =>
  json<{ probabilities: number[]; step: number }>(
    `${run(id)}/answer${step === null ? "" : `?step=${step}`}`,
    { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: pixels },
  );

export interface PrintedAnswer {
  /** Base64 of the bytes. */
  pixels: string;
  shape: number[];
  labels: number[];
  answers: number[];
  step: number;
}

export const askPrinted = (id: string, step: number | null) =>
  json<PrintedAnswer>(`${run(id)}/printed${step === null ? "" : `?step=${step}`}`);

interface Listener {
  curves(answer: CurvesAnswer): void;
  gone(): void;
  refused(): void;
  connected(yes: boolean): void;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/** Follows a run: a socket that comes back by itself, and asks for the curves itself while it cannot. */
export class Follower {
  private socket: WebSocket | null = null;
  private timer = 0;
  private wait = FIRST_WAIT;
  private closed = false;

  constructor(
    private readonly id: string,
    private readonly offset: () => number,
    private readonly listener: Listener,
  ) {
    this.open();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = `run=${encodeURIComponent(this.id)}&after=${this.offset()}`;
    const socket = new WebSocket(`${scheme}://${location.host}/api/live?${query}`);
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT;
      this.listener.connected(true);
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => void this.lost();
  }

  private take(answer: CurvesAnswer & { gone?: boolean }): void {
    if (this.closed) return;
    if (!answer.gone) return this.listener.curves(answer);
    this.close();
    this.listener.gone();
  }

  private async lost(): Promise<void> {
    if (this.closed) return;
    try {
      // Some proxies let no socket through; then this is how the page stays live.
      const answer = await getCurves(this.id, this.offset());
      this.take(answer);
      this.listener.connected(true);
      this.wait = 1000;
    } catch (error) {
      if (error instanceof ServerError && error.status === 404) return this.take({ gone: true } as never);
      if (error instanceof ServerError && error.status === 401) {
        this.close();
        return this.listener.refused();
      }
      this.listener.connected(false);
      this.wait = Math.min(LONGEST_WAIT, this.wait * 1.6);
    }
    if (!this.closed) this.timer = window.setTimeout(() => this.open(), this.wait);
  }
}
