/** The server over the network: fetch, and a socket that tells what is new. */

import { readJson, runAddress, serverError, ServerError, type CurvesAnswer, type Listener, type Transport } from "./server";

export const network: Transport = {
  async ask(method, address, body) {
    const response = await fetch(address, { method, body, credentials: "same-origin" });
    const bytes = await response.arrayBuffer();
    if (!response.ok) throw serverError(response.status, bytes);
    return bytes;
  },
  follow: (run, offset, listener) => new Follower(run, offset, listener),
  lostWords: "Server lost; trying again",
};

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;

/** Follows a run: a socket that comes back by itself, and asks for the curves itself while it cannot. */
class Follower {
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
      const address = `${runAddress(this.id)}/curves?after=${this.offset()}`;
      this.take(readJson<CurvesAnswer>(await network.ask("GET", address)));
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
