/** A question that is asked at most so often, and never twice at once. What was wanted meanwhile is asked afterwards. */

export class Paced {
  /** Whether it was wanted again since the last time it was asked. */
  stale = false;
  private timer = 0;
  private asked = 0;
  private busy = false;

  /** `pace` are milliseconds from one question to the next. */
  constructor(
    private readonly pace: number,
    private readonly ask: () => Promise<void>,
  ) {}

  want(): void {
    if (this.timer || this.busy) {
      this.stale = true;
      return;
    }
    const wait = Math.max(0, this.asked + this.pace - performance.now());
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.now();
    }, wait);
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private async now(): Promise<void> {
    this.stale = false;
    this.busy = true;
    this.asked = performance.now();
    try {
      await this.ask();
    } finally {
      this.busy = false;
      if (this.stale) this.want();
    }
  }
}
