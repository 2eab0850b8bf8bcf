/** What was told before it was asked for: pictures and snapshots for long, what changes for a moment. */

/** Bytes: the slider can go back to so many snapshots while the kernel is busy. */
const MOST = 64 << 20;
/** Milliseconds within which what changes answers a question. */
const FRESH = 2000;
const LASTING = /\/(images|snapshots\/\d+)$/;

interface Told {
  bytes: ArrayBuffer;
  time: number;
}

export class Kept {
  /** A Map keeps its order: the first is the one that was told first. */
  private readonly told = new Map<string, Told>();
  private size = 0;

  put(address: string, bytes: ArrayBuffer): void {
    this.drop(address);
    this.told.set(address, { bytes, time: performance.now() });
    this.size += bytes.byteLength;
    for (const oldest of this.told.keys()) {
      if (this.size <= MOST) break;
      this.drop(oldest);
    }
  }

  find(address: string): ArrayBuffer | undefined {
    for (const [told, { bytes, time }] of this.told) {
      if (!LASTING.test(told) && performance.now() - time > FRESH) this.drop(told);
      else if (answers(told, address)) return bytes;
    }
    return undefined;
  }

  clear(): void {
    this.told.clear();
    this.size = 0;
  }

  private drop(address: string): void {
    this.size -= this.told.get(address)?.bytes.byteLength ?? 0;
    this.told.delete(address);
  }
}

/** Whether what was told at one address answers a question at another: more than was asked for does no harm. */
export function answers(told: string, asked: string): boolean {
  if (told === asked) return true;
  const [[place, after], [wanted, from]] = [told, asked].map((address) => address.split("/bands?after="));
  return after !== undefined && from !== undefined && place === wanted && Number(after) <= Number(from);
}
