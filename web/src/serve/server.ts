/** What the server is asked and tells: GET /info, POST /predict. */

export interface Info {
  model: string;
  classes: string[];
  input: { height: number; width: number; channels: number };
  calibrated: boolean;
  saccade: string;
}

export interface Ranked {
  label: string;
  probability: number;
}

export interface Answer extends Ranked {
  topk: Ranked[];
  unknown_score: number | null;
  decision: "accept" | "reject" | "unknown" | null;
  ms: number;
  notes?: string[];
}

/** The body as it is sent; a file of no picture's type is sent without one, and the server looks what it is. */
export interface Question {
  body: ArrayBuffer | Uint8Array<ArrayBuffer>;
  type: string;
}

/** No answer: `status` is 0 where nobody was there, `said` the server's own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly said: string,
    readonly seconds = 1,
  ) {
    super(said);
  }
}

/** The server takes a minute for a request at most. */
const PATIENCE = 90_000;
const KEY = "key";

export class Server {
  private key = sessionStorage.getItem(KEY) ?? "";

  get hasKey(): boolean {
    return this.key !== "";
  }

  /** Kept as long as the tab is; an empty one is forgotten. */
  useKey(key: string): void {
    this.key = key;
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  }

  info = () => this.ask<Info>("info");
  predict = ({ body, type }: Question) =>
    this.ask<Answer>("predict", { method: "POST", body, headers: type ? { "content-type": type } : {} });

  private async ask<T>(address: string, request: { method?: string; body?: BodyInit; headers?: Record<string, string> } = {}): Promise<T> {
    const headers = { ...request.headers, ...(this.key && { authorization: `Bearer ${this.key}` }) };
    let response: Response;
    let text: string;
    try {
      response = await fetch(address, { ...request, headers, signal: AbortSignal.timeout(PATIENCE) });
      text = await response.text();
    } catch {
      throw new Refused(0, "");
    }
    const told = parsed(text);
    if (response.ok && told !== null) return told as T;
    const said = (told as { error?: unknown } | null)?.error;
    throw new Refused(response.status, typeof said === "string" ? said : "", Number(response.headers.get("retry-after")) || 1);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
