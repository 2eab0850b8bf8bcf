/** Draws what changed, once a frame at most, slower things less often, and nothing while the tab is hidden. */

export interface Drawn {
  draw(): void;
  /** Least milliseconds between two drawings. */
  pace?: number;
}

const waiting = new Map<Drawn, boolean>();
const last = new WeakMap<Drawn, number>();
let asked = false;

/** `now` passes over the pace: somebody moved the slider and waits for it. */
export function redraw(thing: Drawn, now = false): void {
  waiting.set(thing, now || (waiting.get(thing) ?? false));
  ask();
}

function ask(): void {
  if (asked || !waiting.size) return;
  asked = true;
  // The browser calls no frames in a hidden tab, so nothing is drawn there.
  requestAnimationFrame(frame);
}

function frame(time: number): void {
  asked = false;
  let rest = Infinity;
  for (const [thing, now] of waiting) {
    const left = (last.get(thing) ?? -1e9) + (thing.pace ?? 0) - time;
    if (!now && left > 0) rest = Math.min(rest, left);
    else {
      waiting.delete(thing);
      last.set(thing, time);
      thing.draw();
    }
  }
  // A frame asked for at once would wake the browser sixty times a second for nothing.
  if (waiting.size) setTimeout(ask, Math.min(rest, 250));
}

export function forget(thing: Drawn): void {
  waiting.delete(thing);
}
